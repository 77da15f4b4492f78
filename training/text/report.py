"""The shipped model and the held-out lines in, every figure of the model card out. Run once, at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from training.measures import Detection, Figure, auc, ece, paired
from training.parts import Part
from training.text import baselines
from training.text.corpora import Line
from training.text.folds import Fold, model_folder
from training.text.measure import choose_polarity, score_polarity, score_sarcasm
from training.text.protocols import Protocols, read_sarcasm
from training.text.recipe import Corpora

THIS = "**this model**"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Figures by name of the way they were got, the shipped model's last; its AUC less the frozen MiniLM's, paired, it
    told the turns before.

    `meld_fitted` is the same network fitted to MELD's own training lines, which the shipped one must not see.
    """

    sarcasm: dict[str, Detection]
    auc_over_frozen: Figure
    validation: Detection
    sarcasm_calibration_error: float
    sst2: dict[str, Figure]
    meld: dict[str, Figure]
    meld_fitted: Figure


def judge(protocols: Protocols, corpora: Corpora, fold: Fold, tokenizer: Tokenizer) -> Judgement:
    """Score the shipped model, which is that of `fold`, and what it must beat, on the same lines."""
    shipped = model_folder(Part.FRIENDS, "")
    friends, probability = protocols.friends()
    truth = np.array([line.sarcastic for line in friends], bool)
    pretrained, averaged = baselines.embed_pretrained(tokenizer), baselines.average_words(tokenizer)
    frozen = baselines.regress_sarcasm(fold.learnt, friends, pretrained)
    bilstm = baselines.train_bilstm(corpora, fold.learnt, fold.validation, tokenizer)
    regressed = baselines.regress_polarity(corpora.sentiment, averaged)
    ways = {
        "majority class": baselines.always(0.0, friends),
        "“Chandler is sarcastic” (shortcut, for comparison)": baselines.name_chandler(friends),
        "TF-IDF, logistic regression": baselines.count_words(fold.learnt, friends),
        "mean of word embeddings, logistic regression": baselines.regress_sarcasm(fold.learnt, friends, averaged),
        "Bi-LSTM on word embeddings": baselines.probability_of(bilstm(friends)),
        "frozen MiniLM, logistic regression": frozen,
        "this model, told the two turns before": probability,
        f"{THIS}, each line by itself, as live": read_sarcasm(shipped, [Line(line.text) for line in friends]),
    }

    def polarities(lines: list[Line], guess: NDArray[np.int64]) -> dict[str, Figure]:
        two_way = all(line.two_way for line in lines)
        guesses = {
            "majority class": baselines.most_common(lines),
            "VADER": baselines.ask_vader(lines),
            "mean of word embeddings, logistic regression": choose_polarity(regressed(lines), two_way),
            "Bi-LSTM on word embeddings": choose_polarity(bilstm(lines).sentiment, two_way),
            THIS: guess,
        }
        return {name: score_polarity(lines, way) for name, way in guesses.items()}

    return Judgement(
        sarcasm={name: score_sarcasm(friends, way) for name, way in ways.items()},
        auc_over_frozen=paired(lambda rows, score: auc(truth[rows], score[rows]), probability, frozen),
        validation=score_sarcasm(fold.validation, read_sarcasm(shipped, fold.validation)),
        sarcasm_calibration_error=ece(truth, probability),
        sst2=polarities(*protocols.sst2()),
        meld=polarities(*protocols.meld()),
        meld_fitted=score_polarity(*protocols.meld_fitted()),
    )

"""The shipped weights and the held-out lines in, every figure of the model card out. Run once, at the end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from training.measures import Detection, Figure, auc, bootstrap, ece
from training.text import baselines
from training.text.corpora import Line
from training.text.export import Temperatures, predict_onnx
from training.text.measure import (
    choose_polarity,
    logistic,
    score_polarity,
    score_sarcasm,
)
from training.text.recipe import Splits


@dataclass(frozen=True, slots=True)
class Judgement:
    """Figures by name of the way they were got, the shipped model's last; its AUC less the frozen MiniLM's, paired."""

    sarcasm: dict[str, Detection]
    auc_over_frozen: Figure
    validation: Detection
    sarcasm_calibration_error: float
    sst2: dict[str, Figure]
    meld: dict[str, Figure]


def judge(splits: Splits, tokenizer: Tokenizer, weights: Path, temperatures: Temperatures) -> Judgement:
    """Score the int8 model at `weights`, and what it must beat, on the same lines."""
    friends, truth = splits.friends, np.array([line.sarcastic for line in splits.friends], bool)

    def sarcasm(lines: list[Line]) -> np.typing.NDArray[np.float32]:
        return logistic(predict_onnx(weights, tokenizer, lines).sarcasm / temperatures.sarcasm)

    probability = sarcasm(friends)
    frozen = baselines.regress_pretrained(splits.dialogue, friends, tokenizer)
    ways = {
        "majority class": baselines.always(0.0, friends),
        "“Chandler is sarcastic” (shortcut, for comparison)": baselines.name_chandler(friends),
        "TF-IDF, logistic regression": baselines.count_words(splits.dialogue, friends),
        "frozen MiniLM, logistic regression": frozen,
        "this model without the turns before": sarcasm([Line(line.text) for line in friends]),
        "**this model**": probability,
    }
    return Judgement(
        sarcasm={name: score_sarcasm(friends, way) for name, way in ways.items()},
        auc_over_frozen=bootstrap(
            lambda rows: auc(truth[rows], probability[rows]) - auc(truth[rows], frozen[rows]), len(friends)
        ),
        validation=score_sarcasm(splits.dialogue_validation, sarcasm(splits.dialogue_validation)),
        sarcasm_calibration_error=ece(truth, probability),
        sst2=_polarities(splits.sst2_test, tokenizer, weights),
        meld=_polarities(splits.meld_test, tokenizer, weights),
    )


def _polarities(lines: list[Line], tokenizer: Tokenizer, weights: Path) -> dict[str, Figure]:
    two_way = all(line.two_way for line in lines)
    logits = predict_onnx(weights, tokenizer, lines).sentiment
    return {
        "majority class": score_polarity(lines, baselines.most_common(lines)),
        "VADER": score_polarity(lines, baselines.ask_vader(lines)),
        "**this model**": score_polarity(lines, choose_polarity(logits, two_way)),
    }

"""Clips in; what our embeddings give away of speaker and show, and what laughter and length are worth, out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from encoders.samples import NS_PER_S, Embedding, Modality
from training.evaluate.cases import Case, Cases, read_cases
from training.evaluate.judges import EVERYTHING, SUBSETS, end_of, name_subset, read_sarcasm
from training.evaluate.laughter import listen_on
from training.evaluate.material import Material
from training.evaluate.page import Findings, fill, fraction, percent, table
from training.evaluate.provenance import group, guess_by_file, kinds_of
from training.measures import Figure, auc, auc_matched, auc_within, bootstrap
from training.parts import Part
from training.text.corpora import normalise, read_mustard

FOLDS = 5
FEWEST_CLIPS = 10
"""Of a speaker or show that can be told apart."""
LIKE_LENGTH = 0.2
"""Two clips are of like length where the logarithms of their seconds of speech differ by less."""

Floats = NDArray[np.float64]


def run(material: Material) -> Findings:
    cases = read_cases(material)
    vectors = _gather(cases)
    told = {
        "speaker": {name: _identify(own, cases.persons) for name, own in vectors.items()},
        "show": {name: _identify(own, cases.parts) for name, own in vectors.items()},
    }
    kinds = kinds_of(cases)
    bars = _bars(cases, material) | {"kind of file alone, learnt within its part": guess_by_file(cases, kinds)}
    scores = bars | {name_subset(among): _score(cases, among) for among in SUBSETS}
    alike = group(cases, kinds)
    ranks = {name: _rank(cases, alike, score) for name, score in scores.items()}
    laughter = listen_on(cases, material.cache / "evaluate").measure(cases.truth)
    figures = {f"{what} from {name}": figure for what, own in told.items() for name, (figure, _) in own.items()}
    figures |= {f"{name}: {kind}": figure for name, own in ranks.items() for kind, figure in own.items()} | laughter
    section = fill(
        "shortcuts",
        fewest=FEWEST_CLIPS,
        identity=table(
            ("embeddings", "speaker, %", "show, %"),
            [
                ("majority", *(f"{100 * own['voice'][1]:.1f}" for own in told.values())),
                *((name, *(percent(own[name][0]) for own in told.values())) for name in vectors),
            ],
        ),
        like=LIKE_LENGTH,
        lengths=table(
            ("", *next(iter(ranks.values()))),
            [(name, *map(fraction, own.values())) for name, own in ranks.items()],
        ),
        laughter=table(("", "figure"), [(name, fraction(figure)) for name, figure in laughter.items()]),
    )
    return Findings(section, figures)


def _gather(cases: Cases) -> dict[str, Floats]:
    """A clip's embeddings, each modality's mean and spread over the clip; of text the last utterance's.

    All by one set of weights: models of different parts would tell the show by themselves.
    """
    judge = cases.judges[Part.FRIENDS]
    rows: dict[str, list[Floats]] = {modality.value: [] for modality in (Modality.TEXT, Modality.VOICE, Modality.FACE)}
    for case in track(cases.each, "embeddings"):
        embeddings = judge.embed(case.observation)
        text = [e.vector for e in embeddings[Modality.TEXT] if e.confidence > 0]
        rows["text"].append(np.asarray(text[-1] if text else np.zeros(judge.text.dim), np.float64))
        for modality in (Modality.VOICE, Modality.FACE):
            rows[modality.value].append(_summarise(embeddings[modality]))
    found = {name: np.array(each) for name, each in rows.items()}
    return found | {name_subset(EVERYTHING): np.concatenate(list(found.values()), axis=1)}


def _summarise(embeddings: list[Embedding]) -> Floats:
    dim = len(embeddings[0].vector) if embeddings else 0
    seen = np.array([e.vector for e in embeddings if e.confidence > 0]).reshape(-1, dim)
    return np.concatenate([seen.mean(axis=0), seen.std(axis=0)]) if len(seen) else np.zeros(2 * dim)


def _identify(vectors: Floats, names: NDArray[np.str_]) -> tuple[Figure, float]:
    """Accuracy of logistic regression on clips it did not see, and that of the most common name; nan where fewer than
    two names have clips enough.
    """
    kinds, counts = np.unique(names, return_counts=True)
    enough = counts >= FEWEST_CLIPS
    if enough.sum() < 2:
        return Figure(np.nan, np.nan, np.nan), float("nan")
    kept = np.isin(names, kinds[enough])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    right = cross_val_predict(model, vectors[kept], names[kept], cv=folds) == names[kept]
    return bootstrap(lambda rows: float(right[rows].mean()), len(right)), float(counts.max() / kept.sum())


def _score(cases: Cases, among: frozenset[Modality]) -> Floats:
    scores = (case.judge.score(case.embeddings, end_of(case.observation), among) for case in cases.each)
    return np.array([read_sarcasm(each) for each in scores])


def _rank(cases: Cases, alike: NDArray[np.str_], score: Floats) -> dict[str, Figure]:
    """AUC overall, within speakers, among these of like length, and within files of one kind, `alike` [clips]."""
    truth, persons, sizes = cases.truth, cases.persons, np.log([_seconds(case) for case in cases.each])
    count = len(truth)
    return {
        "AUC": bootstrap(lambda i: auc(truth[i], score[i]), count),
        "AUC within speakers": bootstrap(lambda i: auc_within(truth[i], score[i], persons[i]), count),
        "AUC within speakers, like length": bootstrap(
            lambda i: auc_matched(truth[i], score[i], persons[i], sizes[i], LIKE_LENGTH), count
        ),
        "AUC within one kind of file": bootstrap(lambda i: auc_within(truth[i], score[i], alike[i]), count),
    }


def _bars(cases: Cases, material: Material) -> dict[str, Floats]:
    """What no model should be praised for."""
    return {
        "seconds of speech alone": np.array([_seconds(case) for case in cases.each]),
        "number of words alone": np.array([float(_count_words(case)) for case in cases.each]),
        "how often the speaker is sarcastic elsewhere in MUStARD": _prior(cases, material),
    }


def _seconds(case: Case) -> float:
    return (case.observation.speech_end_ns - case.observation.speech_start_ns) / NS_PER_S


def _count_words(case: Case) -> int:
    return sum(len(told.words) for _, told in case.observation.transcripts if told.final)


def _prior(cases: Cases, material: Material) -> Floats:
    """Of the speaker's lines in MUStARD that are none of the clips, the share that is sarcastic; one half where there
    are none. The clips' own lines would tell by their absence.
    """
    own = {normalise(case.clip.text) for case in cases.each}
    lines = [line for line in read_mustard(material.data / "text") if normalise(line.text) not in own]
    found = []
    for case in cases.each:
        clip = case.clip
        said = [float(bool(line.sarcastic)) for line in lines if (line.show, line.speaker) == (clip.show, clip.speaker)]
        found.append(float(np.mean(said)) if said else 0.5)
    return np.array(found)

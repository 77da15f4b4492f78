"""Rows of clips in; held-out answers at the end of each clip, and the figures of several kinds of head, out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from encoders.head import ACTIVATION, SARCASM, SENTIMENT
from encoders.samples import Modality
from training.delivery.heads import MEMBERS, Recipe, score_rows, train_head
from training.delivery.lines import split_clips
from training.delivery.rows import Rows
from training.measures import Figure, auc, auc_within, bootstrap, brier, concordance, ece, paired, pearson

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Held-out answers [clips, 3] at the end of each clip that somebody labelled, beside the truth."""

    answers: Floats
    sarcasm: NDArray[np.bool_]
    valence: Floats
    arousal: Floats
    speakers: NDArray[np.str_]

    @property
    def probability(self) -> Floats:
        return np.asarray(1.0 / (1.0 + np.exp(-self.answers[:, SARCASM])))


BASELINE, SHIPPED, NETWORKS = "named statistics, the literature's signs", "shipped", "with networks"


def kinds(recipe: Recipe) -> dict[str, Recipe]:
    """The heads that are compared: the baseline, what ships, and what does not."""
    baseline = replace(recipe, line=(), signed=True)
    return {BASELINE: baseline, SHIPPED: recipe, NETWORKS: replace(recipe, networks=MEMBERS)}


def answer_held_out(rows: Rows, parts: NDArray[np.str_], shows: NDArray[np.str_], recipe: Recipe) -> Outcome:
    """Every part's clips (`parts` [rows]; empty where a clip only trains) by a head that saw nothing of what `shows`
    [rows] count to the part.
    """
    answers = np.zeros((len(rows), 3))
    for part in np.unique(parts[parts != ""]):
        out = parts == part
        answers[out] = score_rows(train_head(rows.where(shows != part), recipe), rows.where(out))
    tested = rows.last & (parts != "") & np.isfinite(rows.sarcasm)
    return Outcome(
        answers[tested],
        rows.sarcasm[tested] == 1.0,
        rows.valence[tested],
        rows.arousal[tested],
        rows.speaker[tested],
    )


def assign_parts(rows: Rows, part_by_key: Mapping[str, str]) -> NDArray[np.str_]:
    """The part that holds each row out, from its clip's key; five folds of people where none has one."""
    parts = np.array([part_by_key.get(key, "") for key in rows.key.tolist()])
    return parts if (parts != "").any() else split_clips(rows.person, rows.key).astype(np.str_)


@dataclass(frozen=True, slots=True)
class Measure:
    """A named figure of an outcome, over its clips [rows drawn]; `floor` is what knowing nothing would score."""

    name: str
    value: Callable[[Outcome, NDArray[np.intp]], float]
    floor: float


def measures(modality: Modality) -> tuple[Measure, ...]:
    """What a modality's head is judged by."""
    strength = "arousal" if modality is Modality.VOICE else "arousal, by expressiveness"
    return (
        Measure("AUC", lambda o, i: auc(o.sarcasm[i], o.answers[i, SARCASM]), 0.5),
        Measure("AUC within a speaker", _within, 0.5),
        Measure("Brier", lambda o, i: brier(o.sarcasm[i], o.probability[i]), 0.25),
        Measure("calibration error (ECE)", lambda o, i: ece(o.sarcasm[i], o.probability[i]), 0.0),
        Measure(
            "valence of sincere clips, Pearson r", lambda o, i: _rate(pearson, o, i[~o.sarcasm[i]], SENTIMENT), 0.0
        ),
        Measure("valence of sincere clips, CCC", lambda o, i: _rate(concordance, o, i[~o.sarcasm[i]], SENTIMENT), 0.0),
        Measure(f"{strength}, Pearson r", lambda o, i: _rate(pearson, o, i, ACTIVATION), 0.0),
        Measure(f"{strength}, CCC", lambda o, i: _rate(concordance, o, i, ACTIVATION), 0.0),
    )


def judge(outcome: Outcome, measure: Measure) -> Figure:
    return bootstrap(lambda drawn: measure.value(outcome, drawn), len(outcome.sarcasm))


def compare_within(first: Outcome, second: Outcome) -> Figure:
    """By how much the first ranks clips of a speaker better than the second, on the same clips."""
    return paired(
        lambda drawn, score: auc_within(first.sarcasm[drawn], score[drawn], first.speakers[drawn]),
        first.answers[:, SARCASM],
        second.answers[:, SARCASM],
    )


def _within(outcome: Outcome, drawn: NDArray[np.intp]) -> float:
    return auc_within(outcome.sarcasm[drawn], outcome.answers[drawn, SARCASM], outcome.speakers[drawn])


def _rate(measure: Callable[[Floats, Floats], float], outcome: Outcome, drawn: NDArray[np.intp], output: int) -> float:
    truth = outcome.valence if output == SENTIMENT else outcome.arousal
    drawn = drawn[np.isfinite(truth[drawn])]
    if len(drawn) < 2:
        return float("nan")
    return measure(truth[drawn], np.clip(outcome.answers[drawn, output], -1.0, 1.0))

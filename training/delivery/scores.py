"""Courses of statistics in, out-of-fold readings at the end of each clip and their figures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.head import LinearHead, Statistic
from encoders.samples import Modality, Reading
from training.delivery.card import Row
from training.delivery.clips import Label
from training.delivery.features import Course
from training.delivery.heads import Rows, train_head
from training.measures import auc, auc_within, bootstrap, brier, ece, pearson

ROW_SPACING_S = 0.5


def gather_rows(courses: Mapping[str, Course], labels: Mapping[str, Label]) -> Rows:
    """A row each half second of every clip and one at its end, together weighing one clip."""
    values, weight, owners = [], [], []
    for key, course in courses.items():
        if not len(course.time_s):
            continue
        moments = np.arange(course.time_s[-1], course.time_s[0] - 1e-9, -ROW_SPACING_S)
        picked = np.unique(np.searchsorted(course.time_s, moments - 1e-9))
        values.append(course.values[picked])
        weight.append(np.full(len(picked), 1.0 / len(picked)))
        owners += [labels[key]] * len(picked)
    return Rows(
        np.concatenate(values),
        np.concatenate(weight),
        np.array([label.sarcasm for label in owners]),
        np.array([np.nan if label.valence is None else label.valence for label in owners]),
        np.array([f"{label.show} {label.speaker}" for label in owners]),
        np.array([label.show for label in owners]),
    )


def read_held_out(
    courses: Mapping[str, Course],
    labels: Mapping[str, Label],
    modality: Modality,
    statistics: Sequence[Statistic],
    *,
    signed: bool = True,
) -> dict[str, Reading]:
    """Each clip's reading at its end by a head that was trained on the other shows; clips without a course are left
    out.
    """
    rows = gather_rows(courses, labels)
    readings = {}
    for show in np.unique(rows.show):
        head = train_head(rows.where(rows.show != show), modality, statistics, signed=signed)
        for key, course in courses.items():
            if labels[key].show == show and len(course.time_s):
                readings[key] = head.read(course.values[-1])
    return readings


def train_final(
    courses: Mapping[str, Course], labels: Mapping[str, Label], modality: Modality, statistics: Sequence[Statistic]
) -> LinearHead:
    return train_head(gather_rows(courses, labels), modality, statistics)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Out-of-fold answers beside the truth, one entry per clip."""

    truth: NDArray[np.bool_]
    probability: NDArray[np.float64]
    speakers: NDArray[np.str_]
    valence: NDArray[np.float64]
    sentiment: NDArray[np.float64]


def join_truth(readings: Mapping[str, Reading], labels: Mapping[str, Label]) -> Outcome:
    keys = sorted(readings)
    valence = [labels[key].valence for key in keys]
    return Outcome(
        np.array([labels[key].sarcasm for key in keys]),
        np.array([readings[key].sarcasm for key in keys]),
        np.array([f"{labels[key].show} {labels[key].speaker}" for key in keys]),
        np.array([np.nan if rating is None else rating for rating in valence]),
        np.array([readings[key].sentiment for key in keys]),
    )


def score(outcome: Outcome) -> list[Row]:
    """AUC, within-speaker AUC, Brier, ECE of sarcasm and Pearson's r of valence."""
    truth, probability, n = outcome.truth, outcome.probability, len(outcome.truth)
    base = float(truth.mean())
    rated = np.isfinite(outcome.valence)
    sincere = rated & ~truth
    valence, sentiment = outcome.valence, outcome.sentiment
    within = bootstrap(lambda i: auc_within(truth[i], probability[i], outcome.speakers[i]), n)
    return [
        Row("AUC", bootstrap(lambda i: auc(truth[i], probability[i]), n), 0.5, n),
        Row("AUC within a speaker", within, 0.5, n),
        Row("Brier", bootstrap(lambda i: brier(truth[i], probability[i]), n), base * (1.0 - base), n),
        Row("calibration error (ECE)", bootstrap(lambda i: ece(truth[i], probability[i]), n), 0.0, n),
        _correlate("valence of sincere clips, Pearson r", valence[sincere], sentiment[sincere]),
        _correlate("valence of all clips, Pearson r", valence[rated], sentiment[rated]),
    ]


def _correlate(name: str, valence: NDArray[np.float64], sentiment: NDArray[np.float64]) -> Row:
    return Row(name, bootstrap(lambda i: pearson(valence[i], sentiment[i]), len(valence)), 0.0, len(valence))

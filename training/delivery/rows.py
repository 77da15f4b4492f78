"""Observed clips in; rows of what a head sees at many moments, with what it should say, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from encoders.recent import Recent
from encoders.samples import NS_PER_S, Modality
from training.clips.corpora import Clip
from training.clips.embeddings import push_row
from training.clips.observation import Course, Observation

ROW_SPACING_S = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a head sees at many moments: `statistics` [rows, k], recent `vectors` [rows, steps, dim] and the steps
    `known` [rows, steps]. A clip's rows weigh one clip together.

    `sarcasm` is 1, 0 or NaN where unknown, `valence` and `arousal` are in [-1, 1], NaN where unrated. Speakers whom
    nobody named count as one `speaker`; a `person` is never in two folds, and a stranger is a person of their own.
    """

    statistics: Floats
    vectors: NDArray[np.float32]
    known: NDArray[np.bool_]
    weight: Floats
    sarcasm: Floats
    valence: Floats
    arousal: Floats
    key: NDArray[np.str_]
    speaker: NDArray[np.str_]
    person: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.weight)

    def where(self, chosen: NDArray[np.bool_]) -> Rows:
        return Rows(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def last(self) -> NDArray[np.bool_]:
        """The last row of each clip [rows]."""
        return np.append(self.key[1:] != self.key[:-1], True)


def gather_rows(clips: Sequence[Clip], observations: Mapping[str, Observation], modality: Modality) -> Rows:
    """A row each half second of every clip, counted back from its end. Clips that never had statistics have none."""
    gathered = [(clip, *_look_back(_course(observations[clip.key], modality), modality)) for clip in clips]
    gathered = [each for each in gathered if len(each[1])]
    if not gathered:
        raise ValueError(f"no clip has a {modality.value} for as long as a second")
    owners = [clip for clip, statistics, *_ in gathered for _ in statistics]
    return Rows(
        np.concatenate([statistics for _, statistics, *_ in gathered]),
        np.concatenate([vectors for *_, vectors, _ in gathered]),
        np.concatenate([known for *_, known in gathered]),
        np.concatenate([np.full(len(statistics), 1.0 / len(statistics)) for _, statistics, *_ in gathered]),
        np.array([_number(clip.sarcasm) for clip in owners]),
        np.array([_number(clip.valence) for clip in owners]),
        np.array([_number(clip.arousal) for clip in owners]),
        np.array([clip.key for clip in owners]),
        np.array([f"{clip.show} {clip.speaker}" for clip in owners]),
        np.array([clip.person for clip in owners]),
    )


def _course(observation: Observation, modality: Modality) -> Course:
    return observation.voice if modality is Modality.VOICE else observation.face


def _look_back(course: Course, modality: Modality) -> tuple[Floats, NDArray[np.float32], NDArray[np.bool_]]:
    """Statistics, recent vectors and known steps at the moments chosen of one clip."""
    told = np.flatnonzero(course.told)
    recent = Recent(course.vectors.shape[1])
    vectors, known, chosen = [], [], set[int]()
    if len(told):
        time_s = course.intervals_ns[told, 1] / NS_PER_S
        moments = np.arange(time_s[-1], time_s[0] - 1e-9, -ROW_SPACING_S)
        chosen = set(told[np.searchsorted(time_s, moments - 1e-6)].tolist())
    for row in range(len(course.confidence)):
        push_row(recent, course, row, modality)
        if row in chosen:
            vectors.append(recent.vectors.copy())
            known.append(recent.known.copy())
    shape = (len(vectors), *recent.vectors.shape)
    statistics = course.statistics[sorted(chosen)]
    return statistics, np.array(vectors, np.float32).reshape(shape), np.array(known, np.bool_).reshape(shape[:2])


def _number(label: float | bool | None) -> float:
    return float("nan") if label is None else float(label)

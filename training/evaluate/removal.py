"""Clips in; how much their figures suffer when any one cue tells nothing, out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from encoders.face import FACE_DIMS
from encoders.face_statistics import FACE_STATISTICS
from encoders.prosody import VOICE_DIMS
from encoders.samples import Modality
from encoders.voice_statistics import VOICE_STATISTICS
from training.clips.observation import Course, Observation
from training.evaluate.cases import Cases
from training.evaluate.judges import EVERYTHING, end_of, read_sarcasm
from training.measures import Figure, auc, paired

CUES = {
    "pitch": (Modality.VOICE, r"pitch"),
    "loudness": (Modality.VOICE, r"loudness"),
    "tempo and pauses": (Modality.VOICE, r"tempo|vowel_length|pause|syllable"),
    "voice quality": (Modality.VOICE, r"tilt|clarity|flux|voicing"),
    "timbre": (Modality.VOICE, r"sound_"),
    "smile and frown": (Modality.FACE, r"(mouth)?(smile|frown)"),
    "brows": (Modality.FACE, r"brow"),
    "eyes": (Modality.FACE, r"squint|lids|eye(?!look)"),
    "gaze": (Modality.FACE, r"gaze|eyelook"),
    "lips and jaw": (Modality.FACE, r"lip|press|jaw|one_sided|mouth(?!smile|frown)"),
    "head": (Modality.FACE, r"head|yaw|pitch|roll"),
    "expressivity": (Modality.FACE, r"expressivity"),
}
"""Each cue's modality, and what the names of its statistics and of its vectors' columns begin with."""
_NAMES = {
    Modality.VOICE: ([each.name for each in VOICE_STATISTICS], VOICE_DIMS),
    Modality.FACE: ([each.name for each in FACE_STATISTICS], FACE_DIMS),
}
MOST_LOSS = 0.05
"""Of AUC, for any one cue: more, and the whole hangs on it."""


@dataclass(frozen=True, slots=True)
class Removed:
    """AUC less that with everything, on the same resampled clips, and how far P(sarcasm) moved in each clip."""

    cue: str
    loss: Figure
    moved: NDArray[np.float64]

    @property
    def graceful(self) -> bool:
        return self.loss.value >= -MOST_LOSS


def remove_each(cases: Cases) -> list[Removed]:
    """Every cue put to what it is on average, in turn; then every modality taken away."""
    whole = _score(cases, [case.observation for case in cases.each])
    told = {cue: _silence(cases, modality, pattern) for cue, (modality, pattern) in CUES.items()}
    scores = {cue: _score(cases, observations) for cue, observations in told.items() if observations}
    for modality in Modality:
        observations = [case.observation for case in cases.each]
        scores[f"all of {modality.value}"] = _score(cases, observations, EVERYTHING - {modality})
    truth = cases.truth
    return [
        Removed(cue, paired(lambda rows, p: auc(truth[rows], p[rows]), score, whole), score - whole)
        for cue, score in scores.items()
    ]


def neutralise(course: Course, statistics: Sequence[int], columns: Sequence[int], level: Course) -> Course:
    """The course with some statistics and columns at the mean of those of `level`, where they are known."""
    values, vectors = course.statistics.copy(), course.vectors.copy()
    seen = level.confidence > 0
    for at in statistics:
        values[course.told, at] = level.statistics[level.told, at].mean()
    for at in columns:
        vectors[course.confidence > 0, at] = level.vectors[seen, at].mean()
    return replace(course, statistics=values, vectors=vectors)


def find_columns(modality: Modality, pattern: str) -> tuple[list[int], list[int]]:
    """The statistics and the columns of the vector that a cue goes by."""
    wanted = re.compile(pattern, re.IGNORECASE)
    statistics, dims = _NAMES[modality]
    return [i for i, name in enumerate(statistics) if wanted.match(name)], [
        i for i, name in enumerate(dims) if wanted.match(name)
    ]


def _silence(cases: Cases, modality: Modality, pattern: str) -> list[Observation]:
    """All observations without a cue; none where the encoders know no such cue."""
    statistics, columns = find_columns(modality, pattern)
    if not statistics and not columns:
        return []
    observations = [case.observation for case in cases.each]
    if modality is Modality.VOICE:
        level = _join([each.voice for each in observations])
        return [replace(each, voice=neutralise(each.voice, statistics, columns, level)) for each in observations]
    level = _join([each.face for each in observations])
    return [replace(each, face=neutralise(each.face, statistics, columns, level)) for each in observations]


def _join(courses: Sequence[Course]) -> Course:
    return Course(
        np.concatenate([each.intervals_ns for each in courses]),
        np.concatenate([each.vectors for each in courses]),
        np.concatenate([each.confidence for each in courses]),
        np.concatenate([each.statistics for each in courses]),
    )


def _score(
    cases: Cases, observations: Sequence[Observation], among: frozenset[Modality] = EVERYTHING
) -> NDArray[np.float64]:
    found = []
    for case, observation in zip(cases.each, observations, strict=True):
        found.append(read_sarcasm(case.judge.score(case.judge.embed(observation), end_of(observation), among)))
    return np.array(found)

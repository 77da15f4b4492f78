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
from training.clips.embeddings import embed_course
from training.clips.observation import Course
from training.evaluate.cases import Cases
from training.evaluate.judges import EVERYTHING, Embeddings, end_of, read_sarcasm
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
    plain = [case.embeddings for case in cases.each]
    whole = _score(cases, plain)
    told = {cue: _silence(cases, modality, pattern) for cue, (modality, pattern) in CUES.items()}
    scores = {cue: _score(cases, embeddings) for cue, embeddings in told.items() if embeddings}
    for modality in Modality:
        scores[f"all of {modality.value}"] = _score(cases, plain, EVERYTHING - {modality})
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


def _silence(cases: Cases, modality: Modality, pattern: str) -> list[Embeddings]:
    """Embeddings of all clips without a cue; none where the encoders know no such cue."""
    statistics, columns = find_columns(modality, pattern)
    if not statistics and not columns:
        return []
    courses = [case.observation.voice if modality is Modality.VOICE else case.observation.face for case in cases.each]
    level = _join(courses)
    found: list[Embeddings] = []
    for case, course in zip(cases.each, courses, strict=True):
        head = case.judge.voice if modality is Modality.VOICE else case.judge.face
        told = embed_course(neutralise(course, statistics, columns, level), modality, head)
        found.append({**case.embeddings, modality: told})
    return found


def _join(courses: Sequence[Course]) -> Course:
    return Course(
        np.concatenate([each.intervals_ns for each in courses]),
        np.concatenate([each.vectors for each in courses]),
        np.concatenate([each.confidence for each in courses]),
        np.concatenate([each.statistics for each in courses]),
    )


def _score(
    cases: Cases, embeddings: Sequence[Embeddings], among: frozenset[Modality] = EVERYTHING
) -> NDArray[np.float64]:
    return np.array(
        [
            read_sarcasm(case.judge.score(each, end_of(case.observation), among))
            for case, each in zip(cases.each, embeddings, strict=True)
        ]
    )

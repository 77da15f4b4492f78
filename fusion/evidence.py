"""A window of embeddings in, evidence out: the fixed tensors that every f() reads, live and in training alike.

Evidence speaks of one stretch: the most present utterance, from a breath before it to the window's end, with the voice
and the face that go with it on one grid of 100 ms. Without words it is the last six seconds. Whatever an encoder's own
rate, a step holds the mean of what overlaps it; so the same embeddings give the same evidence, in whatever order they
came.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.samples import NS_PER_S, Embedding, Modality, Reading, WordEmbeddings
from fusion.estimate import Window

ORDER = (Modality.TEXT, Modality.VOICE, Modality.FACE)
"""The rows of `Evidence.readings` and `Evidence.presence`."""
WORDS = 32
"""Of a longer utterance the last ones."""
WORD_MARKS = ("start_s", "end_s", "pause_s", "sentiment", "log_odds")
STEPS = 80
STEP_NS = 100_000_000
LEAD_NS = 500_000_000
WORDLESS_NS = 6 * NS_PER_S
LEAST_PRESENCE = 0.05

_LONGEST_PAUSE_S = 2.0
_LEAST_ODDS = 1e-4

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Dims:
    """How wide the vectors of each encoder are; 0 for vectors that an f() does not read."""

    text: int = 0
    voice: int = 0
    face: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """One stretch. All arrays are float32; what is missing is 0 and masked.

    `word_marks` holds WORD_MARKS of each word: its times relative to the window's end (at most about 0), the pause
    before it, and what the text head makes of it. `readings` holds in each row, by ORDER, the head's log odds of
    sarcasm, its sentiment and its activation. `presence` in [0, 1] is 0 where a modality is missing: whatever else is
    told of it then, no f() reads it.
    """

    words: Floats  # [WORDS, dims.text]
    word_marks: Floats  # [WORDS, len(WORD_MARKS)]
    word_mask: Floats  # [WORDS]
    voice: Floats  # [STEPS, dims.voice]; the last step ends with the window
    voice_mask: Floats  # [STEPS]
    face: Floats  # [STEPS, dims.face]
    face_mask: Floats  # [STEPS]
    readings: Floats  # [3, 3]
    presence: Floats  # [3]

    def without(self, *modalities: Modality) -> Evidence:
        """The same with some modalities missing."""
        stays = np.array([modality not in modalities for modality in ORDER], np.float32)
        return self.retold(self.readings * stays[:, None], self.presence * stays)

    def retold(self, readings: Floats, presence: Floats | None = None) -> Evidence:
        """The same with other readings, and another presence: eight of each that is asked about."""
        return Evidence(
            self.words,
            self.word_marks,
            self.word_mask,
            self.voice,
            self.voice_mask,
            self.face,
            self.face_mask,
            readings,
            self.presence if presence is None else presence,
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """The embedding that speaks for a modality, what its head makes of it, and how present it is, in (0, 1]."""

    embedding: Embedding
    reading: Reading
    presence: float


def hear(window: Window, half_life_s: float) -> dict[Modality, Heard]:
    """Of each modality the embedding that is most present, the newest of equals; missing where none is.

    Presence is an embedding's confidence, halved every `half_life_s` of its age: what was clearly said a moment ago
    outweighs the breath after it. All grow old alike, so which embedding is chosen changes only when a new one comes.
    """
    found = {m: _most_present(each, window.interval.end_ns, half_life_s) for m, each in window.embeddings.items()}
    return {modality: heard for modality, heard in found.items() if heard is not None}


def gather(window: Window, heard: Mapping[Modality, Heard], dims: Dims) -> Evidence:
    """The evidence of a window, of what was heard in it. Raises ValueError for vectors of other than `dims`."""
    end_ns = window.interval.end_ns
    text = heard.get(Modality.TEXT)
    start_ns = end_ns - WORDLESS_NS if text is None else text.embedding.interval.start_ns - LEAD_NS
    words, word_marks, word_mask = _lay_out(None if text is None else text.embedding.words, end_ns, dims.text)
    voice, voice_mask = _pool(_told(window, heard, Modality.VOICE), start_ns, end_ns, dims.voice)
    face, face_mask = _pool(_told(window, heard, Modality.FACE), start_ns, end_ns, dims.face)
    readings = [_numbers(heard[modality].reading) if modality in heard else (0.0, 0.0, 0.0) for modality in ORDER]
    presence = [heard[modality].presence if modality in heard else 0.0 for modality in ORDER]
    return Evidence(
        words,
        word_marks,
        word_mask,
        voice,
        voice_mask,
        face,
        face_mask,
        np.array(readings, np.float32),
        np.array(presence, np.float32),
    )


def check_known(modalities: Iterable[Modality]) -> None:
    """Refuse weights for a modality that evidence does not hold. Raises ValueError."""
    if unknown := sorted(set(modalities) - set(ORDER)):
        raise ValueError(f"f() knows nothing of {', '.join(unknown)}")


def log_odds(probability: float) -> float:
    """Bounded, so that no head is ever certain."""
    bounded = min(max(probability, _LEAST_ODDS), 1 - _LEAST_ODDS)
    return math.log(bounded / (1 - bounded))


def _most_present(embeddings: Sequence[Embedding], end_ns: int, half_life_s: float) -> Heard | None:
    best: Heard | None = None
    for embedding in reversed(embeddings):
        age_s = max(0, end_ns - embedding.interval.end_ns) / NS_PER_S
        most = 0.5 ** (age_s / half_life_s)
        if most < LEAST_PRESENCE or (best is not None and most <= best.presence):
            break  # those before are older still
        presence = embedding.confidence * most
        if presence < LEAST_PRESENCE or (best is not None and presence <= best.presence):
            continue
        reading = embedding.reading
        if reading is not None and _can_be_used(embedding, reading):  # one broken head must not silence the others
            best = Heard(embedding, reading, presence)
    return best


def _can_be_used(embedding: Embedding, reading: Reading) -> bool:
    told = [number for number in (reading.sarcasm, reading.sentiment) if number is not None]
    tells_enough = len(told) == 2 or embedding.modality not in ORDER  # a plug-in's head need not tell anything
    return tells_enough and math.isfinite(sum(told) + embedding.confidence)


def _told(window: Window, heard: Mapping[Modality, Heard], modality: Modality) -> Sequence[Embedding]:
    """All that a modality told, unless it is missing as a whole."""
    return window.embeddings[modality] if modality in heard else ()


def _numbers(reading: Reading) -> tuple[float, float, float]:
    odds = 0.0 if reading.sarcasm is None else log_odds(reading.sarcasm)
    activation = reading.activation
    known = activation is not None and math.isfinite(activation)
    return odds, reading.sentiment or 0.0, activation if known and activation is not None else 0.0


def _lay_out(spoken: WordEmbeddings | None, end_ns: int, dim: int) -> tuple[Floats, Floats, Floats]:
    """The last words of an utterance: vectors, marks and mask, from row 0 on."""
    words = np.zeros((WORDS, dim), np.float32)
    marks = np.zeros((WORDS, len(WORD_MARKS)), np.float32)
    mask = np.zeros(WORDS, np.float32)
    if spoken is None or not len(spoken.intervals_ns):
        return words, marks, mask
    odds = np.clip(spoken.sarcasms.astype(np.float64), _LEAST_ODDS, 1 - _LEAST_ODDS)
    every = np.zeros((len(odds), len(WORD_MARKS)))
    every[:, :2] = (spoken.intervals_ns - end_ns) / NS_PER_S
    every[1:, 2] = np.clip(every[1:, 0] - every[:-1, 1], 0.0, _LONGEST_PAUSE_S)
    every[:, 3] = spoken.sentiments
    every[:, 4] = np.log(odds / (1 - odds))
    count = min(len(every), WORDS)
    if dim:
        words[:count] = _finite(_checked(spoken.vectors, dim)[-WORDS:])
    marks[:count] = _finite(every[-WORDS:])
    mask[:count] = 1.0
    return words, marks, mask


def _pool(embeddings: Sequence[Embedding], start_ns: int, end_ns: int, dim: int) -> tuple[Floats, Floats]:
    """The mean vector of each step and how much of the step it covers; steps before `start_ns` are masked."""
    mean, covered = np.zeros((STEPS, dim), np.float32), np.zeros(STEPS, np.float32)
    since = bisect.bisect_right(embeddings, start_ns, key=_end_ns)
    seen = [e for e in embeddings[since:] if e.confidence > 0] if dim else []
    steps = min(STEPS, -((start_ns - end_ns) // STEP_NS))  # those that nothing before `start_ns` is left of
    if not seen or steps <= 0:
        return mean, covered
    edges_ns = end_ns + STEP_NS * np.arange(-steps, 1)
    starts_ns = np.array([max(e.interval.start_ns, start_ns) for e in seen])
    ends_ns = np.array([e.interval.end_ns for e in seen])
    overlaps_ns = np.minimum(edges_ns[1:, None], ends_ns) - np.maximum(edges_ns[:-1, None], starts_ns)
    share = np.maximum(overlaps_ns, 0) / STEP_NS
    vectors = _finite(_checked(np.array([e.vector for e in seen]), dim)).astype(np.float64)
    whole = share.sum(axis=1)
    mean[-steps:] = share @ vectors / np.maximum(whole, 1e-9)[:, None]
    covered[-steps:] = np.minimum(whole, 1.0)
    return mean, covered


def _end_ns(embedding: Embedding) -> int:
    return embedding.interval.end_ns


def _finite(numbers: NDArray[Any]) -> NDArray[Any]:
    """The numbers, 0 where one is none, and the largest there is where one is infinite."""
    return numbers if np.isfinite(numbers).all() else np.nan_to_num(numbers)


def _checked(vectors: Floats, dim: int) -> Floats:
    if vectors.ndim != 2 or vectors.shape[1] != dim:
        raise ValueError(f"fusion was trained for vectors of {dim} numbers, got {list(vectors.shape[1:])}")
    return vectors

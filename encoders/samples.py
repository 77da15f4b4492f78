"""The values that flow: stamped samples in, embeddings out. Every floor above speaks in these.

All times are nanoseconds on the session axis: 0 is the session's origin (for a recording, its first sample).
A sample is stamped once, at capture; everything derived from it carries the stretch of that axis it speaks of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

NS_PER_S = 1_000_000_000


class Modality(StrEnum):
    """A way a person expresses themselves, as far as we observe it: the three built in, and whatever a plug-in adds.

    An open set: Modality("heart") is one too, equal to every other of its name. Iterating gives the three. Raises
    ValueError for what is no name: a letter, then at most 31 letters, digits and underscores, all of them small.
    """

    FACE = "face"
    VOICE = "voice"
    TEXT = "text"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str) or not re.fullmatch("[a-z][a-z0-9_]{0,31}", value, re.ASCII):
            return None
        added = str.__new__(cls, value)
        added._name_, added._value_ = value.upper(), value
        return added

    def __reduce_ex__(self, protocol: object, /) -> tuple[type[Self], tuple[str]]:
        return type(self), (self._value_,)  # Python before 3.11.4 looks the name up, which is not a member's


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Half-open stretch [start_ns, end_ns) of the session axis. Raises ValueError when reversed."""

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns < self.start_ns:
            raise ValueError(f"interval ends ({self.end_ns}) before it starts ({self.start_ns})")

    @property
    def duration_ns(self) -> int:
        return self.end_ns - self.start_ns

    def overlaps(self, other: Interval) -> bool:
        return self.start_ns < other.end_ns and other.start_ns < self.end_ns


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One picture. `rgb` is uint8 [height, width, 3]; `pts_ns` is the moment it was grabbed."""

    seq: int
    pts_ns: int
    rgb: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Consecutive samples of one channel. `pcm` is float32 [n] in [-1, 1]; `pts_ns` is its first sample."""

    seq: int
    pts_ns: int
    sample_rate_hz: int
    pcm: NDArray[np.float32]

    @property
    def interval(self) -> Interval:
        return Interval(self.pts_ns, self.pts_ns + len(self.pcm) * NS_PER_S // self.sample_rate_hz)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a plug-in's sensor told. `values` is float64, of whatever shape and units its encoder expects; `pts_ns` is
    when the last of them was measured.
    """

    seq: int
    pts_ns: int
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Word:
    """A spoken word. `timing` says whether its interval was measured by the recognizer or estimated by us."""

    text: str
    interval: Interval
    probability: float
    timing: Literal["measured", "estimated"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """The committed word number `index` is contradicted by a later look; `heard` is empty where no word is left."""

    index: int
    committed: str
    heard: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """One revision of an utterance. `committed` only ever grows, `tentative` may still change; `final` is the last.

    `forced` marks a final transcript whose utterance was cut for its length: its speaker had not paused.
    """

    utterance_id: int
    revision: int
    interval: Interval
    committed: tuple[Word, ...]
    tentative: tuple[Word, ...]
    final: bool
    forced: bool = False
    conflicts: tuple[Conflict, ...] = ()

    @property
    def words(self) -> tuple[Word, ...]:
        return self.committed + self.tentative

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Cue:
    """A named reason. `value` is the feature in standard deviations from this person's own baseline (or from the
    training mean where there is no baseline), for a word how far it moves the sentiment; `effect` is how far it moved
    the head's sarcasm probability.
    """

    name: str
    modality: Modality
    value: float
    effect: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What one encoder's own head makes of the recent past: P(sarcasm) in [0, 1], sentiment in [-1, 1].

    `activation` in [-1, 1] is how strongly it is said, whatever is said: the voice's arousal, the face's
    expressiveness. None where the head does not tell; those of face, voice and text always tell the first two.
    """

    sarcasm: float | None = None
    sentiment: float | None = None
    cues: tuple[Cue, ...] = ()
    activation: float | None = None


@dataclass(frozen=True, slots=True)
class WordEmbeddings:
    """An utterance word by word: `intervals_ns` int64 [words, 2] (start, end), `vectors` float32 [words, dim], and
    what the text head makes of each word in the light of the others: `sentiments` float32 [words] in [-1, 1] and
    `sarcasms` float32 [words], probabilities.
    """

    intervals_ns: NDArray[np.int64]
    vectors: NDArray[np.float32]
    sentiments: NDArray[np.float32]
    sarcasms: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Outline:
    """The lines that draw a face, for eyes alone: `points` float32 [n, 2] (x right, y down, both in widths of the
    picture), in the order of encoders.outline.STROKES; [0, 2] when no face is seen. `aspect` is height over width.
    """

    pts_ns: int
    aspect: float
    points: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Contour:
    """The pitch over a stretch, for eyes alone, at equal distances: `pitch_hz` float32 [n], 0 where unvoiced, and
    `loudness_db` float32 [n].
    """

    interval: Interval
    pitch_hz: NDArray[np.float32]
    loudness_db: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedding:
    """An encoder's output. `vector` is float32 [dim]; confidence 0 means it looked and saw nothing (not: missing).

    `words` are those of an utterance, so that fusion can lay them beside the voice and the face of their moment; None
    for modalities that have none. `outline` and `contour` are for whoever looks on; fusion makes no use of them.
    """

    seq: int
    modality: Modality
    interval: Interval
    vector: NDArray[np.float32]
    confidence: float
    reading: Reading | None = None
    words: WordEmbeddings | None = None
    outline: Outline | None = None
    contour: Contour | None = None

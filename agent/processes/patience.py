"""A recognizer in, the same one out, which says beforehand how long it may take: slow must not be taken for hung."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from encoders.speech.recognizer import SAMPLE_RATE_HZ, HeardWord, Recognizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a reading may take, on a machine that is hardly quick enough: at least, and for each second of sound."""

    at_least_s: float
    per_second: float
    times: float = math.inf
    """How many times what earlier readings of as much sound took it may take; infinite where those tell nothing."""


ANY = Patience(10.0, 2.0)
"""A Whisper model too large for its machine takes ten seconds for the shortest word, and one that repeats itself takes
fifty times as long as one that does not."""
EMBEDDED = Patience(0.0, 0.5, times=7.0)
"""The embedded recognizer takes a tenth of this and less, whatever is said."""

_READINGS = 5
"""So many are read before anything is concluded: the first one fills caches."""
_LEAST_S, _BESIDES_S = 0.5, 0.3  # the latter in seconds of sound: what a reading takes however short it is


class Announce(Protocol):
    """Told before each reading."""

    def __call__(self, for_s: float, work_s: float, /) -> None:
        """It may give no sign of life for so long, and take so much of the processor's time."""


class Experience:
    """What readings took of the processor in, what the next can take at the most out."""

    def __init__(self, times: float) -> None:
        self._times = times
        self._readings = 0
        self._per_second = 0.0

    def note(self, sound_s: float, work_s: float) -> None:
        """Take what a reading of so much sound took."""
        self._readings += 1
        self._per_second = max(self._per_second, work_s / (sound_s + _BESIDES_S))

    def most_s(self, sound_s: float) -> float:
        """Infinite while there is too little to go by."""
        if self._readings < _READINGS or math.isinf(self._times):
            return math.inf
        return _LEAST_S + self._times * self._per_second * (sound_s + _BESIDES_S)


class Announcing:
    """A recognizer that says before each reading how long it may be silent for, and how much work that may be."""

    def __init__(
        self,
        recognizer: Recognizer,
        announce: Announce,
        patience: Patience = ANY,
        worked_s: Callable[[], float] = time.thread_time,
    ) -> None:
        self._recognizer, self._announce, self._patience = recognizer, announce, patience
        self._experience, self._worked_s = Experience(patience.times), worked_s

    @property
    def name(self) -> str:
        return self._recognizer.name

    def transcribe(
        self, pcm: NDArray[np.float32], guess: tuple[HeardWord, ...] | None = None, /
    ) -> tuple[HeardWord, ...]:
        sound_s = len(pcm) / SAMPLE_RATE_HZ
        for_s = self._patience.at_least_s + self._patience.per_second * sound_s
        self._announce(for_s, self._experience.most_s(sound_s))
        began_s = self._worked_s()
        words = self._recognizer.transcribe(pcm, guess)
        self._experience.note(sound_s, self._worked_s() - began_s)
        return words

"""A recognizer in, the same one out, which says beforehand how long it may take: slow must not be taken for hung."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from encoders.speech.recognizer import SAMPLE_RATE_HZ, HeardWord, Recognizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a reading may take, on a machine that is hardly quick enough: at least, and for each second of sound."""

    at_least_s: float
    per_second: float


ANY = Patience(10.0, 2.0)
"""A Whisper model too large for its machine takes ten seconds for the shortest word."""
EMBEDDED = Patience(0.0, 0.5)
"""The embedded recognizer takes a tenth of this and less, whatever is said."""


class Announcing:
    """A recognizer that calls `announce` with the seconds it may be silent for, before each utterance it reads."""

    def __init__(self, recognizer: Recognizer, announce: Callable[[float], None], patience: Patience = ANY) -> None:
        self._recognizer, self._announce, self._patience = recognizer, announce, patience

    @property
    def name(self) -> str:
        return self._recognizer.name

    def transcribe(
        self, pcm: NDArray[np.float32], guess: tuple[HeardWord, ...] | None = None, /
    ) -> tuple[HeardWord, ...]:
        self._announce(self._patience.at_least_s + self._patience.per_second * len(pcm) / SAMPLE_RATE_HZ)
        return self._recognizer.transcribe(pcm, guess)

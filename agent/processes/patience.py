"""A recognizer in, the same one out, which says beforehand how long it may take: slow must not be taken for hung."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from encoders.speech.recognizer import SAMPLE_RATE_HZ, HeardWord, Recognizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_AT_LEAST_S, _PER_SECOND = 10.0, 2.0
"""A Whisper model too large for its machine takes ten seconds for the shortest word; others, the longer the sound."""


class Announcing:
    """A recognizer that calls `announce` with the seconds it may be silent for, before each utterance it reads."""

    def __init__(self, recognizer: Recognizer, announce: Callable[[float], None]) -> None:
        self._recognizer, self._announce = recognizer, announce

    @property
    def name(self) -> str:
        return self._recognizer.name

    def transcribe(
        self, pcm: NDArray[np.float32], guess: tuple[HeardWord, ...] | None = None, /
    ) -> tuple[HeardWord, ...]:
        self._announce(_AT_LEAST_S + _PER_SECOND * len(pcm) / SAMPLE_RATE_HZ)
        return self._recognizer.transcribe(pcm, guess)

"""The seam of speech engines: the samples of one utterance in, the words heard in them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from encoders.samples import Interval

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word with the engine's own probability in [0, 1]; `interval` is relative to the decoded samples, if aligned."""

    text: str
    probability: float
    interval: Interval | None = None


class Recognizer(Protocol):
    """A speech engine: weights only, no stream state, so that one serves partial and final decodes alike."""

    @property
    def name(self) -> str: ...

    def transcribe(self, pcm: NDArray[np.float32], /) -> tuple[HeardWord, ...]:
        """Words in float32 [n] samples at 16 kHz, in order. Empty when nothing was understood."""
        ...

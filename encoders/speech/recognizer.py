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
    tokens: tuple[int, ...] = ()
    """The engine's own spelling of the word, by which it may go on from there; nobody else's business."""


class Recognizer(Protocol):
    """A speech engine: weights only, no stream state, so that one serves partial and final decodes alike."""

    @property
    def name(self) -> str: ...

    def transcribe(
        self, pcm: NDArray[np.float32], guess: tuple[HeardWord, ...] | None = None, /
    ) -> tuple[HeardWord, ...]:
        """Words in float32 [n] samples at 16 kHz, in order. Empty when nothing was understood.

        With a `guess`, what the engine heard in a shorter stretch from the same start (perhaps nothing), it is to be
        quick: the guess saves time, and between words that are about as likely it may tip the scale. What must be as
        good as it can be, and not depend on the past, is decoded without.
        """
        ...

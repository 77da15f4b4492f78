"""A recognizer in, the same one out, for several threads: some keep what they are at in the model."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from encoders.speech.recognizer import HeardWord, Recognizer


class ByTurns:
    """A recognizer that reads one utterance at a time, whoever asks."""

    def __init__(self, recognizer: Recognizer, turn: threading.Lock) -> None:
        self._recognizer, self._turn = recognizer, turn

    @property
    def name(self) -> str:
        return self._recognizer.name

    def transcribe(
        self, pcm: NDArray[np.float32], guess: tuple[HeardWord, ...] | None = None, /
    ) -> tuple[HeardWord, ...]:
        with self._turn:
            return self._recognizer.transcribe(pcm, guess)

"""Windows of sound in, in order; those that are still of use out: numbered from the stream's beginning, never copied.

To put each piece behind what an utterance has heard so far by a new array would copy all of it 31 times a second.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from encoders.speech.voice_activity import WINDOW_SAMPLES

_SPARE = 8 * WINDOW_SAMPLES  # samples: a quarter of a second
_SHRINKS = 4


class Tape:
    """The newest sound of a stream, float32. Its room grows to about twice what is kept of it, and shrinks again."""

    def __init__(self) -> None:
        self.first = 0
        """The first window that is kept."""
        self._room = np.empty(_SPARE, np.float32)
        self._begin = self._end = 0  # in _room

    def __len__(self) -> int:
        """Samples kept."""
        return self._end - self._begin

    @property
    def windows(self) -> int:
        """How many windows there have been, the last of them whole."""
        return self.first + len(self) // WINDOW_SAMPLES

    def append(self, pcm: NDArray[np.float32]) -> None:
        """Put samples behind the others."""
        if self._end + len(pcm) > len(self._room):
            self._move(len(pcm))
        self._room[self._end : self._end + len(pcm)] = pcm
        self._end += len(pcm)

    def between(self, first: int, end: int) -> NDArray[np.float32]:
        """The sound of windows [first, end), none of which is forgotten; to be read only."""
        at = self._begin - self.first * WINDOW_SAMPLES
        return self._room[at + first * WINDOW_SAMPLES : at + end * WINDOW_SAMPLES]

    def forget_before(self, window: int) -> None:
        """Let go of the windows before this one."""
        if window > self.first:
            self._begin += (window - self.first) * WINDOW_SAMPLES
            self.first = window
            if len(self._room) > _SHRINKS * (len(self) + _SPARE):  # what an utterance took is not kept through silence
                self._move(0)

    def _move(self, more: int) -> None:
        """To a room of its own size, never within the old one: what was lent stays as it is."""
        kept = self._room[self._begin : self._end]
        self._room = np.empty(len(kept) + more + max(len(kept), _SPARE), np.float32)
        self._room[: len(kept)] = kept
        self._begin, self._end = 0, len(kept)

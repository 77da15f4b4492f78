"""Pictures with when each was taken in, as another program has them; the frames worth looking at out."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from agent.capture.grid import FrameGrid
from agent.capture.picture import shrunk
from encoders.samples import VideoFrame


class FrameStamper:
    """At most `rate_hz` frames a second, at most 640 pixels on their long edge, each with the time it was taken.

    Losses: out_of_order, a picture taken no later than the last.
    """

    def __init__(self, rate_hz: float, losses: Counter[str]) -> None:
        self._losses = losses
        self._grid = FrameGrid(rate_hz)
        self._seq = itertools.count()
        self._last_ns: int | None = None

    def push(self, rgb: NDArray[np.uint8], pts_ns: int) -> VideoFrame | None:
        """Take uint8 [height, width, 3]; return a frame with a copy of it, unless there are more than are wanted."""
        if self._last_ns is not None and pts_ns <= self._last_ns:
            self._losses["out_of_order"] += 1
            return None
        self._last_ns = pts_ns
        if not self._grid.admits(pts_ns):
            return None
        small = shrunk(rgb)
        return VideoFrame(next(self._seq), pts_ns, small.copy() if small is rgb else small)

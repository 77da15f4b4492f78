"""Frames' times in, which of them to keep out: many a second become fewer, evenly."""

from __future__ import annotations

import math

from encoders.samples import NS_PER_S

# Part of a slot by which a frame may come early: covers containers that round pts to 1 ms.
_SLOT_TOLERANCE = 0.02


class FrameGrid:
    """Thins frames to at most `rate_hz`: the first frame in each slot of a grid that starts at 0, by pts alone."""

    def __init__(self, rate_hz: float) -> None:
        if not rate_hz > 0:
            raise ValueError(f"frame rate must be above 0, not {rate_hz}")
        self._rate_hz = rate_hz
        self._slot: int | None = None

    def admits(self, pts_ns: int) -> bool:
        """Whether to keep the frame grabbed at `pts_ns`; ask once for each frame, in time order."""
        slot = math.floor(pts_ns * self._rate_hz / NS_PER_S + _SLOT_TOLERANCE)
        if self._slot is not None and slot <= self._slot:
            return False
        self._slot = slot
        return True

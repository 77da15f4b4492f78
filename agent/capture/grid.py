"""Frames' times in, which of them to keep out: many a second become fewer, evenly."""

from __future__ import annotations

import math

from encoders.samples import NS_PER_S

# Part of a slot by which a frame may come early: covers containers that round pts to 1 ms.
_SLOT_TOLERANCE = 0.02
_FORESEEN_SLOTS = 64  # no recording has more frames on their way at a time


class FrameGrid:
    """Thins frames to at most `rate_hz`: the first frame in each slot of a grid that starts at 0, by pts alone."""

    def __init__(self, rate_hz: float) -> None:
        if not rate_hz > 0:
            raise ValueError(f"frame rate must be above 0, not {rate_hz}")
        self._rate_hz = rate_hz
        self._slot: int | None = None
        self._foreseen: dict[int, int] = {}  # slots, and the earliest frame that will come of each

    def admits(self, pts_ns: int) -> bool:
        """Whether to keep the frame grabbed at `pts_ns`; ask once for each frame, in time order."""
        slot = self._slot_of(pts_ns)
        if self._slot is not None and slot <= self._slot:
            return False
        self._slot = slot
        return True

    def foresees(self, pts_ns: int) -> bool:
        """Whether the frame of `pts_ns` >= 0 may be admitted when it comes; ask once for each, in any order.

        It will not be when another that is to come of its slot is earlier.
        """
        slot = self._slot_of(pts_ns)
        if self._foreseen.get(slot, pts_ns) < pts_ns:
            return False
        self._foreseen[slot] = pts_ns
        if len(self._foreseen) > _FORESEEN_SLOTS:
            del self._foreseen[next(iter(self._foreseen))]
        return True

    def _slot_of(self, pts_ns: int) -> int:
        return math.floor(pts_ns * self._rate_hz / NS_PER_S + _SLOT_TOLERANCE)

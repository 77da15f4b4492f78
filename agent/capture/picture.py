"""A decoded FFmpeg frame in, an upright RGB picture of modest size out; and which frames to keep of many."""

from __future__ import annotations

import math

import av
import numpy as np
from numpy.typing import NDArray

from encoders.samples import NS_PER_S

LONG_EDGE_PX = 640  # a face needs no more
# Part of a slot by which a frame may come early: covers containers that round pts to 1 ms.
_SLOT_TOLERANCE = 0.02


def to_rgb(frame: av.VideoFrame, pixel_aspect: float = 1.0, long_edge_px: int = LONG_EDGE_PX) -> NDArray[np.uint8]:
    """uint8 [height, width, 3], turned as the file asks, in square pixels, at most `long_edge_px` on its long edge.

    `pixel_aspect` is the width of the file's pixels over their height.
    """
    shrink = min(1.0, long_edge_px / max(frame.width * pixel_aspect, frame.height))
    width = max(1, round(frame.width * pixel_aspect * shrink))
    height = max(1, round(frame.height * shrink))
    rgb = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    # The display matrix states how far to turn the picture counterclockwise (av_display_rotation_get), as rot90 does.
    return np.ascontiguousarray(np.rot90(rgb, round(frame.rotation / 90)), dtype=np.uint8)


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

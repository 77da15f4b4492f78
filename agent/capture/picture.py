"""A decoded FFmpeg frame, or a picture of any size, in; an upright RGB picture of modest size out."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

LONG_EDGE_PX = 640  # a face needs no more


def to_rgb(frame: av.VideoFrame, pixel_aspect: float = 1.0, long_edge_px: int = LONG_EDGE_PX) -> NDArray[np.uint8]:
    """uint8 [height, width, 3], turned as the file asks, in square pixels, at most `long_edge_px` on its long edge.

    `pixel_aspect` is the width of the file's pixels over their height.
    """
    shrink = min(1.0, long_edge_px / max(frame.width * pixel_aspect, frame.height))
    width = max(1, round(frame.width * pixel_aspect * shrink))
    height = max(1, round(frame.height * shrink))
    # One thread: FFmpeg would start as many as there are processors, for each picture anew.
    rgb = frame.reformat(width=width, height=height, format="rgb24", threads=1).to_ndarray()
    # The display matrix states how far to turn the picture counterclockwise (av_display_rotation_get), as rot90 does.
    return np.ascontiguousarray(np.rot90(rgb, round(frame.rotation / 90)), dtype=np.uint8)


def shrunk(rgb: NDArray[np.uint8], long_edge_px: int = LONG_EDGE_PX) -> NDArray[np.uint8]:
    """The same picture, uint8 [height, width, 3], at most `long_edge_px` on its long edge."""
    height, width = rgb.shape[:2]
    shrink = long_edge_px / max(height, width)
    if shrink >= 1.0:
        return rgb
    import cv2  # slow to load, and only large pictures need it: FFmpeg takes up to twenty times as long for RGB

    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    return np.asarray(cv2.resize(np.ascontiguousarray(rgb), size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

"""Outlines in, painted pixels out: soft-edged fills and tapering strokes, as an airbrush over a mask makes them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Float [n, 2]: x to the right, y down."""
Rgb = tuple[int, int, int]

_SUBPIXEL_BITS = 4


def points(*knots: tuple[float, float]) -> Points:
    """(x, y) pairs as an array."""
    return np.array(knots, np.float64)


def curve(knots: Points, per_span: int = 12, *, closed: bool = False) -> Points:
    """A smooth line through the knots (centripetal enough for faces: uniform Catmull-Rom), `per_span` points a span."""
    ends = (knots[-1:], knots[:2]) if closed else (2 * knots[:1] - knots[1:2], 2 * knots[-1:] - knots[-2:-1])
    padded = np.concatenate([ends[0], knots, ends[1]])
    t = np.linspace(0.0, 1.0, per_span, endpoint=False)[:, None]
    before, start, end, after = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    spans = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    line = spans.reshape(-1, 2)
    return line if closed else np.concatenate([line, knots[-1:]])


def shift(outline: Points, x: float, y: float) -> Points:
    """The outline moved."""
    return np.add(outline, (x, y))


def ribbon(line: Points, width: float, *, start: float = 0.0, end: float = 0.0) -> Points:
    """The outline of a stroke along `line`, `width` at its middle, tapering to those shares of it at its ends."""
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.linalg.norm(along, axis=1), 1e-9)[:, None]
    t = np.linspace(0.0, 1.0, len(line))
    swell = np.sin(np.pi * t)
    half = (0.5 * width * (swell + (1 - swell) * (start + (end - start) * t)))[:, None]
    return np.concatenate([line + normal * half, (line - normal * half)[::-1]])


def ellipse(x: float, y: float, radius_x: float, radius_y: float, n: int = 40) -> Points:
    """The outline of an upright ellipse."""
    angle = np.linspace(0.0, 2 * np.pi, n, endpoint=False)
    return np.stack([x + radius_x * np.cos(angle), y + radius_y * np.sin(angle)], axis=1)


class Canvas:
    """A picture being painted, in float [3, height, width]. Outlines are in its pixels.

    Planes, not interleaved colours: painting one is a run over contiguous numbers, some four times as fast.
    """

    def __init__(self, ground: NDArray[np.float32]) -> None:
        self.planes = ground.copy()

    def mask(self, outline: Points, softness: float = 0.0) -> NDArray[np.float32]:
        """Coverage in [0, 1], [height, width], of the outline's inside; `softness` is the edge's standard deviation."""
        height, width = self.planes.shape[1:]
        return _cover(outline, softness, 0, 0, width, height)

    def fill(
        self,
        outline: Points,
        rgb: Rgb,
        *,
        softness: float = 0.0,
        opacity: float = 1.0,
        within: NDArray[np.float32] | None = None,
    ) -> None:
        """Paint the outline's inside; `within` (a mask) keeps the paint to another shape."""
        if opacity <= 0.0:
            return
        height, width = self.planes.shape[1:]
        margin = 3 * softness + 2
        left, top = np.maximum(np.floor(outline.min(axis=0) - margin), 0).astype(int)
        right, bottom = np.minimum(np.ceil(outline.max(axis=0) + margin), (width, height)).astype(int)
        if left >= right or top >= bottom:
            return
        cover = _cover(outline, softness, left, top, right, bottom) * np.float32(opacity)
        if within is not None:
            cover *= within[top:bottom, left:right]
        for plane, colour in zip(self.planes, rgb, strict=True):
            patch = plane[top:bottom, left:right]
            patch += cover * (colour - patch)


def _cover(outline: Points, softness: float, left: int, top: int, right: int, bottom: int) -> NDArray[np.float32]:
    # A wide blur needs no fine grid: it is made on a coarse one and enlarged.
    step = 4 if softness > 6 else 1
    size = (-(-(bottom - top) // step), -(-(right - left) // step))
    mask = np.zeros(size, np.uint8)
    fixed = np.round((outline - (left, top)) / step * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], (255,), cv2.LINE_AA, _SUBPIXEL_BITS)
    cover = mask.astype(np.float32) / 255
    if softness > 0:
        cover = cv2.GaussianBlur(cover, (0, 0), softness / step).astype(np.float32)
    if step > 1:
        cover = cv2.resize(cover, (size[1] * step, size[0] * step), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return cover[: bottom - top, : right - left]

"""Samples as the pipeline has them, made up."""

from __future__ import annotations

import numpy as np

from encoders.samples import AudioChunk, VideoFrame

MS = 1_000_000


def frame(seq: int, at_ms: float, size: tuple[int, int] = (64, 48), *, shade: int | None = None) -> VideoFrame:
    """A picture of width and height `size` in which a bright square wanders, or of one shade."""
    width, height = size
    rgb = np.full((height, width, 3), 40 if shade is None else shade, np.uint8)
    if shade is None:
        rgb[8:24, 4 + seq % 16 : 20 + seq % 16] = 200
    return VideoFrame(seq, round(at_ms * MS), rgb)


def chunk(seq: int, at_ms: float, samples: int = 512) -> AudioChunk:
    """A chunk of a tone, in steps of 16 bit."""
    tone = np.rint(9000 * np.sin(np.arange(samples) * 0.1 + seq)) / 32768
    return AudioChunk(seq, round(at_ms * MS), 16_000, tone.astype(np.float32))

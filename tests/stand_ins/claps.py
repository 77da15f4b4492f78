"""Stamped samples in, the moments at which a picture turned white or silence ended in a click out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from encoders.samples import NS_PER_S, AudioChunk, VideoFrame

_WHITE = 128  # of 255, mean over the picture
_LOUD = 0.25
_APART_NS = 100_000_000


def flash_times_ns(frames: Iterable[VideoFrame]) -> Iterator[int]:
    """The time of each frame that is white after one that is not."""
    was_white = False
    for frame in frames:
        is_white = bool(frame.rgb.mean() > _WHITE)
        if is_white and not was_white:
            yield frame.pts_ns
        was_white = is_white


def click_times_ns(chunks: Iterable[AudioChunk]) -> Iterator[int]:
    """The time of the first loud sample of each click, clicks being more than 100 ms apart."""
    last_ns: int | None = None
    for chunk in chunks:
        for sample in np.flatnonzero(np.abs(chunk.pcm) > _LOUD).tolist():
            now_ns = chunk.pts_ns + sample * NS_PER_S // chunk.sample_rate_hz
            if last_ns is None or now_ns > last_ns + _APART_NS:
                yield now_ns
            last_ns = now_ns

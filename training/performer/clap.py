"""Moments in, a film out that flashes and clicks at them: what a clapperboard is for, to measure sync against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.performer.film import write_film
from training.performer.voice import SAMPLE_RATE_HZ

_CLICK_S = 0.01
_CLICK_HZ = 2000


def clap(
    path: Path,
    at_frames: Sequence[int],
    *,
    n_frames: int,
    frame_rate_hz: int = 25,
    size: tuple[int, int] = (160, 120),
) -> None:
    """Write a dark, silent film of n_frames to `path` (.mp4), white in exactly the frames `at_frames`; at the start
    of each, k / frame_rate_hz, a 10 ms click begins. Raises ValueError for a frame outside the film.
    """
    if any(not 0 <= k < n_frames for k in at_frames):
        raise ValueError(f"claps {list(at_frames)} are not all within {n_frames} frames")
    pcm = np.zeros(n_frames * SAMPLE_RATE_HZ // frame_rate_hz, np.float32)
    click = 0.8 * np.sin(2 * np.pi * _CLICK_HZ * np.arange(round(_CLICK_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ)
    for k in at_frames:
        start = k * SAMPLE_RATE_HZ // frame_rate_hz
        room = pcm[start : start + len(click)]
        room[:] = click[: len(room)]

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for k in range(n_frames):
            yield np.full((size[1], size[0], 3), 255 if k in at_frames else 16, np.uint8)

    write_film(path, pictures(), frame_rate_hz, pcm, size=size)

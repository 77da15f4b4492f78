"""Samples of any format and channel count in, mono float32 in [-1, 1] out."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray


def mix_to_mono(pcm: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Mean over channels of float [samples, channels]; samples that are not numbers become silence."""
    channels = np.ascontiguousarray(pcm.T)  # a mean along the shorter axis takes numpy ten times as long
    mono = np.asarray(channels.mean(axis=0), dtype=np.float32)
    return mono if np.isfinite(mono).all() else np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0)


def float_pcm(pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    """The same samples as float32 in [-1, 1)."""
    return pcm / np.float32(1 << 15)


def to_mono(frame: av.AudioFrame) -> NDArray[np.float32]:
    """float32 [samples] of a decoded FFmpeg frame, planar or packed, integer or float."""
    pcm: NDArray[Any] = frame.to_ndarray()
    # Planar is [channels, samples]; packed is one row with the channels interleaved.
    channels_last = pcm.T if frame.format.is_planar else pcm.reshape(-1, frame.layout.nb_channels)
    if channels_last.dtype == np.uint8:
        return mix_to_mono((channels_last.astype(np.float32) - 128) / 128)
    if channels_last.dtype.kind == "i":
        return mix_to_mono(channels_last / 2.0 ** (8 * channels_last.itemsize - 1))
    return mix_to_mono(channels_last)

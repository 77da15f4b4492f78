"""Arrays as other programs have them in; sound and pictures as the pipeline takes them out, if they are any."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.capture.pcm import float_pcm
from deadpan.feed import HIGHEST_RATE_HZ, LOWEST_RATE_HZ, MOST_CHANNELS


def sound_of(pcm: NDArray[Any], sample_rate_hz: int) -> NDArray[np.float32]:
    """float32 [samples, channels] in [-1, 1], from int16 or floats, [samples] or [samples, channels].

    Raises TypeError for anything else, ValueError for a rate outside 8 to 192 kHz or more than 8 channels.
    """
    if not isinstance(pcm, np.ndarray) or not (pcm.dtype == np.int16 or pcm.dtype.kind == "f"):
        raise TypeError(f"sound must be an array of int16 or floats, not {_described(pcm)}")
    if not LOWEST_RATE_HZ <= sample_rate_hz <= HIGHEST_RATE_HZ:
        raise ValueError(f"sample_rate_hz must be {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ}, not {sample_rate_hz}")
    columns = pcm[:, None] if pcm.ndim == 1 else pcm
    if columns.ndim != 2 or not 1 <= columns.shape[1] <= MOST_CHANNELS:
        raise ValueError(f"sound must be [samples] or [samples, 1 to {MOST_CHANNELS} channels], not {_described(pcm)}")
    return float_pcm(columns) if columns.dtype == np.int16 else columns.astype(np.float32)


def picture_of(rgb: NDArray[Any]) -> NDArray[np.uint8]:
    """The picture itself, if it is uint8 RGB [height, width, 3]. Raises TypeError or ValueError when it is none."""
    if not isinstance(rgb, np.ndarray) or rgb.dtype != np.uint8:
        raise TypeError(f"a picture must be an array of uint8, not {_described(rgb)}")
    if rgb.ndim != 3 or rgb.shape[2] != 3 or 0 in rgb.shape:
        raise ValueError(f"a picture must be RGB [height, width, 3], not {_described(rgb)}")
    return rgb


def _described(value: object) -> str:
    return f"{value.dtype} {list(value.shape)}" if isinstance(value, np.ndarray) else type(value).__name__

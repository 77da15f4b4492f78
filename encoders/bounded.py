"""Samples of any source in, the same as float32 within [-1, 1] and without what is no number, out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def bounded(pcm: NDArray[Any]) -> NDArray[np.float32]:
    """Samples [n]: NaN and infinities count as 0, the rest is clipped. What needs none of that is not copied."""
    sound = np.asarray(pcm, np.float32)
    least, most = np.minimum.reduce(sound, initial=0.0), np.maximum.reduce(sound, initial=0.0)
    if least >= -1.0 and most <= 1.0:  # as of all sound that our own capture gives; NaN is neither
        return sound
    return np.clip(np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0), -1.0, 1.0)

"""Labels and scores of rows in, a ranking's quality and any figure's bootstrap interval out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def auc(truth: NDArray[np.bool_], score: NDArray[np.floating[Any]]) -> float:
    """How often a true row ranks above a false one, ties counting half; nan when one kind is missing."""
    false, true = np.sort(score[~truth]), score[truth]
    if not len(false) or not len(true):
        return float("nan")
    below = np.searchsorted(false, true, "left") + np.searchsorted(false, true, "right")
    return float(below.mean() / (2 * len(false)))


def bootstrap_interval(
    measure: Callable[[NDArray[np.intp]], float], count: int, resamples: int, seed: int = 0
) -> tuple[float, float, float]:
    """`measure` on all rows, and the ends of its 95 % percentile interval over resampled rows."""
    rng = np.random.default_rng(seed)
    spread = [measure(rng.integers(0, count, count)) for _ in range(resamples)]
    low, high = np.nanpercentile(spread, (2.5, 97.5))
    return measure(np.arange(count)), float(low), float(high)

"""Out-of-fold probabilities and labels in, figures with 95 % bootstrap intervals out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
BINS = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure, its 95 % percentile bootstrap interval over clips, and what knowing nothing would score."""

    name: str
    value: float
    low: float
    high: float
    floor: float
    clips: int

    def __str__(self) -> str:
        return (
            f"| {self.name} | {self.value:.3f} | {self.low:.3f} to {self.high:.3f} | {self.floor:.3f} | {self.clips} |"
        )


def auc(truth: NDArray[np.bool_], score: Floats) -> float:
    """Probability that a positive outranks a negative, ties counting half; NaN without both."""
    positive, negative = score[truth], score[~truth]
    if not len(positive) or not len(negative):
        return float("nan")
    gap = positive[:, None] - negative[None, :]
    return float((gap > 0).mean() + 0.5 * (gap == 0).mean())


def auc_within(truth: NDArray[np.bool_], score: Floats, speakers: NDArray[np.str_]) -> float:
    """AUC over pairs of clips of one speaker only: knowing who speaks is worth nothing."""
    won = pairs = 0.0
    for speaker in np.unique(speakers):
        own = speakers == speaker
        count = float(truth[own].sum() * (~truth[own]).sum())
        if count:
            won += auc(truth[own], score[own]) * count
            pairs += count
    return won / pairs if pairs else float("nan")


def brier(truth: NDArray[np.bool_], probability: Floats) -> float:
    return float(np.square(probability - truth).mean())


def ece(truth: NDArray[np.bool_], probability: Floats) -> float:
    """Expected calibration error over BINS equal bins of probability."""
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    gaps = [
        abs(float((probability[bins == b] - truth[bins == b]).mean())) * int((bins == b).sum()) for b in np.unique(bins)
    ]
    return sum(gaps) / len(truth)


def pearson(truth: Floats, score: Floats) -> float:
    return float(np.corrcoef(truth, score)[0, 1]) if score.std() > 0 and truth.std() > 0 else 0.0


def bootstrap(
    name: str, measure: Callable[[NDArray[np.intp]], float], clips: int, floor: float, seed: int = 0
) -> Figure:
    """`measure` on all clips and on RESAMPLES resamples of them."""
    rng = np.random.default_rng(seed)
    draws = [measure(rng.integers(0, clips, clips)) for _ in range(RESAMPLES)]
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Figure(name, measure(np.arange(clips)), float(low), float(high), floor, clips)

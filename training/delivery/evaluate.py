"""Out-of-fold probabilities and labels in, figures with 95 % bootstrap intervals out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.measures import auc, bootstrap_interval

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
    value, low, high = bootstrap_interval(measure, clips, RESAMPLES, seed)
    return Figure(name, value, low, high, floor, clips)

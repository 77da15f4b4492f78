"""Labels and scores of rows in; how good they are, with 95 % bootstrap intervals, out. The one home of measures.

Rows are utterances or clips. `truth` is bool [rows], `probability` in [0, 1] [rows], `speakers` str [rows].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
BINS = 15
FEWEST_OF_A_SPEAKER = 20

Truth: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.floating[Any]]
Rows: TypeAlias = NDArray[np.intp]

UNDEFINED = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure and the ends of its 95 % percentile bootstrap interval over rows; all nan where it is not defined."""

    value: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0

    def percent(self) -> str:
        """In hundredths, with its interval; a dash where it is not defined."""
        if not math.isfinite(self.value):
            return UNDEFINED
        return f"{100 * self.value:.1f} [{100 * self.low:.1f}, {100 * self.high:.1f}]"

    def fraction(self) -> str:
        """As it is, with its interval; a dash where it is not defined."""
        if not math.isfinite(self.value):
            return UNDEFINED
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap(measure: Callable[[Rows], float], count: int, seed: int = 0, resamples: int = RESAMPLES) -> Figure:
    """`measure` of all `count` rows, and its spread over rows drawn with replacement (Efron's percentile interval).

    A paired comparison is a `measure` that subtracts one score's measure from another's on the same rows. Resamples on
    which it is not defined (nan) are left out. Raises ValueError without rows.
    """
    if count < 1:
        raise ValueError("a figure needs at least one row")
    rng = np.random.default_rng(seed)
    spread = np.array([measure(rng.integers(0, count, count)) for _ in range(resamples)])
    spread = spread[np.isfinite(spread)]
    if not len(spread):
        return Figure(measure(np.arange(count)), float("nan"), float("nan"))
    low, high = np.percentile(spread, (2.5, 97.5))
    return Figure(measure(np.arange(count)), float(low), float(high))


def paired(measure: Callable[[Rows, Floats], float], first: Floats, second: Floats, seed: int = 0) -> Figure:
    """`measure(rows, score)` of `first` less that of `second`, each resample drawing the same rows for both."""
    return bootstrap(lambda rows: measure(rows, first) - measure(rows, second), len(first), seed)


def f1(truth: NDArray[Any], guess: NDArray[Any], average: Literal["macro", "weighted"]) -> float:
    """F1 averaged over the classes that occur in either, evenly or by how often each is true."""
    scores, shares = [], []
    for one in np.union1d(truth, guess):
        hits = int(((truth == one) & (guess == one)).sum())
        scores.append(2 * hits / (int((truth == one).sum()) + int((guess == one).sum())))
        shares.append(float((truth == one).mean()) if average == "weighted" else 1.0)
    return float(np.average(scores, weights=shares))


def auc(truth: Truth, score: Floats) -> float:
    """How often a true row ranks above a false one, ties counting half; nan when one kind is missing."""
    false, true = np.sort(score[~truth]), score[truth]
    if not len(false) or not len(true):
        return float("nan")
    below = np.searchsorted(false, true, "left") + np.searchsorted(false, true, "right")
    return float(below.mean() / (2 * len(false)))


def auc_within(truth: Truth, score: Floats, speakers: NDArray[np.str_]) -> float:
    """AUC over pairs of rows of one speaker only: knowing who speaks is worth nothing. For few rows a speaker."""
    won = pairs = 0.0
    for speaker in np.unique(speakers):
        own = speakers == speaker
        count = float(truth[own].sum() * (~truth[own]).sum())
        if count:
            won += auc(truth[own], score[own]) * count
            pairs += count
    return won / pairs if pairs else float("nan")


def auc_matched(truth: Truth, score: Floats, speakers: NDArray[np.str_], sizes: Floats, apart: float) -> float:
    """AUC over pairs of rows of one speaker whose `sizes` differ by less than `apart`: size earns nothing."""
    alike = (speakers[truth][:, None] == speakers[~truth]) & (np.abs(sizes[truth][:, None] - sizes[~truth]) < apart)
    won = np.sign(score[truth][:, None] - score[~truth]) / 2 + 0.5
    return float(won[alike].mean()) if alike.any() else float("nan")


def frequent(speakers: NDArray[np.str_], fewest: int = FEWEST_OF_A_SPEAKER) -> frozenset[str]:
    """The speakers of `fewest` rows or more: counted before resampling, which must not change who counts."""
    names, counts = np.unique(speakers, return_counts=True)
    return frozenset(names[counts >= fewest].tolist())


def auc_within_frequent(truth: Truth, score: Floats, speakers: NDArray[np.str_], among: Collection[str]) -> float:
    """AUC inside each speaker of `among`, averaged by their rows, as the literature reports it.

    Speakers who are always or never sarcastic are left out: they rank nothing.
    """
    total, count = 0.0, 0
    for speaker in among:
        own = speakers == speaker
        if len(np.unique(truth[own])) == 2:
            total += int(own.sum()) * auc(truth[own], score[own])
            count += int(own.sum())
    return total / count if count else float("nan")


def brier(truth: Truth, probability: Floats) -> float:
    """Mean squared distance of the probability from what was true: 0 is best, 0.25 knows nothing."""
    return float(np.square(probability - truth).mean())


def ece(truth: Truth, probability: Floats, bins: int = BINS) -> float:
    """Expected calibration error over equally wide bins of probability (Guo et al. 2017, arXiv 1706.04599)."""
    binned = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = (abs(float((probability[own] - truth[own]).sum())) for own in (binned == one for one in np.unique(binned)))
    return sum(gaps) / len(truth)


def pearson(truth: Floats, score: Floats) -> float:
    """Linear correlation; 0 where either does not vary."""
    return float(np.corrcoef(truth, score)[0, 1]) if score.std() > 0 and truth.std() > 0 else 0.0


def concordance(truth: Floats, score: Floats) -> float:
    """Concordance correlation CCC (Lin 1989): Pearson's r, less where level or spread differ; 0 for two constants."""
    apart = float(truth.var() + score.var() + (truth.mean() - score.mean()) ** 2)
    together = float(((truth - truth.mean()) * (score - score.mean())).mean())
    return 2 * together / apart if apart > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Detection:
    """One way to tell sarcasm, judged: F1 at one half, and as a ranking. AUCs are None where it gives no ranking."""

    weighted_f1: Figure
    macro_f1: Figure
    auc: Figure | None
    auc_within: Figure | None
    """Over pairs of rows of one speaker."""
    auc_within_frequent: Figure | None
    """Inside speakers of FEWEST_OF_A_SPEAKER rows or more; None where there are none."""


def judge(truth: Truth, probability: Floats, speakers: NDArray[np.str_], seed: int = 0) -> Detection:
    """Score P(sarcasm) [rows] against `truth`."""
    count, guess, among = len(truth), probability > 0.5, frequent(speakers)
    weighted = bootstrap(lambda i: f1(truth[i], guess[i], "weighted"), count, seed)
    macro = bootstrap(lambda i: f1(truth[i], guess[i], "macro"), count, seed)
    if len(np.unique(probability)) <= 2:
        return Detection(weighted, macro, None, None, None)
    return Detection(
        weighted,
        macro,
        bootstrap(lambda i: auc(truth[i], probability[i]), count, seed),
        bootstrap(lambda i: auc_within(truth[i], probability[i], speakers[i]), count, seed),
        bootstrap(lambda i: auc_within_frequent(truth[i], probability[i], speakers[i], among), count, seed)
        if among
        else None,
    )


def count_flips(states: NDArray[np.bool_]) -> int:
    """How often a rolling decision [ticks] changes, off before its first tick."""
    return int(np.count_nonzero(np.diff(states, prepend=False)))


def edit_overhead(courses: Sequence[NDArray[np.bool_]]) -> float:
    """Share of unnecessary changes among all changes of some rolling decisions (Baumann et al. 2011); nan without any.

    A course that ends on needed one change, one that ends off none.
    """
    made = sum(count_flips(states) for states in courses)
    needed = sum(bool(len(states) and states[-1]) for states in courses)
    return (made - needed) / made if made else float("nan")


def detection_time(states: NDArray[np.bool_], at_s: NDArray[np.float64], onset_s: float) -> float:
    """Seconds from `onset_s` to the first tick that is on; nan where none is."""
    on = np.flatnonzero(states)
    return float(at_s[on[0]] - onset_s) if len(on) else float("nan")

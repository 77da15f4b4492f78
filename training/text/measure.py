"""Labels and predictions in, figures with 95 % bootstrap intervals out; and the temperature that fits best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from training.measures import auc, bootstrap_interval
from training.text.corpora import Line, Polarity

RESAMPLES = 1000
FEWEST_LINES_OF_A_SPEAKER = 20

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Figure:
    """A score and its 95 % percentile-bootstrap interval over lines."""

    score: float
    low: float
    high: float

    def percent(self) -> str:
        return f"{100 * self.score:.1f} [{100 * self.low:.1f}, {100 * self.high:.1f}]"

    def fraction(self) -> str:
        return f"{self.score:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class SarcasmFigures:
    """Scores of one way to tell sarcasm. AUCs are None where it gives no ranking."""

    weighted_f1: Figure
    macro_f1: Figure
    auc: Figure | None
    within_speaker_auc: Figure | None


def score_sarcasm(lines: Sequence[Line], probability: NDArray[np.float32], seed: int = 0) -> SarcasmFigures:
    """Judge P(sarcasm) [lines] at 0.5 and as a ranking."""
    truth = np.array([line.sarcastic for line in lines], bool)
    guess = probability > 0.5
    speakers = [line.speaker for line in lines]
    ranked = len(np.unique(probability)) > 2
    return SarcasmFigures(
        bootstrap(lambda rows: f1(truth[rows], guess[rows], "weighted"), len(lines), seed),
        bootstrap(lambda rows: f1(truth[rows], guess[rows], "macro"), len(lines), seed),
        bootstrap(lambda rows: auc(truth[rows], probability[rows]), len(lines), seed) if ranked else None,
        bootstrap(lambda rows: _within_speakers(truth, probability, speakers, rows), len(lines), seed)
        if ranked
        else None,
    )


def f1(truth: NDArray[Any], guess: NDArray[Any], average: Literal["macro", "weighted"]) -> float:
    """F1 averaged over the classes that occur in either, evenly or by how often each is true."""
    scores, shares = [], []
    for one in np.union1d(truth, guess):
        hits = int(((truth == one) & (guess == one)).sum())
        scores.append(2 * hits / (int((truth == one).sum()) + int((guess == one).sum())))
        shares.append(float((truth == one).mean()) if average == "weighted" else 1.0)
    return float(np.average(scores, weights=shares))


def bootstrap(score: Callable[[Rows], float], count: int, seed: int = 0) -> Figure:
    """`score` on all rows, and its spread over resampled rows."""
    return Figure(*bootstrap_interval(score, count, RESAMPLES, seed))


def score_polarity(lines: Sequence[Line], guess: NDArray[np.int64], seed: int = 0) -> Figure:
    """Weighted F1 over the three polarities; over the two sides, accuracy, where the corpus knows no neutral."""
    truth = np.array([line.polarity for line in lines], np.int64)
    if all(line.two_way for line in lines):
        return bootstrap(lambda rows: float((truth[rows] == guess[rows]).mean()), len(lines), seed)
    return bootstrap(lambda rows: f1(truth[rows], guess[rows], "weighted"), len(lines), seed)


def choose_polarity(logits: NDArray[np.float32], two_way: bool) -> NDArray[np.int64]:
    """The most likely class of logits [lines, 3]; of the two sides alone when `two_way`."""
    if two_way:
        positive = logits[:, Polarity.POSITIVE] > logits[:, Polarity.NEGATIVE]
        return np.where(positive, int(Polarity.POSITIVE), int(Polarity.NEGATIVE)).astype(np.int64)
    return np.asarray(logits.argmax(axis=1), np.int64)


def fit_temperature(loss: Callable[[float], float]) -> float:
    """The temperature in [0.25, 8] that minimises `loss` (a negative log-likelihood on validation lines)."""
    return min(map(float, np.geomspace(0.25, 8.0, 401)), key=loss)


def sarcasm_loss(logits: NDArray[np.float32], truth: NDArray[np.bool_]) -> Callable[[float], float]:
    """Mean negative log-likelihood as a function of temperature."""
    signs = np.where(truth, 1.0, -1.0)
    return lambda temperature: float(np.logaddexp(0.0, -signs * logits / temperature).mean())


def polarity_loss(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> Callable[[float], float]:
    """Mean negative log-likelihood as a function of temperature."""

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        return float((np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(truth)), truth]).mean())

    return loss


def calibration_error(truth: NDArray[np.bool_], probability: NDArray[np.float32], bins: int = 10) -> float:
    """Expected calibration error over `bins` equally filled bins."""
    parts = np.array_split(np.argsort(probability, kind="stable"), bins)
    gaps = [abs(float(truth[part].mean()) - float(probability[part].mean())) * len(part) for part in parts if len(part)]
    return sum(gaps) / len(truth)


def logistic(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits to probabilities."""
    return (1.0 / (1.0 + np.exp(-logits.astype(np.float64)))).astype(np.float32)


def _within_speakers(
    truth: NDArray[np.bool_], probability: NDArray[np.float32], speakers: Sequence[str], rows: Rows
) -> float:
    """AUC inside each speaker of enough lines, weighted by lines: knowing who speaks earns nothing here."""
    total, count = 0.0, 0
    names = np.array(speakers)
    for name, lines in Counter(speakers).items():
        own = rows[names[rows] == name]
        if lines < FEWEST_LINES_OF_A_SPEAKER or len(np.unique(truth[own])) < 2:
            continue
        total += len(own) * auc(truth[own], probability[own])
        count += len(own)
    return total / count if count else float("nan")

"""Lines and what a model says of them in, their figures out; and the temperature that fits a head's logits best."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from training.measures import Detection, Figure, bootstrap, f1, judge
from training.text.corpora import Line, Polarity


def score_sarcasm(lines: Sequence[Line], probability: NDArray[np.float32], seed: int = 0) -> Detection:
    """Judge P(sarcasm) [lines] at 0.5 and as a ranking."""
    truth = np.array([line.sarcastic for line in lines], bool)
    return judge(truth, probability, np.array([line.speaker for line in lines], np.str_), seed)


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


def logistic(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits to probabilities."""
    return (1.0 / (1.0 + np.exp(-logits.astype(np.float64)))).astype(np.float32)


def polarities(lines: Sequence[Line]) -> NDArray[np.int64]:
    """The polarity of each line. Raises ValueError where one has none."""
    known = [line.polarity for line in lines if line.polarity is not None]
    if len(known) < len(lines):
        raise ValueError(f"{len(lines) - len(known)} lines have no polarity")
    return np.array(known, np.int64)


def sentiment_loss(
    read: Callable[[Sequence[Line]], NDArray[np.float32]], two_way: Sequence[Line], three_way: Sequence[Line]
) -> float:
    """Cross-entropy of the logits [lines, 3] that `read` gives to lines of either kind, the two kinds added up."""
    sides = polarity_loss(sides_only(read(two_way)), polarities(two_way))(1.0)
    return sides + polarity_loss(read(three_way), polarities(three_way))(1.0)


def polarity_shares(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities [lines, 3] of logits [lines, 3]."""
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def sides_only(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits [lines, 3] of a corpus that knows no neutral class: that one is out of the question."""
    chosen = logits.copy()
    chosen[:, Polarity.NEUTRAL] = -30.0
    return chosen

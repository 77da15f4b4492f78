"""Named statistics of the recent past in, a reading with its reasons out: the linear head of the face and the voice."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from encoders.samples import Cue, Modality, Reading

CUES = 3
LEAST_EFFECT = 0.01
LARGEST_DEVIATION = 3.0  # a landmark jumping off the face must not decide alone


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number taken over the recent past, and the cue's name when it is low or high for this person."""

    name: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class LinearHead:
    """Logistic for P(sarcasm), linear for sentiment, both on the same standardised statistics [n].

    `mean` and `scale` are those of the training clips; the statistics themselves are relative to the person's baseline.
    """

    modality: Modality
    statistics: tuple[Statistic, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    sarcasm_weights: NDArray[np.float64]
    sarcasm_bias: float
    sentiment_weights: NDArray[np.float64]
    sentiment_bias: float

    @classmethod
    def load(cls, modality: Modality, statistics: Sequence[Statistic]) -> LinearHead:
        """The shipped weights. Raises ValueError when they were trained for other statistics."""
        text = files("encoders").joinpath("weights", f"{modality.value}_head.json").read_text(encoding="utf-8")
        stored = json.loads(text)
        if stored["statistics"] != [statistic.name for statistic in statistics]:
            raise ValueError(f"the {modality.value} head was trained for {stored['statistics']}")
        return cls(
            modality,
            tuple(statistics),
            np.array(stored["mean"]),
            np.array(stored["scale"]),
            np.array(stored["sarcasm"]["weights"]),
            float(stored["sarcasm"]["bias"]),
            np.array(stored["sentiment"]["weights"]),
            float(stored["sentiment"]["bias"]),
        )

    def read(self, values: NDArray[np.float64]) -> Reading:
        """The reading for one set of statistics [n], with at most CUES cues of effect >= LEAST_EFFECT."""
        deviations = np.clip((values - self.mean) / self.scale, -LARGEST_DEVIATION, LARGEST_DEVIATION)
        terms = self.sarcasm_weights * deviations
        logit = self.sarcasm_bias + float(terms.sum())
        probability = _logistic(logit)
        sentiment = self.sentiment_bias + float(self.sentiment_weights @ deviations)
        cues = []
        for i in np.argsort(-np.abs(terms), kind="stable")[:CUES]:
            effect = probability - _logistic(logit - float(terms[i]))
            if abs(effect) >= LEAST_EFFECT:
                value = float(deviations[i])
                statistic = self.statistics[i]
                cues.append(Cue(statistic.high if value > 0 else statistic.low, self.modality, value, effect))
        return Reading(probability, min(1.0, max(-1.0, sentiment)), tuple(cues))


def _logistic(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))

"""Readings and labels in, the late average's weights out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from encoders.samples import Embedding, Interval, Modality
from fusion.estimate import Window
from fusion.late import LateFusion, LateWeights
from training.fusion.readings import ReadClip
from training.measures import pearson

ORDER = (Modality.TEXT, Modality.VOICE, Modality.FACE)
_PLAIN = np.array([1 / 3, 1 / 3, 1 / 3, 0.0])  # the average of the heads' log odds, the gap unused
_PRIOR_SD = 0.5
"""How far the clips may pull a weight from the plain average: chosen beforehand, there are too few to choose it by."""
_HALF_LIFE_S = 2.0
"""Chosen, not fitted: the clips hold one utterance each and say nothing about how evidence ages."""


def fit(clips: Sequence[ReadClip], reliability: dict[Modality, float], version: str) -> LateWeights:
    """Maximum a posteriori logistic regression around the plain average; no head may count against itself."""
    rows = np.array([_features(clip, reliability) for clip in clips])
    labels = np.array([clip.sarcasm for clip in clips], float)
    # Both classes count the same, or the bias would learn how often these speakers are sarcastic.
    balance = np.where(labels == 1, 0.5 / labels.mean(), 0.5 / (1 - labels.mean()))

    def loss(parameters: NDArray[np.float64]) -> float:
        logits = rows @ parameters[:4] + parameters[4]
        likelihood = np.sum(balance * (np.logaddexp(0, logits) - labels * logits))
        return float(likelihood + np.sum((parameters[:4] - _PLAIN) ** 2) / (2 * _PRIOR_SD**2))

    best = minimize(loss, np.append(_PLAIN, 0.0), method="L-BFGS-B", bounds=[(0, None)] * 4 + [(None, None)]).x
    text, voice, face, gap, bias = (round(float(number), 4) for number in best)
    return LateWeights(version, bias, text, voice, face, gap, _HALF_LIFE_S, reliability)


def plain(reliability: dict[Modality, float]) -> LateWeights:
    """The unfitted average of the heads."""
    text, voice, face, gap = _PLAIN.tolist()
    return LateWeights("plain", 0.0, text, voice, face, gap, _HALF_LIFE_S, reliability)


def alone(modality: Modality) -> LateWeights:
    """One head by itself."""
    text, voice, face = (float(modality is each) for each in ORDER)
    return LateWeights(modality.value, 0.0, text, voice, face, 0.0, _HALF_LIFE_S, {})


def predict(weights: LateWeights, clips: Sequence[ReadClip]) -> NDArray[np.float64]:
    """P(sarcasm) by the very fusion that runs live; one half where it does not know."""
    model, interval = LateFusion(weights), Interval(0, 1)
    nothing = np.zeros(0, np.float32)
    answers = []
    for clip in clips:
        known = {m: (Embedding(0, m, interval, nothing, 1.0, reading),) for m, reading in clip.readings.items()}
        sarcasm = model.fuse(Window(interval, known)).sarcasm
        answers.append(0.5 if sarcasm is None else sarcasm)
    return np.array(answers)


def measure_reliability(clips: Sequence[ReadClip]) -> dict[Modality, float]:
    """Voice and face, by the correlation of their sentiment with the raters' valence; not below 0.05."""
    reliability = {}
    for modality in (Modality.VOICE, Modality.FACE):
        rated = [clip for clip in clips if clip.valence is not None and modality in clip.readings]
        heard = np.array([clip.readings[modality].sentiment for clip in rated])
        valence = np.array([clip.valence for clip in rated], float)
        reliability[modality] = round(max(0.05, float(pearson(heard, valence))), 3)
    return reliability


def _features(clip: ReadClip, reliability: dict[Modality, float]) -> list[float]:
    odds = [_logit(clip.readings[m].sarcasm) if m in clip.readings else 0.0 for m in ORDER]
    shares = [(reliability[m], clip.readings[m].sentiment) for m in reliability if m in clip.readings]
    total = sum(share for share, _ in shares)
    gap = 0.0
    if Modality.TEXT in clip.readings and total > 0:
        delivered = sum(share * sentiment for share, sentiment in shares) / total
        gap = max(0.0, clip.readings[Modality.TEXT].sentiment - delivered)
    return [*odds, gap]


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))

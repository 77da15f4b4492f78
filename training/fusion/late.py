"""Examples in, the late average's weights out: maximum a posteriori around the plain average of the heads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from encoders.samples import Modality
from fusion.evidence import ORDER
from fusion.late import LateWeights, gap
from training.fusion.examples import Examples
from training.measures import pearson

PLAIN = np.array([1 / 3, 1 / 3, 1 / 3, 0.0])  # the average of the heads' log odds, the gap unused
PRIOR_SD = 0.5
"""How far the clips may pull a weight from the plain average: chosen beforehand, there are too few to choose it by."""
LEAST_RELIABILITY = 0.05

Floats = NDArray[np.float64]


def fit_late(examples: Examples, weight: Floats, reliability: Mapping[Modality, float]) -> Floats:
    """text, voice, face, gap and bias [5] for clips that weigh `weight` [n]; no head may count against itself."""
    rows = tabulate(examples, reliability)  # [n, k, 4]
    labels = np.repeat(examples.sarcasm.astype(float)[:, None], rows.shape[1], axis=1)
    share = np.repeat(weight[:, None], rows.shape[1], axis=1) / rows.shape[1]

    def loss(parameters: Floats) -> float:
        odds = rows @ parameters[:4] + parameters[4]
        likelihood = np.sum(share * (np.logaddexp(0, odds) - labels * odds))
        return float(likelihood + np.sum((parameters[:4] - PLAIN) ** 2) / (2 * PRIOR_SD**2))

    found = minimize(loss, np.append(PLAIN, 0.0), method="L-BFGS-B", bounds=[(0, None)] * 4 + [(None, None)])
    return np.asarray(found.x, np.float64)


def balance(sarcasm: NDArray[np.bool_], kept: NDArray[np.bool_]) -> Floats:
    """A weight for each clip [n], 0 where not `kept`, else such that both classes count the same and a clip about 1.

    So P(sarcasm) is meant for speech of which half is sarcastic, and no bias learns how often these speakers are.
    """
    share = min(max(float(sarcasm[kept].mean()), 0.01), 0.99) if kept.any() else 0.5
    return kept * np.where(sarcasm, 0.5 / share, 0.5 / (1 - share))


def tabulate(examples: Examples, reliability: Mapping[Modality, float]) -> Floats:
    """What the late average weighs [n, k, 4]: the present log odds of text, voice and face, and the gap."""
    readings = examples.evidence["readings"].astype(np.float64)
    presence = examples.evidence["presence"].astype(np.float64)
    shares = np.array([reliability.get(modality, 0.0) for modality in ORDER])
    flat = gap(readings[..., 1].reshape(-1, 3), presence.reshape(-1, 3), shares)
    return np.concatenate([presence * readings[..., 0], flat.reshape(*presence.shape[:2], 1)], axis=2)


def describe_late(weights: Floats, reliability: Mapping[Modality, float]) -> LateWeights:
    text, voice, face, gap_weight, bias = (round(float(number), 6) for number in weights)
    return LateWeights(bias, text, voice, face, gap_weight, dict(reliability))


def measure_reliability(examples: Examples) -> dict[Modality, float]:
    """Voice and face, by the correlation of their sentiment with the raters' valence at the clips' ends."""
    reliability = {}
    for modality in (Modality.VOICE, Modality.FACE):
        row = ORDER.index(modality)
        heard = examples.evidence["readings"][:, -1, row, 1].astype(np.float64)
        known = (examples.evidence["presence"][:, -1, row] > 0) & np.isfinite(examples.valence)
        together = pearson(examples.valence[known], heard[known]) if known.sum() > 2 else 0.0
        reliability[modality] = round(max(LEAST_RELIABILITY, together), 3)
    return reliability

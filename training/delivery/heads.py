"""Statistics over time with their clips' labels in, a calibrated linear head out.

With a few hundred clips most of a freely fitted weight is noise. So weights are learnt from how a speaker's own clips
differ (an offset for each speaker takes up how sarcastic their part is), drawn to one common size in the direction that
the literature found (SIGNS), and never point against it; where the literature is silent they are drawn to 0. How hard
they are drawn is chosen by the loss on held-out speakers of the training clips, never on a test show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from encoders.head import LARGEST_DEVIATION, LinearHead, Statistic
from encoders.samples import Modality

Floats = NDArray[np.float64]

PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
INNER_FOLDS = 5
NOTHING = np.zeros(0, np.intp)

# Cheang & Pell 2008, Rockwell 2000, Chen & Boves 2018 (voice); Attardo et al. 2003, Caucci & Kreuz 2012, Aguert 2021
# (face).
SARCASM_SIGNS: Mapping[str, int] = {
    "pitch_level": -1,
    "pitch_range": -1,
    "pitch_movement": -1,
    "tempo": -1,
    "vowel_length": 1,
    "loudness_range": 1,
    "loudness_peak": 1,
    "clarity": -1,
    "pauses": -1,  # irregular pauses sound expressive and raise false alarms; they do not mark sarcasm (Chen 2026)
    "brow_flash": 1,
    "lip_asymmetry": 1,
    "mouth_movement": 1,
    "gaze_up": 1,
}
SENTIMENT_SIGNS: Mapping[str, int] = {
    "pitch_level": 1,
    "pitch_range": 1,
    "smile": 1,
    "frown": -1,
    "brow_lower": -1,
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Statistics [rows, n] of many moments. A clip's rows weigh one clip together. `valence` is NaN where unrated."""

    values: Floats
    weight: Floats
    sarcasm: NDArray[np.bool_]
    valence: Floats
    speaker: NDArray[np.str_]
    show: NDArray[np.str_]

    def where(self, chosen: NDArray[np.bool_]) -> Rows:
        return Rows(
            self.values[chosen],
            self.weight[chosen],
            self.sarcasm[chosen],
            self.valence[chosen],
            self.speaker[chosen],
            self.show[chosen],
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A linear score of standardised statistics: weights [n] and a bias, and the loss it was left with."""

    weights: Floats
    bias: float
    loss: float


def train_head(rows: Rows, modality: Modality, statistics: Sequence[Statistic], *, signed: bool = True) -> LinearHead:
    """Both lines of a head: sarcasm, calibrated by Platt's method on held-out speakers, and sentiment of sincere
    clips.
    """
    names = [statistic.name for statistic in statistics]
    mean = np.average(rows.values, axis=0, weights=rows.weight)
    scale = np.sqrt(np.average(np.square(rows.values - mean), axis=0, weights=rows.weight)) + 1e-6
    standard = np.clip((rows.values - mean) / scale, -LARGEST_DEVIATION, LARGEST_DEVIATION)
    speaker = np.unique(rows.speaker, return_inverse=True)[1]
    folds = split_speakers(rows.speaker)
    signs = _look_up(names, SARCASM_SIGNS if signed else {})
    truth = rows.sarcasm.astype(float)
    sarcasm, held_out = _choose(standard, truth, rows.weight, speaker, folds, signs, logistic=True)
    slope, offset = calibrate(held_out, rows.sarcasm, rows.weight, speaker)
    # Sarcastic clips were rated by what is meant; only in sincere ones is that what the delivery shows.
    rated = np.isfinite(rows.valence) & ~rows.sarcasm
    signs = _look_up(names, SENTIMENT_SIGNS if signed else {})
    sentiment, _ = _choose(
        standard[rated], rows.valence[rated], rows.weight[rated], speaker[rated], folds[rated], signs, logistic=False
    )
    level = float(np.average(rows.valence[rated] - standard[rated] @ sentiment.weights, weights=rows.weight[rated]))
    return LinearHead(
        modality, tuple(statistics), mean, scale, sarcasm.weights * slope, offset, sentiment.weights, level
    )


def split_speakers(speakers: NDArray[np.str_]) -> NDArray[np.intp]:
    """A fold for each row; the largest speakers are dealt out first, so that folds are of like size."""
    names, counts = np.unique(speakers, return_counts=True)
    load = np.zeros(INNER_FOLDS)
    fold: dict[str, int] = {}
    for i in np.argsort(-counts, kind="stable"):
        fold[str(names[i])] = int(np.argmin(load))
        load[fold[str(names[i])]] += counts[i]
    return np.array([fold[str(speaker)] for speaker in speakers])


def fit_line(
    values: Floats,
    target: Floats,
    weight: Floats,
    speaker: NDArray[np.intp],
    signs: NDArray[np.intp],
    *,
    penalty: float,
    logistic: bool,
    base: Floats | float = 0.0,
) -> Line:
    """The line that with an offset for each speaker explains `target` best, added to the scores `base`.

    Minimises mean loss (log loss, or half the squared error) + penalty / 2 * |weights - common * signs|^2: weights are
    drawn to one common size, learnt too and never negative, in the direction of `signs` [n], and may not point against
    it. The speakers' offsets, a random effect of unit variance, are no part of the line.
    """
    share = weight / weight.sum()
    width, speakers = values.shape[1], int(speaker.max()) + 1
    shrink = 1.0 / weight.sum()

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, common, bias = parameters[:width], parameters[width], parameters[width + 1]
        offsets = parameters[width + 2 :]
        score = base + values @ weights + bias + offsets[speaker]
        if logistic:
            value = float(share @ (np.logaddexp(0.0, score) - target * score))
            slope = share * (1.0 / (1.0 + np.exp(-score)) - target)
        else:
            value = float(share @ np.square(score - target)) / 2.0
            slope = share * (score - target)
        apart = weights - common * signs
        value += penalty / 2.0 * float(apart @ apart) + shrink / 2.0 * float(common**2 + offsets @ offsets)
        gradient = [
            values.T @ slope + penalty * apart,
            [shrink * common - penalty * float(apart @ signs), slope.sum()],
            np.bincount(speaker, slope, speakers) + shrink * offsets,
        ]
        return value, np.concatenate(gradient)

    free = (-np.inf, np.inf)
    bounds = [{1: (0.0, np.inf), -1: (-np.inf, 0.0)}.get(sign, free) for sign in signs.tolist()]
    start = np.zeros(width + 2 + speakers)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[*bounds, (0.0, np.inf), *[free] * (1 + speakers)]
    )
    return Line(found.x[:width], float(found.x[width + 1]), float(found.fun))


def calibrate(
    score: Floats, truth: NDArray[np.bool_], weight: Floats, speaker: NDArray[np.intp]
) -> tuple[float, float]:
    """Platt's slope (never negative) and offset for held-out scores. No signal gives slope 0: the base rate."""
    rising = np.ones(1, np.intp)
    line = fit_line(score[:, None], truth.astype(float), weight, speaker, rising, penalty=1e-3, logistic=True)
    # With the slope known, the offset is set anew: on average the probability is the share of sarcastic clips.
    slope = float(line.weights[0])
    nobody = np.zeros(len(score), np.intp)
    level = fit_line(
        np.zeros((len(score), 0)),
        truth.astype(float),
        weight,
        nobody,
        NOTHING,
        penalty=0.0,
        logistic=True,
        base=slope * score,
    )
    return slope, level.bias


def _choose(
    values: Floats,
    target: Floats,
    weight: Floats,
    speaker: NDArray[np.intp],
    folds: NDArray[np.intp],
    signs: NDArray[np.intp],
    *,
    logistic: bool,
) -> tuple[Line, Floats]:
    """The line with the penalty of least loss on held-out speakers, and that penalty's held-out scores."""
    best = (np.inf, PENALTIES[-1], np.zeros(len(values)))
    for penalty in PENALTIES:
        score = np.zeros(len(values))
        for fold in np.unique(folds):
            kept, out = folds != fold, folds == fold
            line = fit_line(
                values[kept], target[kept], weight[kept], speaker[kept], signs, penalty=penalty, logistic=logistic
            )
            score[out] = values[out] @ line.weights
        # What the line knows beyond each held-out speaker's own level.
        nothing = np.zeros((len(values), 0))
        left = fit_line(nothing, target, weight, speaker, NOTHING, penalty=0.0, logistic=logistic, base=score)
        if left.loss < best[0]:
            best = (left.loss, penalty, score)
    line = fit_line(values, target, weight, speaker, signs, penalty=best[1], logistic=logistic)
    return line, best[2]


def _look_up(names: Sequence[str], signs: Mapping[str, int]) -> NDArray[np.intp]:
    return np.array([signs.get(name, 0) for name in names], np.intp)

"""Standardised numbers with their targets in, calibrated lines out.

With a few hundred clips most of a freely fitted weight is noise. So weights are learnt from how a speaker's own clips
differ (an offset for each speaker takes up how sarcastic their part is), drawn to one common size in the direction that
the literature found (SIGNS), and never point against it; where the literature is silent they are drawn to 0. How hard
they are drawn is chosen by the loss on held-out people of the training clips, never on a test show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

PENALTIES = (0.1, 0.5, 2.5, 12.5)
STRONG_PENALTIES = (2.5, 12.5, 60.0)  # where the literature knows better than some hundred clips
COMMON = 0.1  # log odds a standard deviation, about: so much one sign of the literature may be worth
INNER_FOLDS = 5
BELIEF = 0.3
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
# Scherer 2003, "Vocal communication of emotion": arousal is the best established of all vocal dimensions.
ACTIVATION_SIGNS: Mapping[str, int] = {
    "pitch_level": 1,
    "pitch_range": 1,
    "pitch_movement": 1,
    "loudness_range": 1,
    "tempo": 1,
    "tilt": 1,
    "expressivity": 1,
    "mouth_movement": 1,
    "head_movement": 1,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What a line is to explain: `target` [rows] (0 and 1 when `logistic`), rows' weights, their speakers' numbers and
    the folds of people.
    """

    target: Floats
    weight: Floats
    speaker: Integers
    folds: Integers
    logistic: bool

    def where(self, chosen: NDArray[np.bool_]) -> Problem:
        return Problem(
            self.target[chosen], self.weight[chosen], self.speaker[chosen], self.folds[chosen], self.logistic
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A linear score: weights [n] and a bias, and the loss it was left with."""

    weights: Floats
    bias: float
    loss: float


def fit_line(
    values: Floats, problem: Problem, signs: Integers, penalty: Floats | float, *, base: Floats | float = 0.0
) -> Line:
    """The line of `values` [rows, n] that with an offset for each speaker explains the target best, added to the scores
    `base`.

    Minimises mean loss (log loss, or half the squared error) + 1 / 2 * penalty [n] * |weights - common * signs|^2:
    weights are drawn to one common size (learnt too, about COMMON, never negative) in the direction of `signs` [n], and
    may not point against it. The speakers' offsets, a random effect of unit variance, are no part of the line.
    """
    target, weight, speaker = problem.target, problem.weight, problem.speaker
    share = weight / weight.sum()
    width, speakers = values.shape[1], int(speaker.max()) + 1
    shrink = 1.0 / weight.sum()
    modesty = shrink / COMMON**2

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, common, bias = parameters[:width], parameters[width], parameters[width + 1]
        offsets = parameters[width + 2 :]
        score = base + values @ weights + bias + offsets[speaker]
        if problem.logistic:
            value = float(share @ (np.logaddexp(0.0, score) - target * score))
            slope = share * (1.0 / (1.0 + np.exp(-score)) - target)
        else:
            value = float(share @ np.square(score - target)) / 2.0
            slope = share * (score - target)
        apart = weights - common * signs
        value += float(penalty * apart @ apart + modesty * common**2 + shrink * offsets @ offsets) / 2.0
        gradient = [
            values.T @ slope + penalty * apart,
            [modesty * common - float(penalty * apart @ signs), slope.sum()],
            np.bincount(speaker, slope, speakers) + shrink * offsets,
        ]
        return value, np.concatenate(gradient)

    free = (-np.inf, np.inf)
    bounds = [{1: (0.0, np.inf), -1: (-np.inf, 0.0)}.get(sign, free) for sign in signs.tolist()]
    start = np.zeros(width + 2 + speakers)
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[*bounds, (0.0, np.inf), *[free] * (1 + speakers)],
        options={"ftol": 1e-7},
    )
    return Line(found.x[:width], float(found.x[width + 1]), float(found.fun))


def held_out_loss(problem: Problem, score: Floats) -> float:
    """The loss of scores [rows] once each speaker's own level is known: what they know beyond it. Newton's method."""
    share = problem.weight / problem.weight.sum()
    shrink = 1.0 / problem.weight.sum()
    speakers = int(problem.speaker.max()) + 1
    levels, bias = np.zeros(speakers), 0.0
    for _ in range(6):
        for common in (True, False):
            told = score + bias + levels[problem.speaker]
            guess = 1.0 / (1.0 + np.exp(-told)) if problem.logistic else told
            slope = share * (guess - problem.target)
            bend = share * np.maximum(guess * (1.0 - guess), 1e-3) if problem.logistic else share
            if common:
                bias -= float(slope.sum() / bend.sum())
            else:
                pull = np.bincount(problem.speaker, slope, speakers) + shrink * levels
                levels -= pull / (np.bincount(problem.speaker, bend, speakers) + shrink)
    told = score + bias + levels[problem.speaker]
    if problem.logistic:
        loss = float(share @ (np.logaddexp(0.0, told) - problem.target * told))
    else:
        loss = float(share @ np.square(told - problem.target)) / 2.0
    return loss + float(shrink / 2.0 * (levels @ levels))


def choose_line(
    values: Floats,
    problem: Problem,
    signs: Sequence[Integers],
    groups: Integers,
    penalties: Sequence[Sequence[float]],
) -> tuple[Line, Floats]:
    """The line with the signs, of those given, and the penalties of least loss on held-out people, and the held-out
    scores [rows] of these.

    Each group of columns (numbered from 0) has a penalty of its own, one of `penalties` [groups]; they are chosen one
    after another, the others' at their strongest until then.
    """
    best: tuple[float, Integers, Floats] | None = None
    for each in signs:
        strengths = np.array([max(options) for options in penalties])
        loss = np.inf
        for group in range(len(strengths)):
            tried = []
            for penalty in penalties[group]:
                strengths[group] = penalty
                tried.append((held_out_loss(problem, _cross_score(values, problem, each, strengths[groups])), penalty))
            loss, strengths[group] = min(tried)
        if best is None or loss < best[0]:
            best = (loss, each, strengths[groups])
    if best is None:
        raise ValueError("no signs to choose from")
    _, chosen, strength = best
    return fit_line(values, problem, chosen, strength), _cross_score(values, problem, chosen, strength)


def _cross_score(values: Floats, problem: Problem, signs: Integers, penalty: Floats) -> Floats:
    score = np.zeros(len(values))
    for fold in np.unique(problem.folds):
        out = problem.folds == fold
        score[out] = values[out] @ fit_line(values[~out], problem.where(~out), signs, penalty).weights
    return score


def calibrate(scores: Floats, problem: Problem, expected: Floats) -> tuple[Floats, float]:
    """Platt's method for held-out scores [rows, n] that are to be added: a factor for each, never negative, and an
    offset.

    A factor is drawn to what is `expected` [n] of it, as if it were known within BELIEF: some dozens of clips of a few
    speakers must not silence what the literature knows, nor make it loud. The offset gives the base rate.
    """
    share = problem.weight / problem.weight.sum()
    trust = 1.0 / (problem.weight.sum() * BELIEF**2)
    speakers = int(problem.speaker.max()) + 1
    count = scores.shape[1]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        factors, bias, levels = parameters[:count], parameters[count], parameters[count + 1 :]
        told = scores @ factors + bias + levels[problem.speaker]
        if problem.logistic:
            value = float(share @ (np.logaddexp(0.0, told) - problem.target * told))
            slope = share * (1.0 / (1.0 + np.exp(-told)) - problem.target)
        else:
            value = float(share @ np.square(told - problem.target)) / 2.0
            slope = share * (told - problem.target)
        apart = factors - expected
        value += trust / 2.0 * float(apart @ apart) + float(levels @ levels) / (2.0 * problem.weight.sum())
        pull = np.bincount(problem.speaker, slope, speakers) + levels / problem.weight.sum()
        return value, np.concatenate([scores.T @ slope + trust * apart, [slope.sum()], pull])

    bounds = [(0.0, np.inf)] * count + [(-np.inf, np.inf)] * (1 + speakers)
    start = np.concatenate([expected, np.zeros(1 + speakers)])
    factors = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x[:count]
    # With the factors known, the offset is set anew: on average the probability is the share of sarcastic clips.
    nobody = Problem(problem.target, problem.weight, np.zeros(len(scores), np.intp), problem.folds, problem.logistic)
    level = fit_line(np.zeros((len(scores), 0)), nobody, NOTHING, 0.0, base=scores @ factors)
    return factors, level.bias


def split_people(people: NDArray[np.str_], folds: int = INNER_FOLDS) -> Integers:
    """A fold for each row; the people with most rows are dealt out first, so that folds are of like size."""
    names, counts = np.unique(people, return_counts=True)
    load = np.zeros(folds)
    fold: dict[str, int] = {}
    for i in np.argsort(-counts, kind="stable"):
        fold[str(names[i])] = int(np.argmin(load))
        load[fold[str(names[i])]] += counts[i]
    return np.array([fold[str(person)] for person in people])


def split_clips(people: NDArray[np.str_], keys: NDArray[np.str_], folds: int = INNER_FOLDS) -> Integers:
    """A fold for each row, of people; of clips (`keys` [rows]) where there are too few people to part.

    Raises ValueError where there are not even two clips.
    """
    if len(np.unique(keys)) < 2:
        raise ValueError("training needs at least two clips with a voice or face for a second")
    return split_people(people if len(np.unique(people)) >= folds else keys, folds)


def look_up(names: Sequence[str], signs: Mapping[str, int]) -> Integers:
    return np.array([signs.get(name, 0) for name in names], np.intp)

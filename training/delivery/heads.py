"""Rows of clips in, a head for them out: lines on what has a name, a line on the sound, networks where they help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from encoders.face import FACE_DIMS
from encoders.face_statistics import DEVIATION_DIMS, FACE_STATISTICS
from encoders.head import ACTIVATION, LARGEST_DEVIATION, SENTIMENT, Columns, Head, Networks, Statistic
from encoders.prosody import PROSODY_DIMS, VOICE_DIMS
from encoders.samples import Modality
from encoders.sound import SOUND_DIMS
from encoders.voice_statistics import VOICE_STATISTICS
from training.delivery.lines import (
    ACTIVATION_SIGNS,
    PENALTIES,
    SARCASM_SIGNS,
    SENTIMENT_SIGNS,
    STRONG_PENALTIES,
    Problem,
    calibrate,
    choose_line,
    look_up,
    split_clips,
)
from training.delivery.networks import Task, train_members
from training.delivery.rows import Rows

MEMBERS = 5
EXPECTED = np.array([1.0, 0.0])  # the lines are drawn to what is known already, the networks to nothing
LEAST_FACTOR = 0.05  # networks that held-out people believe less than this are left out

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a head is made of. `line` names the vectors' columns that get a line of their own, `network` those that the
    convolution reads; `networks` is how many members there are, 0 for lines alone: those are not shipped, for on shows
    that were held out they added nothing (docs/model-card.md). Whether the literature's signs are heeded says `signed`;
    None lets held-out people of the training clips decide, for each output.

    `activation` names a statistic that is the activation itself: how expressive a face is can be measured, and what
    raters call aroused is something else. Without one activation is learnt from their arousal.
    """

    modality: Modality
    statistics: tuple[Statistic, ...]
    dims: tuple[str, ...]
    line: tuple[str, ...]
    network: tuple[str, ...]
    activation: str = ""
    networks: int = 0
    signed: bool | None = None


VOICE = Recipe(
    Modality.VOICE,
    VOICE_STATISTICS,
    VOICE_DIMS,
    SOUND_DIMS,
    PROSODY_DIMS,
    signed=True,
)
FACE = Recipe(Modality.FACE, FACE_STATISTICS, FACE_DIMS, (), DEVIATION_DIMS, activation="expressivity")
RECIPES = MappingProxyType({Modality.VOICE: VOICE, Modality.FACE: FACE})
SIGNS = (SARCASM_SIGNS, SENTIMENT_SIGNS, ACTIVATION_SIGNS)


def train_head(rows: Rows, recipe: Recipe) -> Head:
    """The head for `rows`: sarcasm calibrated by Platt's method on held-out people, sentiment of sincere clips, and
    activation.
    """
    mean = np.average(rows.statistics, axis=0, weights=rows.weight)
    scale = np.sqrt(np.average(np.square(rows.statistics - mean), axis=0, weights=rows.weight)) + 1e-6
    deviations = np.clip((rows.statistics - mean) / scale, -LARGEST_DEVIATION, LARGEST_DEVIATION)
    line_columns, network_columns = (_measure_columns(rows, recipe, names) for names in (recipe.line, recipe.network))
    heard = line_columns.average(rows.vectors, rows.known)
    values = np.concatenate([deviations, heard], axis=1)
    groups = np.repeat([0, 1], [deviations.shape[1], heard.shape[1]])
    problems = _pose(rows)

    weights, bias, held_out = np.zeros((values.shape[1], 3)), np.zeros(3), np.zeros((len(rows), 3))
    for output, problem in enumerate(problems):
        rated = np.isfinite(problem.target)
        if rated.sum() and len(np.unique(problem.target[rated])) > 1:
            names = [statistic.name for statistic in recipe.statistics]
            signs = np.zeros(values.shape[1], np.intp)
            signs[: len(names)] = look_up(names, SIGNS[output])
            tried = [signs, np.zeros_like(signs)] if recipe.signed is None else [signs * recipe.signed]
            penalties = (STRONG_PENALTIES if problem.logistic else PENALTIES, PENALTIES)
            line, held_out[rated, output] = choose_line(values[rated], problem.where(rated), tried, groups, penalties)
            weights[:, output] = line.weights
            held_out[~rated, output] = values[~rated] @ line.weights
    networks: Networks | None = None
    added = np.zeros_like(held_out)
    if recipe.networks:
        windows = network_columns.standardise(rows.vectors) * rows.known[..., None]
        task = Task(deviations, windows, rows.known, held_out, problems)
        networks, added = train_members(task, network_columns, recipe.networks)

    factors = np.zeros((2, 3))
    for output, problem in enumerate(problems):
        rated = np.isfinite(problem.target)
        if rated.any():
            scores = np.stack([held_out[rated, output], added[rated, output]], axis=1)
            factors[:, output], bias[output] = calibrate(scores, problem.where(rated), EXPECTED)
    factors[:, [SENTIMENT, ACTIVATION]] = np.minimum(factors[:, [SENTIMENT, ACTIVATION]], 1.0)
    head = Head(
        recipe.modality,
        recipe.statistics,
        mean,
        scale,
        weights[: deviations.shape[1]] * factors[0],
        bias,
        line_columns,
        weights[deviations.shape[1] :] * factors[0],
        _believe(networks, factors[1]),
    )
    head = _level(head, rows, problems)
    return _measure_activation(head, recipe.activation) if recipe.activation else head


def score_rows(head: Head, rows: Rows) -> Floats:
    """Log odds of sarcasm, sentiment and activation [rows, 3], as the head would say them live."""
    deviations = head.standardise(rows.statistics)
    heard = head.columns.average(rows.vectors, rows.known)
    outputs = deviations @ head.weights + head.bias + heard @ head.column_weights
    if head.networks is not None:
        listened = [
            head.networks.listen(vectors, known) for vectors, known in zip(rows.vectors, rows.known, strict=True)
        ]
        outputs = outputs + head.networks.judge(deviations) + np.array(listened)
    return np.asarray(outputs)


def _pose(rows: Rows) -> tuple[Problem, Problem, Problem]:
    speaker = np.unique(rows.speaker, return_inverse=True)[1].astype(np.intp)
    folds = split_clips(rows.person, rows.key)
    # Sarcastic clips were rated by what is meant; only in sincere ones is that what the delivery shows.
    sincere = np.where(rows.sarcasm == 1.0, np.nan, rows.valence)
    return (
        Problem(rows.sarcasm, _balance(rows), speaker, folds, logistic=True),
        Problem(sincere, rows.weight, speaker, folds, logistic=False),
        Problem(rows.arousal, rows.weight, speaker, folds, logistic=False),
    )


def _balance(rows: Rows) -> Floats:
    """Weights [rows] with which both classes count the same: P(sarcasm) is of speech of which half is sarcastic,
    whatever clips were at hand, and heads of different folds can be compared.
    """
    balanced = rows.weight.copy()
    total = rows.weight[np.isfinite(rows.sarcasm)].sum()
    for label in (0.0, 1.0):
        own = rows.sarcasm == label
        if own.any():
            balanced[own] *= 0.5 * total / rows.weight[own].sum()
    return balanced


def _measure_columns(rows: Rows, recipe: Recipe, names: Sequence[str]) -> Columns:
    """Mean and spread of the columns over all known steps, a clip's rows weighing one clip."""
    at = np.array([recipe.dims.index(name) for name in names], np.intp)
    values = rows.vectors[..., at].astype(np.float64)
    weight = rows.known * values.any(axis=-1) * rows.weight[:, None]
    total = max(float(weight.sum()), 1e-9)
    level = np.einsum("rs,rsd->d", weight, values) / total
    spread = np.sqrt(np.einsum("rs,rsd->d", weight, np.square(values - level)) / total) + 1e-6
    return Columns(at, level, spread)


def _believe(networks: Networks | None, factors: Floats) -> Networks | None:
    """The networks, each output times its factor; None where no output is left."""
    factors = np.where(factors >= LEAST_FACTOR, factors, 0.0)
    if networks is None or not factors.any():
        return None
    return replace(networks, hidden_out=networks.hidden_out * factors, pooled_out=networks.pooled_out * factors)


def _level(head: Head, rows: Rows, problems: Sequence[Problem]) -> Head:
    """The head with sentiment and activation right on average."""
    outputs = score_rows(head, rows)
    bias = head.bias.copy()
    for output in (SENTIMENT, ACTIVATION):
        target = problems[output].target
        rated = np.isfinite(target)
        if rated.any():
            bias[output] += np.average(target[rated] - outputs[rated, output], weights=rows.weight[rated])
    return replace(head, bias=bias)


def _measure_activation(head: Head, name: str) -> Head:
    """The head whose activation is that statistic: 0 is usual, 1 the largest deviation that counts."""
    at = [statistic.name for statistic in head.statistics].index(name)
    weights, bias, column_weights = head.weights.copy(), head.bias.copy(), head.column_weights.copy()
    weights[:, ACTIVATION] = np.eye(len(weights))[at] / LARGEST_DEVIATION
    bias[ACTIVATION] = column_weights[:, ACTIVATION] = 0.0
    return replace(head, weights=weights, bias=bias, column_weights=column_weights)

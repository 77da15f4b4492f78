"""Examples in; a term beside f(), and whether it is worth having on people it was not fitted on, out.

Logistic regression with f()'s log odds as its offset, maximum a posteriori around no weight at all. f() itself stays as
it is. The comparison is with f() moved by a constant, fitted on the same people: what only says how often these
recordings are sarcastic must not count as something that the sensor told.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from encoders.samples import Modality
from fusion.term import Term
from training.measures import Figure, auc, bootstrap
from training.plug_in.examples import Examples

PRIOR_SD = 0.5
"""How far the recordings may pull the weight of one standard deviation from none: chosen beforehand."""
FEWEST_SPEAKERS = 5
"""So many, and each is held out in turn, and they are what is drawn for the interval; else recordings are."""
FOLDS = 5
_LEAST_SPREAD = 1e-6

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A term fitted on all, and what one is worth on who was held out: mean log losses without and with it, AUCs, and
    how much less the loss is, with its interval.
    """

    term: Term
    without: float
    within: float
    auc_without: float
    auc_within: float
    gain: Figure
    held_out: str

    @property
    def gains(self) -> bool:
        """Whether it is certain to be better with it."""
        return self.gain.value > 0 and self.gain.certain

    def __str__(self) -> str:
        return (
            f"log loss on {self.held_out} held out: {self.without:.4f} without, {self.within:.4f} with it;"
            f" gain {self.gain.fraction()}; AUC {self.auc_without:.3f} without, {self.auc_within:.3f} with it"
        )


def fit(examples: Examples, modality: Modality, version: str, names: tuple[str, ...] = ()) -> Fitted:
    """Fit on all, and judge by fits on all but those held out. `names` are those of the vector's numbers.

    Raises ValueError where there is too little to learn.
    """
    if len(np.unique(examples.recording)) < 2 * FOLDS or len(np.unique(examples.sarcasm)) < 2:
        raise ValueError(
            f"too little to learn from: {2 * FOLDS} labelled recordings and more are needed, of both kinds"
        )
    speakers = len(np.unique(examples.speaker)) >= FEWEST_SPEAKERS
    groups = examples.speaker if speakers else examples.recording
    odds = np.zeros((2, len(examples)))
    for held_out in _parts(groups, len(np.unique(groups)) if speakers else FOLDS):
        learnt = _learn(examples, ~held_out)
        odds[:, held_out] = learnt.odds(examples)[:, held_out]
    losses = np.logaddexp(0, odds) - examples.sarcasm * odds
    weight = _weigh(examples)
    held = np.unique(groups)
    sums = np.array([[np.sum((weight * (losses[0] - losses[1]))[groups == name]) for name in held],
                     [np.sum(weight[groups == name]) for name in held]])  # fmt: skip
    gain = bootstrap(lambda drawn: float(sums[0, drawn].sum() / sums[1, drawn].sum()), len(held))
    without, within = (float(np.sum(weight * each) / weight.sum()) for each in losses)
    learnt = _learn(examples, np.ones(len(examples), bool))
    aucs = [auc(examples.sarcasm, each) for each in odds]
    judged_on = f"{len(held)} {'people' if speakers else 'recordings'}"
    return Fitted(learnt.term(modality, version, names), without, within, aucs[0], aucs[1], gain, judged_on)


@dataclass(frozen=True, slots=True)
class _Learnt:
    mean: Floats
    scale: Floats
    weights: Floats
    bias: float
    plain: float

    def term(self, modality: Modality, version: str, names: tuple[str, ...]) -> Term:
        rounded = ([round(float(each), 6) for each in numbers] for numbers in (self.mean, self.scale, self.weights))
        mean, scale, weights = map(tuple, rounded)
        return Term(modality, version, mean, scale, weights, names)

    def odds(self, examples: Examples) -> Floats:
        """The log odds [2, n] without the term and with it, each moved by its constant."""
        term = Term(Modality("any"), "", *(tuple(each) for each in (self.mean, self.scale, self.weights)))
        added = examples.presence * (term.standardise(examples.features) @ self.weights)
        return np.array([examples.offset + self.plain, examples.offset + self.bias + added])


def _learn(examples: Examples, kept: NDArray[np.bool_]) -> _Learnt:
    """The weights that the kept examples ask for."""
    told = np.isfinite(examples.features) & kept[:, None]
    count = np.maximum(told.sum(axis=0), 1)
    known = np.where(told, examples.features, 0.0)
    mean = known.sum(axis=0) / count
    spread = np.sqrt((np.where(told, examples.features - mean, 0.0) ** 2).sum(axis=0) / count)
    varies = spread > _LEAST_SPREAD
    scale = np.where(varies, spread, 1.0)
    standard = Term(Modality("any"), "", tuple(mean), tuple(scale), tuple(np.zeros(len(mean)))).standardise
    rows = (examples.presence[:, None] * standard(examples.features))[kept]
    offset, truth, weight = examples.offset[kept], examples.sarcasm[kept].astype(float), _weigh(examples)[kept]

    def loss(parameters: Floats) -> float:
        odds = offset + rows @ parameters[1:] + parameters[0]
        fits = np.sum(weight * (np.logaddexp(0, odds) - truth * odds))
        return float(fits + np.sum(parameters[1:] ** 2) / (2 * PRIOR_SD**2))

    bounds = [(None, None), *((None, None) if each else (0.0, 0.0) for each in varies)]
    found = minimize(loss, np.zeros(1 + len(mean)), method="L-BFGS-B", bounds=bounds).x
    plain = minimize(lambda bias: loss(np.concatenate([bias, np.zeros(len(mean))])), np.zeros(1), method="L-BFGS-B").x
    return _Learnt(mean, scale, np.asarray(found[1:]), float(found[0]), float(plain[0]))


def _weigh(examples: Examples) -> Floats:
    """A weight for each example [n], so that every recording counts as one."""
    _, place, counts = np.unique(examples.recording, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[place])


def _parts(groups: NDArray[np.str_], count: int) -> list[NDArray[np.bool_]]:
    """Which examples [n] each of `count` parts holds out: whole groups, in an order that their names do not decide."""
    names = np.random.default_rng(0).permutation(np.unique(groups))
    return [np.isin(groups, names[first::count]) for first in range(count)]

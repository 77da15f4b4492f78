"""A plug-in's embedding in, what it adds to f()'s log odds of sarcasm out: how fusion heeds what f() never met.

    logit P(sarcasm) = f(evidence) + sum_m a_m w_m z_m

a_m in [0, 1] is the modality's presence, 0 where it is missing. z_m is what its own head tells and its vector, each in
standard deviations from the mean of the recordings that the weights w_m were fitted on, bounded; what is not told
counts as that mean. There is no bias: that a sensor is worn says nothing, only what it shows. Fitted by
`python -m training.plug_in`, which leaves f() as it is.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from encoders.samples import Cue, Modality
from fusion.evidence import Heard, log_odds

TOLD = ("log_odds", "sentiment", "activation")
"""What stands before the vector: the head's reading."""
_OWN = ("own_sarcasm", "own_sentiment", "own_activation")  # TOLD, as reasons for people
LARGEST_DEVIATION = 3.0  # a sensor that slips must not decide alone

Floats = NDArray[np.float64]


class Term(msgspec.Struct, frozen=True):
    """One modality's weights: `mean`, `scale` and `weights`, each TOLD and then the vector's `dim` numbers.

    `version` is part of the model's in every message that it had a say in. `names` are those of the vector's numbers,
    under which they may be named as reasons; a term without names gives none.
    """

    modality: Modality
    version: str
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.modality in tuple(Modality):
            raise ValueError(f"f() itself is trained on the {self.modality}; a term is for what a plug-in adds")
        widths = {len(self.mean), len(self.scale), len(self.weights)}
        if len(widths) != 1 or self.dim < 1:
            raise ValueError(f"mean, scale and weights are {len(TOLD)} numbers and the vector's, each of them")
        if not (np.isfinite([*self.mean, *self.scale, *self.weights]).all() and min(self.scale) > 0):
            raise ValueError("mean, scale and weights are finite numbers, and a scale is above 0")
        if self.names and len(self.names) != self.dim:
            raise ValueError(f"names are as many as the vector's numbers: {self.dim}, not {len(self.names)}")

    @property
    def dim(self) -> int:
        """Length of the vectors it was fitted on."""
        return len(self.weights) - len(TOLD)

    def log_odds(self, heard: Heard) -> float:
        """What it adds for what was heard. Raises ValueError for vectors of another length."""
        return float(self._shares(self._deviations(heard), heard.presence).sum())

    def cues(self, heard: Heard, odds: float) -> list[Cue]:
        """What each number did to the probability of sarcasm of which `odds` are the log odds, this term's included.

        A cue's value is in standard deviations. Raises ValueError for vectors of another length.
        """
        if not self.names:
            return []
        deviations = self._deviations(heard)
        rest = odds - self._shares(deviations, heard.presence)
        effects = _probability(np.array(odds)) - _probability(rest)
        told = zip((*_OWN, *self.names), deviations.tolist(), effects.tolist(), strict=True)
        return [Cue(name, self.modality, value, effect) for name, value, effect in told]

    def standardise(self, features: Floats) -> Floats:
        """Features [..., n] in standard deviations, bounded; 0 where they are not known."""
        deviations = (features - np.array(self.mean)) / np.array(self.scale)
        return np.asarray(np.nan_to_num(np.clip(deviations, -LARGEST_DEVIATION, LARGEST_DEVIATION), nan=0.0))

    def _deviations(self, heard: Heard) -> Floats:
        features = describe(heard)
        if len(features) != len(self.weights):
            raise ValueError(
                f"{self.modality} weights are for vectors of {self.dim}, got {len(heard.embedding.vector)}"
            )
        return self.standardise(features)

    def _shares(self, deviations: Floats, presence: float) -> Floats:
        """What each number adds to the log odds."""
        return np.asarray(presence * deviations * np.array(self.weights))


def describe(heard: Heard) -> Floats:
    """TOLD and the vector [n] of what was heard; nan where its head does not tell."""
    reading = heard.reading
    odds = None if reading.sarcasm is None else log_odds(reading.sarcasm)
    told = [np.nan if each is None else each for each in (odds, reading.sentiment, reading.activation)]
    return np.concatenate([told, heard.embedding.vector.astype(np.float64)])


def _probability(odds: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-odds)))


def load(path: Path) -> Term:
    """The weights in a file. Raises FileNotFoundError, or msgspec.DecodeError when it holds something else."""
    return msgspec.json.decode(path.read_bytes(), type=Term)


def save(term: Term, path: Path) -> None:
    """Write the weights where `load` finds them."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(term)) + b"\n")

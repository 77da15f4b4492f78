"""Named statistics and the vectors of the last seconds in, a reading with its reasons out: the head of face and voice.

Two linear paths, one on the statistics, one on the mean of some columns of the vectors; beside them small networks,
whose answers are averaged and added: a hidden layer on the statistics, and a convolution over the vectors, pooled by
attention (Lin et al. 2017, arXiv 1703.03130). All of it looks back over a fixed stretch, so it streams as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.recent import Recent
from encoders.samples import Cue, Modality, Reading
from encoders.shipped import shipped

CUES = 3
LEAST_EFFECT = 0.01
LARGEST_DEVIATION = 3.0  # a landmark jumping off the face must not decide alone
SARCASM, SENTIMENT, ACTIVATION = range(3)  # the columns of all outputs

NETWORK_ARRAYS = ("hidden", "hidden_bias", "hidden_out", "filters", "filter_bias", "attention", "pooled_out")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number taken over the recent past, and the cue's name when it is low or high for this person."""

    name: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns `at` [d] of the vectors, their mean `level` [d] and `spread` [d] over the training clips."""

    at: NDArray[np.intp]
    level: Floats
    spread: Floats

    def standardise(self, vectors: NDArray[np.float32]) -> Floats:
        """The columns of vectors [..., dim] in standard deviations [..., d], bounded."""
        return np.clip((vectors[..., self.at] - self.level) / self.spread, -LARGEST_DEVIATION, LARGEST_DEVIATION)

    def average(self, vectors: NDArray[np.float32], known: NDArray[np.bool_]) -> Floats:
        """Their mean [..., d], in standard deviations, over the known steps of vectors [..., steps, dim]; else 0.

        A step whose columns are all 0 has not been heard yet and does not count.
        """
        heard = known & vectors[..., self.at].any(axis=-1)
        count = np.maximum(heard.sum(axis=-1), 1)[..., None]
        return np.asarray((self.standardise(vectors) * heard[..., None]).sum(axis=-2) / count)


@dataclass(frozen=True, slots=True)
class Networks:
    """`members` equal networks side by side. Each has a hidden layer on the statistics [k] and a convolution over the
    vectors' `columns` [d]: all of width `taps`, relu, then attention over the steps.

    `hidden` [k, members * units] and its bias, `hidden_out` [members * units, 3]; `filters` [d * taps, members *
    channels] and their bias, `attention` [members, channels], `pooled_out` [members * channels, 3]. The outputs' mean
    over the members is folded into both `_out`.
    """

    columns: Columns
    hidden: Floats
    hidden_bias: Floats
    hidden_out: Floats
    filters: Floats
    filter_bias: Floats
    attention: Floats
    pooled_out: Floats

    def judge(self, deviations: Floats) -> Floats:
        """What the hidden layer adds to the outputs [n, 3] for standardised statistics [n, k]."""
        return np.asarray(np.maximum(deviations @ self.hidden + self.hidden_bias, 0.0) @ self.hidden_out)

    def listen(self, vectors: NDArray[np.float32], known: NDArray[np.bool_]) -> Floats:
        """What the convolution adds to the outputs [3] for vectors [steps, dim], of which those `known` [steps] count.

        Nothing when none are.
        """
        if not known.any():
            return np.zeros(3)
        standard = self.columns.standardise(vectors) * known[:, None]
        taps = len(self.filters) // standard.shape[1]
        padded = np.concatenate([np.zeros((taps - 1, standard.shape[1])), standard])  # a step sees what came before
        seen = np.lib.stride_tricks.sliding_window_view(padded, taps, axis=0)[known]  # [known, d, taps]
        features = np.maximum(seen.reshape(len(seen), -1) @ self.filters + self.filter_bias, 0.0)
        features = features.reshape(len(seen), *self.attention.shape)
        scores = np.einsum("tmc,mc->tm", features, self.attention)
        share = np.exp(scores - scores.max(axis=0))
        pooled = np.einsum("tm,tmc->mc", share / share.sum(axis=0), features)
        return np.asarray(pooled.reshape(-1) @ self.pooled_out)


@dataclass(frozen=True, slots=True)
class Head:
    """P(sarcasm), sentiment and activation from standardised statistics [k] and the recent vectors.

    `mean` and `scale` are those of the training clips; the statistics themselves are relative to the person's baseline.
    `weights` [k, 3] and `bias` [3] are the linear path on them, `columns` and `column_weights` [d, 3] the one on the
    vectors' mean. `networks` are left out where they did not help.
    """

    modality: Modality
    statistics: tuple[Statistic, ...]
    mean: Floats
    scale: Floats
    weights: Floats
    bias: Floats
    columns: Columns
    column_weights: Floats
    networks: Networks | None = None

    @classmethod
    def load(cls, modality: Modality, statistics: Sequence[Statistic], dims: Sequence[str]) -> Head:
        """The shipped weights. Raises ValueError when they were trained for other statistics or vectors."""
        name = f"{modality.value}_head.npz"
        with shipped("encoders", name) as folder:
            return cls.read_file(folder / name, modality, statistics, dims)

    @classmethod
    def read_file(cls, path: Path, modality: Modality, statistics: Sequence[Statistic], dims: Sequence[str]) -> Head:
        """The weights in `path`. Raises ValueError when they were trained for other statistics or vectors."""
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored}
        if arrays["statistics"].tolist() != [statistic.name for statistic in statistics]:
            raise ValueError(f"the {modality.value} head in {path.name} was trained for other statistics")
        if arrays["dims"].tolist() != list(dims):
            raise ValueError(f"the {modality.value} head in {path.name} was trained for other vectors")
        mean, scale, weights, bias = (arrays[name].astype(np.float64) for name in ("mean", "scale", "weights", "bias"))
        columns = _columns(arrays, "column")
        networks = None
        if "hidden" in arrays:
            layers = {name: arrays[name].astype(np.float64) for name in NETWORK_ARRAYS}
            networks = Networks(_columns(arrays, "network_column"), **layers)
        column_weights = arrays["column_weights"].astype(np.float64)
        return cls(modality, tuple(statistics), mean, scale, weights, bias, columns, column_weights, networks)

    def save(self, path: Path, dims: Sequence[str]) -> None:
        """Arrays only, so that it loads without pickle; `dims` name the vectors that it was trained for."""
        arrays: dict[str, NDArray[Any]] = {
            "statistics": np.array([statistic.name for statistic in self.statistics], dtype=np.str_),
            "dims": np.array(dims, dtype=np.str_),
        }
        floats = {name: getattr(self, name) for name in ("mean", "scale", "weights", "bias", "column_weights")}
        floats |= {"column_level": self.columns.level, "column_spread": self.columns.spread}
        arrays["column_at"] = self.columns.at
        if self.networks is not None:
            floats |= {name: getattr(self.networks, name) for name in NETWORK_ARRAYS}
            inner = self.networks.columns
            floats |= {"network_column_level": inner.level, "network_column_spread": inner.spread}
            arrays["network_column_at"] = inner.at
        arrays |= {name: array.astype(np.float32) for name, array in floats.items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **arrays)

    def read(self, statistics: Floats, recent: Recent) -> Reading:
        """The reading for one set of statistics [k], with at most CUES cues of effect >= LEAST_EFFECT.

        A cue's effect is by how much P(sarcasm) would differ, had that one statistic been as usual for this person (the
        recent vectors stay): one pass over the statistics and their variants together tells.
        """
        deviations = self.standardise(statistics)
        variants = np.concatenate([deviations[None], deviations * (1.0 - np.eye(len(deviations)))])
        outputs = self.score(variants, recent)
        probability = 1.0 / (1.0 + np.exp(-outputs[:, SARCASM]))
        effects = probability[0] - probability[1:]
        cues = []
        for i in np.argsort(-np.abs(effects), kind="stable")[:CUES]:
            if abs(effects[i]) >= LEAST_EFFECT:
                name = self.statistics[i].high if deviations[i] > 0 else self.statistics[i].low
                cues.append(Cue(name, self.modality, float(deviations[i]), float(effects[i])))
        sentiment, activation = np.clip(outputs[0, [SENTIMENT, ACTIVATION]], -1.0, 1.0).tolist()
        return Reading(float(probability[0]), sentiment, tuple(cues), activation)

    def standardise(self, statistics: Floats) -> Floats:
        """Statistics [..., k] in standard deviations of the training clips, bounded."""
        return np.clip((statistics - self.mean) / self.scale, -LARGEST_DEVIATION, LARGEST_DEVIATION)

    def score(self, deviations: Floats, recent: Recent) -> Floats:
        """Log odds of sarcasm, sentiment and activation [n, 3], unbounded, for standardised statistics [n, k]."""
        mean = self.columns.average(recent.vectors, recent.known)
        outputs = deviations @ self.weights + self.bias + mean @ self.column_weights
        if self.networks is not None:
            outputs = outputs + self.networks.judge(deviations) + self.networks.listen(recent.vectors, recent.known)
        return np.asarray(outputs)


def _columns(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Columns:
    level, spread = (arrays[f"{prefix}_{name}"].astype(np.float64) for name in ("level", "spread"))
    return Columns(arrays[f"{prefix}_at"].astype(np.intp), level, spread)

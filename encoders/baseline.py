"""Values in, the level this person usually has out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Baseline:
    """Running mean of a vector: cumulative until it has seen `memory_s` seconds, exponential from then on.

    It starts at `prior`, which counts for `prior_s` seconds: with little evidence a person is taken to be like others.
    """

    def __init__(self, prior: NDArray[np.float64], *, prior_s: float, memory_s: float = 20.0) -> None:
        self._prior = np.array(prior, np.float64)
        self._prior_s = prior_s
        self._memory_s = memory_s
        self.reset()

    def reset(self) -> None:
        self.level = self._prior.copy()
        self._seen_s = self._prior_s

    @property
    def seen_s(self) -> float:
        """How much evidence the level rests on, the prior's included; at most `memory_s`."""
        return self._seen_s

    def update(self, value: NDArray[np.float64], duration_s: float) -> None:
        """Take in a value that held for `duration_s` > 0 seconds."""
        self._seen_s = min(self._seen_s + duration_s, self._memory_s)
        self.level += (value - self.level) * min(1.0, duration_s / self._seen_s)

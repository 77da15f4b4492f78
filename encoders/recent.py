"""Embeddings' vectors as they come in; those of the last six seconds, on a grid of 100 ms, out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = 60
STEP_NS = 100_000_000


class Recent:
    """One stream's vectors [dim], the newest of each tenth of a second of the session's axis."""

    def __init__(self, dim: int) -> None:
        self._vectors = np.zeros((STEPS, dim), np.float32)
        self._known = np.zeros(STEPS, np.bool_)
        self._newest: int | None = None

    @property
    def vectors(self) -> NDArray[np.float32]:
        """[STEPS, dim], oldest first, the last one of the newest step; 0 where there was none."""
        return self._vectors

    @property
    def known(self) -> NDArray[np.bool_]:
        """Steps [STEPS] that have a vector."""
        return self._known

    def reset(self) -> None:
        self._vectors[:] = 0.0
        self._known[:] = False
        self._newest = None

    def push(self, start_ns: int, vector: NDArray[np.float32] | None) -> None:
        """Take the vector of what starts at `start_ns`, not earlier than the last; None where nothing was seen."""
        step = start_ns // STEP_NS
        passed = 0 if self._newest is None else min(step - self._newest, STEPS)
        if passed > 0:
            self._vectors[:-passed] = self._vectors[passed:].copy()
            self._known[:-passed] = self._known[passed:].copy()
            self._vectors[-passed:] = 0.0
            self._known[-passed:] = False
        self._newest = step
        if vector is not None:
            self._vectors[-1] = vector
            self._known[-1] = True

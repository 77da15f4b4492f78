"""f() = a small network: evidence in, log odds of sarcasm out, by ONNX Runtime on one thread.

The graph holds all of it, an ensemble and its calibration too. Which f() of the ladder it is, its weights file says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from encoders.samples import Modality
from encoders.shipped import DamagedError
from fusion.evidence import Dims, Evidence, check_known

INPUTS = (
    "words",
    "word_marks",
    "word_mask",
    "voice",
    "voice_mask",
    "face",
    "face_mask",
    "readings",
    "presence",
)
"""The graph's inputs: the fields of Evidence, each with a batch in front, of one where all share it."""
OUTPUT = "log_odds"


class NetworkWeights(msgspec.Struct, frozen=True, tag="network", tag_field="f"):
    """Which graph, for what vectors. `shares` says how much each modality can say, all together 1: measured as the mean
    size of its contribution on the training clips.
    """

    name: str
    graph: str
    sha256: str
    dims: Dims
    shares: dict[Modality, float]
    reliability: dict[Modality, float]

    def __post_init__(self) -> None:
        check_known([*self.shares, *self.reliability])


class Network:
    """One of the learned f()."""

    def __init__(self, weights: NetworkWeights, session: Any) -> None:
        self.name = weights.name
        self.dims = weights.dims
        self._session = session

    @classmethod
    def load(cls, weights: NetworkWeights, folder: Path) -> Network:
        """The graph in `folder`. Raises FileNotFoundError when it is missing, ValueError when it is another one."""
        from encoders.onnx import one_thread_session  # heavy, and not needed where the late average runs

        path = folder / weights.graph
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != weights.sha256:
            raise DamagedError(f"{path} has sha256 {digest}, its description expects {weights.sha256}")
        return cls(weights, one_thread_session(path))

    def log_odds(self, evidence: Sequence[Evidence], /) -> NDArray[np.float64]:
        (found,) = self._session.run([OUTPUT], stack(evidence))
        return np.asarray(found, np.float64)


def stack(evidence: Sequence[Evidence]) -> dict[str, NDArray[np.float32]]:
    """A batch as the graph takes it. What is the very same for all goes in once, and is worked through once."""
    return {name: _stack([getattr(each, name) for each in evidence], shared=name not in _APART) for name in INPUTS}


_APART = ("readings", "presence")  # these say how large the batch is


def _stack(arrays: Sequence[NDArray[np.float32]], *, shared: bool) -> NDArray[np.float32]:
    if shared and all(array is arrays[0] for array in arrays):
        return arrays[0][None]
    return np.array(arrays)

"""The pickle of MUStARD's authors in, the rows of their five speaker-dependent folds out."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_mustard_folds(folder: Path) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The authors' five speaker-dependent folds: rows to train on and rows to test on, in the order of `read_mustard`.

    Raises UnpicklingError when the pickle wants anything but arrays of numbers.
    """
    with (folder / "mustard_folds.p").open("rb") as file:
        folds = _ArraysOnly(file, encoding="latin1").load()
    return [(np.asarray(learnt, np.int64), np.asarray(tested, np.int64)) for learnt, tested in folds]


class _ArraysOnly(pickle.Unpickler):
    """Opens a pickle of numpy arrays; whatever else it names could run anything."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):  # numpy 2 keeps it elsewhere
            return np.zeros(0).__reduce__()[0]
        if (module, name) in {("numpy", "ndarray"), ("numpy", "dtype")}:
            return getattr(np, name)
        raise pickle.UnpicklingError(f"the folds should hold arrays only, not {module}.{name}")

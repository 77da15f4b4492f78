"""A folder of fusion weights in, the fusion model that they describe out: by default the one that ships."""

from __future__ import annotations

from pathlib import Path

import msgspec

from encoders.shipped import shipped
from fusion.late import Late, LateWeights
from fusion.model import Fusion
from fusion.network import Network, NetworkWeights

DESCRIPTION = "fusion.json"


class Description(msgspec.Struct, frozen=True):
    """Which f() it is and what belongs to it: the whole of fusion.json."""

    version: str
    half_life_s: float
    weights: LateWeights | NetworkWeights


def load(folder: Path | None = None) -> Fusion:
    """The fusion model in `folder`, or the shipped one, for speech of which half is sarcastic.

    Raises FileNotFoundError when a file is missing, msgspec.ValidationError when fusion.json says something else, and
    DamagedError when the graph is not the one it was written for, or the description not the one that shipped.
    """
    if folder is not None:
        return _load(folder)
    with shipped("fusion", DESCRIPTION) as shipped_here:
        return _load(shipped_here)


def assemble(description: Description, function: Late | Network) -> Fusion:
    weights = description.weights
    return Fusion(
        function,
        description.version,
        half_life_s=description.half_life_s,
        shares=weights.shares,
        reliability=weights.reliability,
    )


def _load(folder: Path) -> Fusion:
    description = msgspec.json.decode((folder / DESCRIPTION).read_bytes(), type=Description)
    weights = description.weights
    function = Late(weights) if isinstance(weights, LateWeights) else Network.load(weights, folder)
    return assemble(description, function)

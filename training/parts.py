"""The name of a show in, the part of the recordings it is held out with out."""

from __future__ import annotations

from enum import StrEnum


class Part(StrEnum):
    """What is held out together: nothing that is tested on one of them has learnt from it."""

    FRIENDS = "FRIENDS"
    BBT = "BBT"
    OTHERS = "OTHERS"  # too few lines each to be tested alone


def part_of(show: str) -> Part | None:
    """The part that `show` belongs to, spelled as MUStARD and MUStARD++ do; None for what is of neither."""
    return _PARTS.get(show)


_PARTS = {
    "FRIENDS": Part.FRIENDS,
    "BBT": Part.BBT,
    "GOLDENGIRLS": Part.OTHERS,
    "SARCASMOHOLICS": Part.OTHERS,
    "SV": Part.OTHERS,
}

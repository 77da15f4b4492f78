"""A part held out and the name of an f() in; the fusion model that never saw the part, as it would run live, out."""

from __future__ import annotations

from pathlib import Path

from fusion.model import Fusion
from fusion.shipped import load
from training.clips.paths import CACHE
from training.fusion.examples import clip_window
from training.parts import Part

__all__ = ["clip_window", "folder_of", "fusion_without"]

HELD_OUT = CACHE / "fusion" / "held-out"


def fusion_without(part: Part, name: str | None = None, folder: Path = HELD_OUT) -> Fusion:
    """The calibrated f() called `name`, by default the one that ships, trained while `part` was held out.

    Raises FileNotFoundError before `python -m training.fusion` has trained it.
    """
    return load(folder_of(part.value, name or load().name, folder))


def folder_of(split: str, name: str, folder: Path = HELD_OUT) -> Path:
    """Where the weights of one f() lie that was trained without what `split` tests on."""
    return folder / split / name

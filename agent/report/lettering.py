"""Texts in, put on a picture out: in a real typeface, smooth, at any size."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

Colour = tuple[int, int, int]
Picture = NDArray[np.uint8]


@lru_cache(maxsize=16)
def typeface(size_px: int, *, italic: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which has Latin, Greek and Cyrillic letters: matplotlib brings it, and mediapipe matplotlib."""
    found = find_spec("matplotlib")  # is found, not loaded: that takes a second
    (folder,) = found.submodule_search_locations if found and found.submodule_search_locations else ("",)
    file = "DejaVuSans-Oblique.ttf" if italic else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(folder) / "mpl-data" / "fonts" / "ttf" / file, size_px)


def width_px(text: str, size_px: int, *, italic: bool = False) -> int:
    """How wide a text is."""
    return round(typeface(size_px, italic=italic).getlength(text))


def put(
    picture: Picture, text: str, at: tuple[int, int], size_px: int, colour: Colour, *, italic: bool = False
) -> None:
    """Write a text on a picture, uint8 [height, width, 3]; `at` (x, y) is the left end of its middle. What would lie
    outside is left away.
    """
    mask, rise = _mask(text, size_px, italic)
    left, top = at[0], at[1] - rise
    first_x, first_y = max(0, -left), max(0, -top)
    mask = mask[first_y : max(0, picture.shape[0] - top), first_x : max(0, picture.shape[1] - left)]
    if not mask.size:
        return
    region = picture[top + first_y :, left + first_x :][: mask.shape[0], : mask.shape[1]]
    strength = mask[:, :, None].astype(np.uint16)
    region[:] = ((region * (255 - strength) + np.array(colour, np.uint16) * strength) // 255).astype(np.uint8)


@lru_cache(maxsize=256)
def _mask(text: str, size_px: int, italic: bool) -> tuple[NDArray[np.uint8], int]:
    """How much ink there is on each pixel, [height, width], and how far the middle of its letters is below its top."""
    font = typeface(size_px, italic=italic)
    found, offset = font.getmask2(text, mode="L", anchor="ls")
    mask = np.array(found, np.uint8).reshape(found.size[1], found.size[0])
    return mask, round(-offset[1] - 0.35 * size_px)  # letters' middles are a third of the size above their line

"""The face's colours, rgb in [0, 255]."""

from __future__ import annotations

from training.performer.canvas import Rgb

SKIN: Rgb = (233, 188, 160)
SHADE: Rgb = (186, 122, 96)
DEEP: Rgb = (140, 82, 66)
LIGHT: Rgb = (253, 223, 200)
BLUSH: Rgb = (226, 132, 116)
HAIR: Rgb = (66, 44, 36)
HAIR_LIGHT: Rgb = (112, 76, 56)
LASH: Rgb = (46, 30, 28)
WHITE: Rgb = (244, 240, 236)
IRIS: Rgb = (86, 118, 104)
IRIS_RIM: Rgb = (40, 62, 56)
LIP: Rgb = (198, 108, 100)
LIP_DARK: Rgb = (160, 78, 76)
MOUTH: Rgb = (74, 26, 30)
TEETH: Rgb = (243, 238, 230)
TONGUE: Rgb = (188, 92, 92)
SHIRT: Rgb = (46, 84, 98)
SHIRT_DARK: Rgb = (28, 56, 68)

"""A pose in, a picture out: a drawn face (nobody's photograph) that landmark models track and that can act."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from training.performer.canvas import Canvas, Points, curve, ellipse, points, ribbon, shift
from training.performer.features import draw_brow, draw_eye, draw_mouth, draw_nose, smile_of
from training.performer.palette import BLUSH, HAIR, HAIR_LIGHT, LIGHT, SHADE, SHIRT, SHIRT_DARK, SKIN
from training.performer.pose import FacePose, Head

_SUPERSAMPLING = 2


def draw(pose: FacePose, size: tuple[int, int] = (640, 480)) -> NDArray[np.uint8]:
    """The face in `pose`: rgb uint8 [height, width, 3] for size (width, height), in pixels.

    Drawn at twice the size and brought down, so that a lid moves by fractions of a pixel as a filmed one does.
    """
    width, height = size[0] * _SUPERSAMPLING, size[1] * _SUPERSAMPLING
    canvas = Canvas(_backdrop(width, height))
    head = Head(pose, width / 2, 0.47 * height, 0.335 * height)
    _draw_bust(canvas, head)
    _draw_head(canvas, head)
    for side in (-1.0, 1.0):
        draw_eye(canvas, head, side)
        draw_brow(canvas, head, side)
    draw_nose(canvas, head)
    draw_mouth(canvas, head)
    _draw_fringe(canvas, head)
    small = cv2.resize(cv2.merge(list(canvas.planes)), size, interpolation=cv2.INTER_AREA)
    picture: NDArray[np.uint8] = np.clip(cv2.GaussianBlur(small, (0, 0), 0.5), 0, 255).round().astype(np.uint8)
    return picture


@lru_cache(maxsize=4)
def _backdrop(width: int, height: int) -> NDArray[np.float32]:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    glow = np.exp(-(((x - 0.38 * width) / (0.55 * width)) ** 2) - ((y - 0.3 * height) / (0.7 * height)) ** 2)
    far, near = (np.array(c, np.float32)[:, None, None] for c in ((92, 112, 124), (206, 212, 208)))
    ground: NDArray[np.float32] = far + glow * (near - far)
    ground.setflags(write=False)
    return ground


def _mirrored(right: Points) -> Points:
    """A closed outline from its right half, given from the top middle to the bottom middle."""
    return np.concatenate([right, (right * (-1, 1))[-2:0:-1]])


def _draw_bust(canvas: Canvas, head: Head) -> None:
    # The shoulders follow the head by a fraction: a torso sways, it does not turn with every glance.
    sway = FacePose(yaw=0.15 * head.pose.yaw, roll=0.15 * head.pose.roll)
    bust = Head(sway, head.x, head.y, head.scale)

    def at(outline: Points) -> Points:
        return bust.place(outline, stands_out=0.0)

    unit = head.scale
    neck = curve(
        _mirrored(points((0, 0.5), (0.43, 0.5), (0.41, 1.0), (0.47, 1.30), (0.40, 1.60), (0, 1.70))), closed=True
    )
    canvas.fill(at(neck), SHADE, softness=0.008 * unit)
    canvas.fill(at(neck * (0.985, 1.0)), (216, 166, 138), softness=0.010 * unit)
    inside = canvas.mask(at(neck))
    canvas.fill(at(ellipse(0.0, 0.82, 0.62, 0.36)), SHADE, softness=0.09 * unit, opacity=0.75, within=inside)
    for side in (-1.0, 1.0):
        canvas.fill(at(ellipse(side * 0.47, 1.1, 0.12, 0.45)), SHADE, softness=0.07 * unit, opacity=0.6, within=inside)
    neckline = curve(points((-0.50, 1.255), (-0.34, 1.46), (0, 1.565), (0.34, 1.46), (0.50, 1.255)))
    right = curve(points((0.50, 1.255), (0.80, 1.37), (1.18, 1.52), (1.38, 1.75), (1.45, 2.4)))
    shirt = np.concatenate([neckline, right, (right * (-1, 1))[::-1]])
    canvas.fill(at(shirt), SHIRT, softness=0.010 * unit)
    inside = canvas.mask(at(shirt))
    for side, shade in ((-1, 0.5), (1, 0.9)):
        canvas.fill(
            at(ellipse(side * 1.35, 1.85, 0.32, 0.7)), SHIRT_DARK, softness=0.14 * unit, opacity=shade, within=inside
        )
    canvas.fill(
        at(shift(ribbon(neckline, 0.085, start=0.5, end=0.5), 0, 0.02)), SHIRT_DARK, softness=0.012 * unit, opacity=0.75
    )


def _face_outline(pose: FacePose) -> Points:
    drop, cheek = 0.10 * pose.jaw, 0.018 * max(pose.smile, 0.0)
    half = points(
        (0, -0.98), (0.40, -0.90), (0.66, -0.58), (0.715, -0.12), (0.69 + cheek, 0.28),
        (0.60 + cheek, 0.58 + 0.4 * drop), (0.42, 0.83 + 0.8 * drop), (0.20, 0.965 + drop), (0, 0.985 + drop),
    )  # fmt: skip
    return curve(_mirrored(half), closed=True)


def _draw_head(canvas: Canvas, head: Head) -> None:
    pose, unit = head.pose, head.scale

    def rim(outline: Points) -> Points:
        return head.place(outline, stands_out=0.0)

    back = curve(
        _mirrored(points((0, -1.17), (0.42, -1.10), (0.72, -0.80), (0.775, -0.40), (0.70, -0.10), (0, 0.05))),
        closed=True,
    )
    canvas.fill(rim(back), HAIR, softness=0.012 * unit)
    for side in (-1.0, 1.0):
        ear = curve(
            points((0.68, -0.10), (0.77, -0.16), (0.84, -0.07), (0.82, 0.10), (0.745, 0.28), (0.67, 0.25)) * (side, 1),
            closed=True,
        )
        canvas.fill(rim(ear), (222, 168, 142), softness=0.008 * unit)
        canvas.fill(rim(ellipse(side * 0.770, 0.03, 0.026, 0.11)), SHADE, softness=0.02 * unit, opacity=0.7)
    outline = rim(_face_outline(pose))
    # A darker rim under the skin: light skin bleeding past the shading would look like a halo.
    canvas.fill(outline, SHADE, softness=0.006 * unit)
    canvas.fill(rim(_face_outline(pose) * 0.990), SKIN, softness=0.008 * unit)
    inside = canvas.mask(outline)
    # The light comes from the upper left: the right cheek, both temples and the jaw's underside fall off.
    canvas.fill(
        rim(
            curve(
                points((0.80, -0.9), (0.50, -0.4), (0.52, 0.2), (0.40, 0.6), (0.1, 1.0), (0.4, 1.2), (0.95, 0.6)),
                closed=True,
            )
        ),
        SHADE,
        softness=0.10 * unit,
        opacity=0.55,
        within=inside,
    )
    canvas.fill(
        rim(curve(points((-0.85, -0.8), (-0.64, -0.3), (-0.62, 0.3), (-0.40, 0.8), (-0.75, 0.9)), closed=True)),
        SHADE,
        softness=0.08 * unit,
        opacity=0.45,
        within=inside,
    )
    drop = 0.10 * pose.jaw
    canvas.fill(
        rim(ribbon(curve(points((-0.5, 0.86 + drop), (0, 1.05 + drop), (0.5, 0.86 + drop))), 0.12)),
        SHADE,
        softness=0.05 * unit,
        opacity=0.6,
        within=inside,
    )
    canvas.fill(head.place(ellipse(-0.08, -0.52, 0.36, 0.16)), LIGHT, softness=0.12 * unit, opacity=0.55, within=inside)
    canvas.fill(
        head.place(ellipse(-0.02, 0.86 + drop, 0.12, 0.06)), LIGHT, softness=0.05 * unit, opacity=0.5, within=inside
    )
    # Hair throws a shadow on the forehead.
    canvas.fill(
        head.place(
            curve(
                points(
                    (-0.66, -0.72), (-0.3, -0.66), (0.1, -0.70), (0.5, -0.62), (0.7, -0.5), (0.6, -1.0), (-0.6, -1.0)
                ),
                closed=True,
            )
        ),
        SHADE,
        softness=0.06 * unit,
        opacity=0.55,
        within=inside,
    )
    lift = 0.05 * max(pose.smile, 0.0)
    for side in (-1.0, 1.0):
        cheek = smile_of(pose, side)
        canvas.fill(
            head.place(ellipse(side * 0.43, 0.30 - lift, 0.17, 0.11)),
            BLUSH,
            softness=0.07 * unit,
            opacity=0.30 + 0.25 * max(cheek, 0),
            within=inside,
        )
        canvas.fill(
            head.place(ellipse(side * 0.40 - 0.03, 0.19 - lift, 0.12, 0.06)),
            LIGHT,
            softness=0.05 * unit,
            opacity=0.50 + 0.2 * max(cheek, 0),
            within=inside,
        )


def _draw_fringe(canvas: Canvas, head: Head) -> None:
    unit = head.scale

    def at(points: Points) -> Points:
        return head.place(points, stands_out=0.35)

    fringe = curve(
        points(
            (-0.700, 0.02), (-0.665, -0.36), (-0.60, -0.62), (-0.42, -0.74), (-0.10, -0.70), (0.22, -0.76),
            (0.50, -0.68), (0.645, -0.42), (0.700, 0.02), (0.775, -0.38), (0.74, -0.82), (0.44, -1.14),
            (0.0, -1.22), (-0.44, -1.14), (-0.74, -0.82), (-0.775, -0.38),
        ),
        closed=True,
    )  # fmt: skip
    canvas.fill(at(fringe), HAIR, softness=0.012 * unit)
    inside = canvas.mask(at(fringe), 0.01 * unit)
    for i, x in enumerate(np.linspace(-0.62, 0.60, 9)):
        strand = curve(
            points((0.30 + 0.2 * x, -1.20), (0.55 * x + 0.12, -1.02), (x, -0.74 + 0.5 * max(abs(x) - 0.4, 0)))
        )
        canvas.fill(
            at(ribbon(strand, 0.05)), HAIR_LIGHT, softness=0.014 * unit, opacity=0.55 if i % 2 else 0.3, within=inside
        )
    canvas.fill(
        at(ribbon(curve(points((-0.55, -0.86), (-0.2, -1.04), (0.2, -1.06))), 0.10)),
        (140, 98, 74),
        softness=0.04 * unit,
        opacity=0.5,
        within=inside,
    )

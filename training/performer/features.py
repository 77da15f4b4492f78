"""A head's pose in, its eyes, brows, nose and mouth painted: the parts of the face that act."""

from __future__ import annotations

import numpy as np

from training.performer.canvas import Canvas, Points, curve, ellipse, points, ribbon, shift
from training.performer.palette import (
    DEEP,
    HAIR,
    HAIR_LIGHT,
    IRIS,
    IRIS_RIM,
    LASH,
    LIGHT,
    LIP,
    LIP_DARK,
    MOUTH,
    SHADE,
    TEETH,
    TONGUE,
    WHITE,
)
from training.performer.pose import FacePose, Head


def smile_of(pose: FacePose, side: float) -> float:
    """How far this side's mouth corner is pulled, in [-1, 1]."""
    return float(np.clip(pose.smile + side * pose.asymmetry, -1.0, 1.0))


def draw_eye(canvas: Canvas, head: Head, side: float) -> None:
    pose, unit = head.pose, head.scale
    squint = 0.30 * max(pose.smile, 0.0) + 0.25 * pose.brow_down
    shut = pose.blink
    open_top = (0.088 + 0.018 * pose.brow_raise) * (1 - 0.45 * squint)
    open_bottom = 0.050 * (1 - squint)
    top = -open_top * (1 - shut) + 0.030 * shut
    bottom = open_bottom * (1 - shut) + 0.038 * shut
    centre = np.array((side * 0.305, -0.06))

    def lid(height: float) -> Points:
        """From the inner to the outer corner, `height` below them at its extreme."""
        return curve(
            points(
                (-0.150, 0.018), (-0.085, 0.64 * height + 0.006), (0.0, height), (0.090, 0.70 * height), (0.160, -0.012)
            )
            * (side, 1)
            + centre
        )

    def at(points: Points) -> Points:
        return head.place(points)

    socket = ellipse(float(centre[0]), float(centre[1]) - 0.03, 0.20, 0.12)
    canvas.fill(at(socket), SHADE, softness=0.045 * unit, opacity=0.42)
    canvas.fill(at(ellipse(side * 0.165, -0.09, 0.045, 0.10)), SHADE, softness=0.03 * unit, opacity=0.4)
    canvas.fill(at(ribbon(lid(top - 0.045 + 0.02 * shut), 0.018)), DEEP, softness=0.007 * unit, opacity=0.55)
    upper, lower = lid(top), lid(bottom)
    opening = np.concatenate([upper, lower[::-1]])
    if shut < 0.97:
        inside = canvas.mask(at(opening), 0.003 * unit)
        canvas.fill(at(ellipse(float(centre[0]), float(centre[1]), 0.2, 0.2)), WHITE, within=inside)
        for corner in (-0.15, 0.16):
            canvas.fill(
                at(ellipse(float(centre[0]) + side * corner, -0.06, 0.05, 0.07)),
                (206, 176, 166),
                softness=0.015 * unit,
                opacity=0.7,
                within=inside,
            )
        iris_x, iris_y = float(centre[0]) + 0.068 * pose.gaze_x, float(centre[1]) - 0.008 + 0.035 * pose.gaze_y
        for radius, rgb, soft in ((0.077, IRIS_RIM, 0.006), (0.067, IRIS, 0.010), (0.034, (18, 16, 18), 0.004)):
            canvas.fill(at(ellipse(iris_x, iris_y, radius, radius)), rgb, softness=soft * unit, within=inside)
        canvas.fill(
            at(ellipse(iris_x, iris_y + 0.038, 0.040, 0.020)),
            (138, 166, 144),
            softness=0.008 * unit,
            opacity=0.6,
            within=inside,
        )
        canvas.fill(
            at(ribbon(shift(upper, 0, 0.012), 0.040, start=0.5, end=0.5)),
            (60, 44, 44),
            softness=0.010 * unit,
            opacity=0.55,
            within=inside,
        )
        canvas.fill(
            at(ellipse(iris_x - 0.022, iris_y - 0.024, 0.014, 0.014)),
            (255, 255, 255),
            softness=0.003 * unit,
            within=inside,
        )
    canvas.fill(at(ribbon(lower, 0.012, start=0.4, end=0.6)), DEEP, softness=0.005 * unit, opacity=0.55)
    canvas.fill(at(ribbon(shift(lower, 0, 0.045), 0.030)), SHADE, softness=0.014 * unit, opacity=0.30 + 0.8 * squint)
    canvas.fill(at(ribbon(upper, 0.026, start=0.3, end=0.8)), LASH, softness=0.004 * unit)


def draw_brow(canvas: Canvas, head: Head, side: float) -> None:
    pose, unit = head.pose, head.scale
    lift = 0.130 * pose.brow_raise
    inner = -0.235 - 1.15 * lift + 0.100 * pose.brow_down
    middle = -0.280 - lift + 0.085 * pose.brow_down
    outer = -0.215 - 0.9 * lift + 0.040 * pose.brow_down
    pull = 0.035 * pose.brow_down
    line = curve(
        points((0.135 - pull, inner), (0.24 - pull, 0.4 * inner + 0.6 * middle - 0.006), (0.37, middle), (0.505, outer))
        * (side, 1)
    )
    canvas.fill(head.place(ribbon(line, 0.074, start=0.75, end=0.15)), HAIR, softness=0.008 * unit, opacity=0.92)
    canvas.fill(head.place(ribbon(shift(line, 0, -0.012), 0.022)), HAIR_LIGHT, softness=0.010 * unit, opacity=0.4)
    # Skin answers: a furrow between lowered brows, lines over raised ones.
    canvas.fill(
        head.place(
            ribbon(points((0.055, inner - 0.03), (0.050, inner + 0.02), (0.062, inner + 0.08)) * (side, 1), 0.024)
        ),
        DEEP,
        softness=0.010 * unit,
        opacity=0.7 * pose.brow_down,
    )
    for row in range(2):
        y = -0.50 - 0.085 * row - 0.5 * lift
        crease = curve(points((0.0, y + 0.01), (0.22, y - 0.012), (0.42, y + 0.012)) * (side, 1))
        canvas.fill(
            head.place(ribbon(crease, 0.018, start=0.8)), SHADE, softness=0.008 * unit, opacity=0.6 * pose.brow_raise
        )


def draw_nose(canvas: Canvas, head: Head) -> None:
    unit = head.scale

    def at(points: Points) -> Points:
        return head.place(points, stands_out=1.25)

    flare = 0.012 * max(head.pose.smile, 0.0)
    canvas.fill(
        at(curve(points((0.07, -0.14), (0.085, 0.10), (0.15 + flare, 0.30), (0.07, 0.36), (0.045, 0.12)), closed=True)),
        SHADE,
        softness=0.025 * unit,
        opacity=0.75,
    )
    canvas.fill(
        at(
            curve(
                points((-0.075, -0.14), (-0.10, 0.12), (-0.15 - flare, 0.30), (-0.11, 0.32), (-0.065, 0.1)), closed=True
            )
        ),
        SHADE,
        softness=0.022 * unit,
        opacity=0.40,
    )
    canvas.fill(
        at(ribbon(points((-0.012, -0.12), (-0.016, 0.05), (-0.016, 0.25)), 0.05, start=0.5, end=0.9)),
        LIGHT,
        softness=0.018 * unit,
        opacity=0.8,
    )
    canvas.fill(at(ellipse(0.0, 0.385, 0.13, 0.035)), SHADE, softness=0.022 * unit, opacity=0.75)
    canvas.fill(at(ellipse(-0.012, 0.265, 0.055, 0.045)), LIGHT, softness=0.022 * unit, opacity=0.85)
    for side in (-1.0, 1.0):
        wing = curve(points((0.105, 0.235), (0.150 + flare, 0.275), (0.148 + flare, 0.335), (0.105, 0.352)) * (side, 1))
        canvas.fill(at(ribbon(wing, 0.022)), DEEP, softness=0.009 * unit, opacity=0.55)
        canvas.fill(at(ellipse(side * 0.068, 0.350, 0.036, 0.015)), (104, 54, 46), softness=0.007 * unit, opacity=0.85)


def draw_mouth(canvas: Canvas, head: Head) -> None:
    pose, unit = head.pose, head.scale
    jaw = pose.jaw
    left, right = smile_of(pose, -1.0), smile_of(pose, 1.0)

    def corner(side: float, pull: float) -> tuple[float, float]:
        reach = (
            0.240
            + 0.085 * max(pull, 0.0)
            + 0.015 * max(-pull, 0.0)
            - 0.080 * max(pose.rounding, 0.0)
            - 0.03 * min(pose.rounding, 0.0)
        )
        return side * reach, 0.588 - (0.085 if pull > 0 else 0.050) * pull + 0.040 * jaw

    (lx, ly), (rx, ry) = corner(-1.0, left), corner(1.0, right)
    glad = max(pose.smile, 0.0)
    thick = 1.0 - 0.25 * glad + 0.25 * max(pose.rounding, 0.0)
    lift = 0.018 * glad + 0.03 * jaw
    seam, drop = 0.585 + 0.012 * glad - 0.3 * lift, 0.275 * jaw

    def across(*middle: tuple[float, float]) -> Points:
        """From corner to corner through points given as (share of the half width, y)."""
        knots = [
            (lx, ly),
            *((s * (rx if s > 0 else -lx), y + abs(s) ** 2 * 0.5 * ((ry if s > 0 else ly) - 0.592)) for s, y in middle),
            (rx, ry),
        ]
        return curve(points(*knots))

    top = 0.585 - 0.062 * thick - lift
    outer_top = across(
        (-0.55, top + 0.022), (-0.20, top - 0.006), (0.0, top + 0.010), (0.20, top - 0.006), (0.55, top + 0.022)
    )
    inner_top = across((-0.5, seam - 0.004), (0.0, seam + 0.006), (0.5, seam - 0.004))
    inner_low = across(
        (-0.5, seam + 0.002 + 0.86 * drop), (0.0, seam + 0.008 + drop), (0.5, seam + 0.002 + 0.86 * drop)
    )
    base = seam + 0.092 * thick + drop
    outer_low = across((-0.55, base - 0.022), (0.0, base), (0.55, base - 0.022))

    def at(points: Points) -> Points:
        return head.place(points, stands_out=1.08)

    canvas.fill(at(ellipse(0.0, base + 0.045, 0.15, 0.03)), SHADE, softness=0.022 * unit, opacity=0.65)
    canvas.fill(
        at(ribbon(points((0, 0.41), (0, 0.45), (0, 0.50)), 0.045, start=0.6, end=0.9)),
        SHADE,
        softness=0.015 * unit,
        opacity=0.35,
    )
    for side, pull in ((-1.0, left), (1.0, right)):
        fold = curve(
            points((0.165, 0.30), (0.265 + 0.03 * pull, 0.42), (0.315 + 0.06 * max(pull, 0), 0.56)) * (side, 1)
        )
        canvas.fill(at(ribbon(fold, 0.030)), DEEP, softness=0.012 * unit, opacity=0.16 + 0.45 * max(pull, 0.0))
        x, y = (lx, ly) if side < 0 else (rx, ry)
        canvas.fill(at(ellipse(x + side * 0.018, y, 0.022, 0.026)), DEEP, softness=0.012 * unit, opacity=0.55)
    canvas.fill(at(np.concatenate([outer_top, outer_low[::-1]])), LIP, softness=0.006 * unit)
    canvas.fill(at(np.concatenate([outer_top, inner_top[::-1]])), LIP_DARK, softness=0.006 * unit, opacity=0.55)
    canvas.fill(at(ellipse(-0.02, base - 0.045, 0.085, 0.014)), (236, 170, 158), softness=0.010 * unit, opacity=0.7)
    gap = np.concatenate([inner_top, inner_low[::-1]])
    if jaw > 0.02:
        inside = canvas.mask(at(gap), 0.003 * unit)
        canvas.fill(at(gap), MOUTH, softness=0.003 * unit)
        canvas.fill(
            at(ellipse(0.0, seam + 0.95 * drop, 0.12, 0.4 * drop)),
            TONGUE,
            softness=0.015 * unit,
            opacity=0.8,
            within=inside,
        )
        along = np.linspace(-0.76, 0.76, 25)
        edge = seam + min(0.045, 0.35 * drop) + along**2 * (0.5 * (min(ly, ry, 0.588) - 0.592) - 0.010)
        edge_x = along * np.where(along > 0, rx, -lx)
        teeth = np.stack([np.concatenate([edge_x, edge_x[::-1]]), np.concatenate([edge, edge[::-1] - 0.12])], axis=1)
        canvas.fill(at(teeth), TEETH, softness=0.006 * unit, opacity=0.92, within=inside)
    else:
        canvas.fill(at(ribbon(inner_top, 0.016, start=0.7, end=0.7)), (110, 48, 50), softness=0.005 * unit, opacity=0.9)

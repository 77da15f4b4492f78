"""Estimates in, the curves of the last seconds as a strip of picture out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import cv2
import numpy as np

from agent.report.findings import SARCASTIC_FROM
from agent.report.lettering import Colour, Picture, put
from deadpan.messages import Estimate

SHOWN_NS = 10_000_000_000
PAPER: Colour = (23, 25, 27)
INK: Colour = (244, 244, 242)
SOFT: Colour = (163, 169, 175)
LINE: Colour = (62, 66, 70)
SARCASM: Colour = (221, 143, 208)
SAID: Colour = (98, 180, 236)
HEARD: Colour = (240, 151, 74)
_SHADE: Colour = (64, 47, 63)

Value = Callable[[Estimate], float | None]


class Panel:
    """Two lanes of curves, sarcasm and the sentiments, up to a moment at their right end. `width` in pixels; all else
    follows from it.
    """

    def __init__(self, estimates: Iterable[Estimate], width: int) -> None:
        self._estimates = list(estimates)
        self._ends_ns = [each.end_ns for each in self._estimates]
        self._width = width
        self._letters = max(12, round(width / 46))
        self.height = round(width * 0.25) // 2 * 2
        self._left, self._right = round(width * 0.15), round(width * 0.83)

    def draw(self, at_ns: int) -> Picture:
        """uint8 [height, width, 3]: what was estimated in the ten seconds up to this moment."""
        picture = np.empty((self.height, self._width, 3), np.uint8)
        picture[:] = PAPER
        seen = self._seen(at_ns)
        margin, between = round(self.height * 0.08), round(self.height * 0.44)
        self._sarcasm(picture, margin, between - margin // 2, at_ns, seen)
        self._sentiments(picture, between + margin // 2, self.height - margin, at_ns, seen)
        return picture

    def _seen(self, at_ns: int) -> Sequence[Estimate]:
        first, last = bisect_right(self._ends_ns, at_ns - SHOWN_NS), bisect_right(self._ends_ns, at_ns)
        return self._estimates[max(0, first - 1) : last]

    def _sarcasm(self, picture: Picture, top: int, bottom: int, at_ns: int, seen: Sequence[Estimate]) -> None:
        def y(value: float) -> float:
            return bottom - value * (bottom - top)

        for before, each in pairwise(seen):
            if each.sarcasm.state == "on":
                corners = (self._x(before.end_ns, at_ns), top), (self._x(each.end_ns, at_ns), bottom)
                cv2.rectangle(picture, *corners, _SHADE, cv2.FILLED)
        self._rule(picture, round(y(0)))
        self._rule(picture, round(y(SARCASTIC_FROM)), dash=6)
        self._label(picture, "sarcasm", (top + bottom) // 2)
        self._curve(picture, seen, at_ns, lambda each: each.sarcasm.probability, y, SARCASM)
        now = seen[-1].sarcasm.probability if seen else None
        self._value(picture, (top + bottom) // 2, "" if now is None else f"{now:.0%}", SARCASM, size=1.5)

    def _sentiments(self, picture: Picture, top: int, bottom: int, at_ns: int, seen: Sequence[Estimate]) -> None:
        middle = (top + bottom) / 2

        def y(value: float) -> float:
            return middle - value * (bottom - top) / 2

        curves: list[tuple[str, Value, Colour, int]] = [
            ("said", lambda each: each.sentiment.literal, SAID, 7),
            ("heard", lambda each: each.sentiment.delivered, HEARD, 3),
            ("meant", lambda each: each.sentiment.intended, INK, 0),
        ]
        self._rule(picture, round(middle))
        self._label(picture, "sentiment", round(middle))
        for place, (name, value, colour, dash) in enumerate(curves):
            self._curve(picture, seen, at_ns, value, y, colour, dash)
            now = value(seen[-1]) if seen else None
            told = f"{name} –" if now is None else f"{name} {round(now, 2) + 0.0:+.2f}".replace("-", "−")
            self._value(picture, round(top + (place + 0.5) * (bottom - top) / 3), told, colour)

    def _x(self, t_ns: int, at_ns: int) -> int:
        return round(self._right - (at_ns - t_ns) / SHOWN_NS * (self._right - self._left))

    def _curve(
        self,
        picture: Picture,
        seen: Sequence[Estimate],
        at_ns: int,
        value: Value,
        y: Callable[[float], float],
        colour: Colour,
        dash: int = 0,
    ) -> None:
        """A line through the estimates that have a value, of dashes so many pixels long; whole with 0."""
        thickness = max(1, round(self._width / 400))
        dash = round(dash * self._width / 640)
        known = [(self._x(each.end_ns, at_ns), value(each)) for each in seen]
        for (from_x, from_value), (to_x, to_value) in pairwise(known):
            if from_value is None or to_value is None or to_x <= from_x:
                continue
            for left, right in self._dashes(max(from_x, self._left), to_x, dash, at_ns):
                (left_y, right_y) = (
                    y(from_value + (to_value - from_value) * (x - from_x) / (to_x - from_x)) for x in (left, right)
                )
                cv2.line(picture, (left, round(left_y)), (right, round(right_y)), colour, thickness, cv2.LINE_AA)

    def _dashes(self, left: int, right: int, dash: int, at_ns: int) -> Iterator[tuple[int, int]]:
        """Where a line from `left` to `right` is drawn. Dashes stand still on the axis of time, not on the screen."""
        if not dash:
            yield left, right
            return
        phase = (left + at_ns * (self._right - self._left) // SHOWN_NS) % (2 * dash)
        for first in range(left - phase, right, 2 * dash):
            if min(first + dash, right) > max(first, left):
                yield max(first, left), min(first + dash, right)

    def _rule(self, picture: Picture, y: int, dash: int = 0) -> None:
        for left in range(self._left, self._right, 2 * dash or self._width):
            cv2.line(picture, (left, y), (min(self._right, left + dash) if dash else self._right, y), LINE, 1)

    def _label(self, picture: Picture, text: str, y: int) -> None:
        put(picture, text, (round(self._width * 0.015), y), self._letters, SOFT)

    def _value(self, picture: Picture, y: int, text: str, colour: Colour, size: float = 1.0) -> None:
        put(picture, text, (self._right + round(self._width * 0.015), y), round(self._letters * size), colour)

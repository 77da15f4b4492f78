"""A probability in, an on/off state that does not flicker out."""

from __future__ import annotations

from collections.abc import Iterable

from fusion.estimate import SarcasmState


class Hysteresis:
    """On from `on` up, off from `off` down, unchanged between. Unknown while there is no probability."""

    def __init__(self, on: float = 0.6, off: float = 0.4) -> None:
        if not 0 <= off <= on <= 1:
            raise ValueError(f"hysteresis needs 0 <= off <= on <= 1, got off={off}, on={on}")
        self._on, self._off = on, off
        self._is_on = False

    def push(self, probability: float | None) -> SarcasmState:
        self._is_on = self._next(self._is_on, probability)
        return _named(self._is_on, probability)

    def after(self, between: Iterable[float | None], probability: float | None) -> SarcasmState:
        """What push(probability) would say if all of `between` were pushed first; nothing is remembered."""
        is_on = self._is_on
        for each in between:
            is_on = self._next(is_on, each)
        return _named(self._next(is_on, probability), probability)

    def _next(self, is_on: bool, probability: float | None) -> bool:
        if probability is None:
            return False
        return probability >= self._on or (is_on and probability > self._off)


def _named(is_on: bool, probability: float | None) -> SarcasmState:
    if probability is None:
        return "unknown"
    return "on" if is_on else "off"

"""A probability in, an on/off state that does not flicker out."""

from __future__ import annotations

from fusion.estimate import SarcasmState


class Hysteresis:
    """On from `on` up, off from `off` down, unchanged between. Unknown while there is no probability."""

    def __init__(self, on: float = 0.6, off: float = 0.4) -> None:
        if not 0 <= off <= on <= 1:
            raise ValueError(f"hysteresis needs 0 <= off <= on <= 1, got off={off}, on={on}")
        self._on, self._off = on, off
        self._is_on = False

    def push(self, probability: float | None) -> SarcasmState:
        if probability is None:
            self._is_on = False
            return "unknown"
        self._is_on = probability >= self._on or (self._is_on and probability > self._off)
        return "on" if self._is_on else "off"

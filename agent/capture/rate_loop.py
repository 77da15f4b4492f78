"""How far a count of samples is from the time it stands for in; by how much to run it faster or slower out."""

from __future__ import annotations

from encoders.samples import NS_PER_S

MAX_SLEW = 1500e-6  # of 32 ms it makes 48 µs: chunks stamped by a slewed count still meet to within a sample
_MAX_DRIFT = 500e-6
# Gains of the loop, per second and per second squared: critically damped, time constant 10 s. Slow on purpose: crystals
# drift by tens of parts in a million, while callbacks and time stamps jitter by milliseconds.
_PROPORTIONAL = 0.2
_INTEGRAL = _PROPORTIONAL**2 / 4


class RateLoop:
    """Steers a count of samples that has to agree with a clock, by its rate alone, so that it neither stops nor leaps.

    `slew` is how much slower the samples come than their nominal rate says, as a fraction within ±1500 ppm: a drift of
    up to 500 ppm, which is learned, and what it takes to make an error good.
    """

    def __init__(self) -> None:
        self.slew = 0.0
        self._drift = 0.0

    def correct(self, error_ns: float, elapsed_s: float) -> None:
        """Take how far the clock is ahead of the count, `elapsed_s` after the last time."""
        step = _PROPORTIONAL * error_ns / NS_PER_S
        if abs(self._drift + step) < MAX_SLEW:  # an error too large to be drift teaches nothing about it
            self._drift = _within(self._drift + _INTEGRAL * error_ns / NS_PER_S * elapsed_s, _MAX_DRIFT)
        self.slew = _within(self._drift + step, MAX_SLEW)


def _within(rate: float, limit: float) -> float:
    return max(-limit, min(limit, rate))

"""A device's sample counter and when its blocks were heard in; the rate it really delivers out, where it lied."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from encoders.samples import NS_PER_S

STANDARD_RATES_HZ = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000)
_LIE = 0.005  # ten times what the worst crystal is off by
_AGREE = 0.01  # of single seconds, in which callbacks are late by milliseconds
_SECONDS = 4


def nearest_standard(rate_hz: float) -> int | None:
    """The usual sample rate that this measured one must be; None where it is none of them."""
    nearest = min(STANDARD_RATES_HZ, key=lambda standard: abs(standard - rate_hz))
    return nearest if abs(rate_hz / nearest - 1) < _LIE else None


class RateCheck:
    """Compares the samples that come in a second with the number the device promised.

    Each second is judged by its least late block, for lateness only ever adds. A rate is a lie when four seconds in a
    row are all off by more than 0.5 % and agree with each other to 1 %: lost samples, a stall or a suspended machine
    spoil one second, not four alike.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self.forget()

    def forget(self) -> None:
        """Begin again: samples are known to be missing."""
        self._began_ns: int | None = None
        self._second = 0
        self._least: tuple[float, int, int] | None = None  # lateness, sample, heard_ns of this second's best block
        self._points: deque[tuple[int, int]] = deque(maxlen=_SECONDS + 1)

    def observe(self, sample: int, heard_ns: int) -> float | None:
        """Report a block, in order; the samples delivered in a second once it is certain that they are too few or too
        many, else None.
        """
        if self._began_ns is None:
            self._began_ns = heard_ns
        second = (heard_ns - self._began_ns) // NS_PER_S
        late_ns = heard_ns - sample * NS_PER_S / self._rate_hz
        if self._least is not None and second <= self._second:
            self._least = min(self._least, (late_ns, sample, heard_ns))
            return None
        if self._least is not None:
            self._points.append(self._least[1:])
        self._second, self._least = second, (late_ns, sample, heard_ns)
        return self._judge() if len(self._points) > _SECONDS else None

    def _judge(self) -> float | None:
        off = [_rate_hz(early, late) / self._rate_hz - 1 for early, late in pairwise(self._points)]
        if max(off) - min(off) > _AGREE or not (min(off) > _LIE or max(off) < -_LIE):
            return None
        return _rate_hz(self._points[0], self._points[-1])


def _rate_hz(early: tuple[int, int], late: tuple[int, int]) -> float:
    """Samples a second between two (sample, heard_ns); 0 where time stood still."""
    return (late[0] - early[0]) * NS_PER_S / (late[1] - early[1]) if late[1] > early[1] else 0.0

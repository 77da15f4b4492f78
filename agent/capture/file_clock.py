"""How many samples a recording has given and the times it states for them in; the session time of any of them out."""

from __future__ import annotations

from agent.capture.rate_loop import RateLoop
from agent.capture.segment import SAMPLE_RATE_HZ
from encoders.samples import NS_PER_S

# Matroska rounds times to a millisecond, so a count that differs from them by less agrees with them.
_ROUNDING_NS = 1_000_000


class FileClock:
    """Times one unbroken stretch of a recording's sound by counting its samples from `start_ns` on.

    A recorder whose sound card is slow or fast writes times that leave the count; they are right, because its pictures
    are stamped by the same clock. They are followed smoothly: the times of consecutive chunks rise at the nominal rate
    to within 1500 ppm. While the file's times agree with the count to a millisecond, they are exactly the count's.
    """

    def __init__(self, start_ns: int, rate_hz: int) -> None:
        self._start_ns = start_ns
        self._rate_hz = rate_hz
        self._loop = RateLoop()
        self._observed_ns = 0  # as counted
        self._stamped_ns = 0  # as counted
        self._lag_ns = 0.0  # session time − count, where the last chunk was stamped

    def time_ns(self, sample: int) -> int:
        """When sample number `sample` of the stretch, at its own rate, was recorded; for samples not stamped yet."""
        return self._timed(sample * NS_PER_S // self._rate_hz)

    def observe(self, sample: int, stated_ns: int) -> None:
        """Report that the file states `stated_ns` for this sample; in order."""
        counted_ns = sample * NS_PER_S // self._rate_hz
        error_ns = stated_ns - self._timed(counted_ns)
        beyond_ns = error_ns - max(-_ROUNDING_NS, min(_ROUNDING_NS, error_ns))
        self._loop.correct(beyond_ns, (counted_ns - self._observed_ns) / NS_PER_S)
        self._observed_ns = counted_ns

    def stamp(self, sample: int) -> int:
        """The time of sample number `sample` at 16 kHz, which begins a chunk; ask once for each, in order."""
        counted_ns = sample * NS_PER_S // SAMPLE_RATE_HZ
        self._lag_ns += (counted_ns - self._stamped_ns) * self._loop.slew
        self._stamped_ns = counted_ns
        return self._timed(counted_ns)

    def _timed(self, counted_ns: int) -> int:
        lag_ns = self._lag_ns + (counted_ns - self._stamped_ns) * self._loop.slew
        return self._start_ns + counted_ns + round(lag_ns)

"""A device's sample counter and when its blocks were heard in; the session time of any sample out."""

from __future__ import annotations

from collections import deque

from agent.capture.rate_loop import RateLoop
from encoders.samples import NS_PER_S

# How much to hear before the first guess is worth stamping with. A session's start is a machine's busiest second: of a
# quarter of one, all callbacks may have been late.
SETTLE_S = 1.0
WINDOW_S = 0.5  # how long a jump must last to be one
JUMP_NS = 50_000_000


class SampleClock:
    """Fits the device's clock, which counts samples, to the session's, which counts nanoseconds.

    Blocks are reported late by a jitter that only ever adds, so among recent blocks the least late one tells the truth.
    Once settled, the map from samples to time is continuous and its slope stays within 1500 ppm of the nominal rate; so
    it always rises. Only a difference of more than 50 ms that lasts half a second (samples were lost, the machine was
    suspended) moves it at once, and is counted in `jumps`.

    `settle_s` is how long to hear before it is settled; 0 where nothing may wait for that.
    """

    def __init__(self, rate_hz: int, settle_s: float = SETTLE_S) -> None:
        self.jumps = 0
        self.settled = False
        self._rate_hz = rate_hz
        self._settle_s = settle_s
        self._ns_per_sample = NS_PER_S / rate_hz
        self._first_sample = 0
        self._anchor_sample = 0
        self._anchor_ns = 0.0
        self._loop = RateLoop()
        self._lateness: deque[tuple[int, float]] = deque()  # (sample, heard − predicted) within WINDOW_S

    def time_ns(self, sample: float) -> int:
        """When the sample with this number, counted from the stream's start, was heard."""
        return int(self._anchor_ns + (sample - self._anchor_sample) * self._ns_per_sample * (1 + self._loop.slew))

    def observe(self, sample: int, heard_ns: int) -> None:
        """Report that sample number `sample` was heard at `heard_ns` or a little before; once a block, in order."""
        if not self._lateness:
            self._first_sample = self._anchor_sample = sample
            self._anchor_ns = float(heard_ns)
        elapsed_s = (sample - self._anchor_sample) / self._rate_hz
        self._anchor_ns += (sample - self._anchor_sample) * self._ns_per_sample * (1 + self._loop.slew)
        self._anchor_sample = sample
        self._lateness.append((sample, heard_ns - self._anchor_ns))
        while self.settled and self._lateness[0][0] < sample - WINDOW_S * self._rate_hz:
            self._lateness.popleft()
        if self.settled:
            self._follow(elapsed_s)
        else:
            self._move(min(late for _, late in self._lateness))
            self.settled = sample - self._first_sample >= self._settle_s * self._rate_hz

    def _follow(self, elapsed_s: float) -> None:
        late_ns = [late for _, late in self._lateness]
        least_ns = min(late_ns)
        if least_ns > JUMP_NS or max(late_ns) < -JUMP_NS:
            self._move(least_ns)
            self.jumps += 1
        elif least_ns >= -JUMP_NS:  # further than that is either a jump in the making or a device's slip of the pen
            self._loop.correct(least_ns, elapsed_s)

    def _move(self, by_ns: float) -> None:
        self._anchor_ns += by_ns
        self._lateness = deque((sample, late - by_ns) for sample, late in self._lateness)

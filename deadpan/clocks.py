"""When messages were published and when they were received in; how the two clocks stand, and the lag, out."""

from __future__ import annotations

from collections import deque

_S = 1_000_000_000
_MS = 1_000_000
_RECENT_S = 60  # two quartz clocks drift apart by a few milliseconds in that time


class ClockOffset:
    """The local monotonic clock against the axis of one session, from nothing but the messages themselves.

    A message takes some time from its publication to its reader, never less than none: so the smallest difference of
    late is how the clocks stand, and whatever a message has above it is its lag (the minimum filter of NTP, RFC 5905
    §10). No calendar is asked, so it does not matter what the reader's says, nor on which machine the reader is.
    """

    def __init__(self) -> None:
        self._least: deque[tuple[int, int]] = deque(maxlen=_RECENT_S)  # the smallest difference of each second
        self._newest_ns: int | None = None
        self.lag_ms: float | None = None
        """How much later than the fastest of the last minute the newest message came; None before the first."""

    @property
    def offset_ns(self) -> int | None:
        """What to subtract from the local clock to have the session's time; None before the first message."""
        return min((difference for _, difference in self._least), default=None)

    def take(self, published_ns: int, received_ns: int) -> None:
        """Take note of a message. One published before another already taken was sent again: it tells nothing."""
        if self._newest_ns is not None and published_ns < self._newest_ns:
            return
        self._newest_ns = published_ns
        difference, second = received_ns - published_ns, received_ns // _S
        if self._least and self._least[-1][0] == second:
            self._least[-1] = (second, min(difference, self._least[-1][1]))
        else:
            self._least.append((second, difference))
        while self._least[0][0] <= second - _RECENT_S:
            self._least.popleft()
        offset_ns = self.offset_ns
        self.lag_ms = 0.0 if offset_ns is None else (difference - offset_ns) / _MS

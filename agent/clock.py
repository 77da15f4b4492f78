"""The one place that reads time. Everything else is told what time it is."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Time on the session axis, in nanoseconds since the session's origin."""

    def now_ns(self) -> int: ...

    def sleep_until_ns(self, t_ns: int) -> None:
        """Return once now_ns() has reached t_ns; at once if it already has."""
        ...


class SessionClock:
    """Real time. Processes given the same origin share one axis, because they share the machine's monotonic clock."""

    def __init__(self, origin_monotonic_ns: int) -> None:
        self.origin_monotonic_ns = origin_monotonic_ns

    @classmethod
    def start(cls) -> SessionClock:
        """A clock whose origin is now."""
        return cls(time.monotonic_ns())

    def now_ns(self) -> int:
        return time.monotonic_ns() - self.origin_monotonic_ns

    def sleep_until_ns(self, t_ns: int) -> None:
        while (left_ns := t_ns - self.now_ns()) > 0:
            time.sleep(left_ns / 1e9)


class ManualClock:
    """Time that moves only when told to: the clock of recordings scored at full speed, and of tests.

    Sleeping on it moves it forward; it never goes back.
    """

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        return self._now_ns

    def advance_to_ns(self, t_ns: int) -> None:
        self._now_ns = max(self._now_ns, t_ns)

    def sleep_until_ns(self, t_ns: int) -> None:
        self.advance_to_ns(t_ns)


def wall_unix_ns() -> int:
    """The calendar's time: an annotation for people, never used to order or fuse anything."""
    return time.time_ns()

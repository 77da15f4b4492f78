"""What a process does between ready and stop, and how it shows that it lives while it waits for others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from agent.clock import SessionClock
from agent.processes.assignment import Orders
from agent.processes.heart import Heart

_PATIENCE_NS = 30_000_000_000
"""For a reader that is far behind, or being started again; one that has failed for good will never make room."""


class Work(Protocol):
    """A process's work, its models loaded and its devices open."""

    @property
    def counters(self) -> dict[str, int]: ...

    def run(self, clock: SessionClock, orders: Orders, heart: Heart) -> None:
        """Work until told to stop, or until there is nothing more to do."""
        ...


def living(work: Work, clock: SessionClock, orders: Orders, heart: Heart) -> Callable[[], bool]:
    """What to ask while waiting: whether to go on with it, which shows that the process lives."""
    until_ns = clock.now_ns() + _PATIENCE_NS

    def goes_on() -> bool:
        now_ns = clock.now_ns()
        heart.beat_if_due(now_ns, lambda: work.counters, 0.0)
        return now_ns < until_ns and not orders.stopped.is_set()

    return goes_on

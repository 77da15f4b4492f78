"""A process's id in; how long it has worked since it should have been heard of, as its system counts it, out.

To compute is what a slow process does, too. But time that a process is not let run does not count here, so only a step
of its own can be long: one of a few hundredths of a second on a slow machine, of its every step but the recognizer's.
"""

from __future__ import annotations

from pathlib import Path

LATE_S = 0.3
"""How much later than due its sign of life may be, before its work is looked at."""
LONGEST_STEP_S = 0.5
"""Who then works for longer without one, by its own processor time, goes round in circles."""


class Toil:
    """The work of one process's main thread. Where the system does not tell, nobody ever works."""

    def __init__(self, pid: int, processes: Path = Path("/proc")) -> None:
        self._schedule = processes / str(pid) / "schedstat"
        self._since_ns: int | None = None

    def worked_s(self) -> float:
        """Processor time taken since this was asked first, after it was last heard."""
        try:
            now_ns = int(self._schedule.read_text().split()[0])
        except (OSError, ValueError, IndexError):  # it has just ended, or this is another kind of system
            return 0.0
        if self._since_ns is None:
            self._since_ns = now_ns
        return (now_ns - self._since_ns) / 1e9

    def heard(self) -> None:
        """It lives: what it has done before does not count."""
        self._since_ns = None

"""A process's id and its steps in; how long it has been at work on the present one, as its system counts it, out.

To compute is what a slow process does, too. But time that a process is not let run does not count here, so only a step
of its own can be long: one of a few hundredths of a second on a slow machine, of its every step but a reading.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.processes.steps import Steps

_APART_S = 0.1
_ENOUGH = 256  # bytes: three numbers


class Toil:
    """The work of one process's main thread. Where the system does not tell, nobody ever works.

    What it does before its first step does not count: it may look for its place in a long recording.
    """

    def __init__(self, pid: int, steps: Steps, processes: Path = Path("/proc")) -> None:
        self._schedule = str(processes / str(pid) / "schedstat")
        self._steps = steps
        self._due_s = float("-inf")
        self._first = self._taken = steps.taken
        self._began_ns = self._worked_ns = 0

    def worked_s(self, now_s: float) -> float:
        """Processor time taken since it was first seen at its present step. It is looked at ten times a second."""
        if now_s >= self._due_s:
            self._due_s = now_s + _APART_S
            self._look()
        return (self._worked_ns - self._began_ns) / 1e9

    def _look(self) -> None:
        try:
            self._worked_ns = self._scheduled_ns()
        except (OSError, ValueError):  # it has just ended, or this is another kind of system
            return
        if (taken := self._steps.taken) != self._taken or taken == self._first:
            self._taken, self._began_ns = taken, self._worked_ns

    def _scheduled_ns(self) -> int:
        """How long its main thread has had the processor: sched-stats.rst of Linux."""
        opened = os.open(self._schedule, os.O_RDONLY)
        try:
            return int(os.read(opened, _ENOUGH).partition(b" ")[0])
        finally:
            os.close(opened)

"""A process's id in; whether it has stopped moving, as its system schedules it, out.

However busy a machine is, it can be told apart whether a process waits for the processor or for nothing: who has work
to do is runnable, or waits for the disk. One that sleeps through the wake-ups it has itself asked for, with none of its
threads at work, hangs; one that is stopped by a signal will not go on by itself.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypeAlias

Motion: TypeAlias = Literal["moving", "asleep", "stopped"]

_APART_S, _LOOKS = 0.1, 4
STILL_S = _APART_S * _LOOKS
"""How long a process has not moved, at the least, before that is said."""
_STATE, _SWITCHES = b"\nState:\t", b"\nvoluntary_ctxt_switches:"
_BUSY = frozenset("RD")  # it runs, would run, or waits for the disk: proc_pid_stat(5)
_ENOUGH = 8192  # bytes: several times what the system says of a process


class Stillness:
    """What is known of one process, look by look: looks are counted, so that after the whole machine has slept nobody
    is taken for dead. Where the system does not tell, everybody is `moving`, and who was never seen to move is, too.
    """

    def __init__(self, pid: int, processes: Path = Path("/proc")) -> None:
        self._folder = processes / str(pid)
        self._status, self._schedule = str(self._folder / "status"), str(self._folder / "schedstat")
        self._due_s = float("-inf")
        self._turns: bytes | None = None
        self._moves = False
        self._stopped = self._asleep = 0

    def motion(self, now_s: float) -> Motion:
        """How it is, after a look at it, unless the last was only a moment ago.

        asleep: its main thread was not once awake since so many looks at which no thread of it had anything to do.
        """
        if now_s >= self._due_s:
            self._due_s = now_s + _APART_S
            self._look()
        if self._stopped >= _LOOKS:
            return "stopped"
        return "asleep" if self._asleep >= _LOOKS else "moving"

    def heard(self) -> None:
        """It lives, as far as one knows: what was seen of it before no longer counts."""
        self._stopped = self._asleep = 0

    def _look(self) -> None:
        try:
            turns = self._turns_taken()
            if turns != self._turns:
                self._moves, self._turns = self._turns is not None, turns
                self.heard()
            elif self._moves:
                state, _ = _scheduled(_read(self._status))
                self._stopped = self._stopped + 1 if state == b"T" else 0
                self._asleep = self._asleep + self._has_nothing_to_do() if state == b"S" else 0
        except (OSError, ValueError):  # it has just ended, or this is another kind of system
            self.heard()

    def _turns_taken(self) -> bytes:
        """How long and how often the main thread has had the processor: sched-stats.rst of Linux; where its scheduler
        does not count that, how often it has given it back. Six processes ten times a second: the first costs a third.
        """
        try:
            return _read(self._schedule)
        except FileNotFoundError:
            return _scheduled(_read(self._status))[1]

    def _has_nothing_to_do(self) -> bool:
        """Whether none of its threads is at work: what the main one waits for may only wait for the processor."""
        return not any(_state_in(stat.read_text()) in _BUSY for stat in self._folder.glob("task/*/stat"))


def _read(path: str) -> bytes:
    opened = os.open(path, os.O_RDONLY)
    try:
        return os.read(opened, _ENOUGH)
    finally:
        os.close(opened)


def _scheduled(status: bytes) -> tuple[bytes, bytes]:
    """The main thread's state and how often it has given the processor back: proc_pid_status(5), where both counts are
    the last. Raises ValueError when it says neither.
    """
    told, _, switches = status.rpartition(_SWITCHES)
    at = told.index(_STATE) + len(_STATE)
    return told[at : at + 1], switches


def _state_in(stat: str) -> str:
    """A thread's state: what follows its name, which may hold anything."""
    return stat.rpartition(")")[2].split()[0]

"""The body of every process: its orders in on standard input, its values on the bus, its pulse to the supervisor.

Orders are lines of JSON: first the assignment, then {"go": origin_monotonic_ns}. The end of standard input means that
the supervisor stopped this process, or is gone: either way the process ends. Its standard error is a file that the
supervisor shows when the process fails; it never holds words, pictures or sounds.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TextIO

import msgspec

from agent.bus import Bus
from agent.capture.source import CaptureError, Problem
from agent.clock import SessionClock
from agent.config import Config
from agent.publisher import PublishError
from agent.topology import WorkerName
from agent.wire import Pulse

EXIT_FAILED = 3
"""The process told the supervisor why it cannot go on."""


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor tells a process before anything else."""

    name: WorkerName
    folder: str
    config: Config
    session: str
    source: str
    """live, or the location of a recording."""
    camera: str | int | None = None
    microphone: str | int | None = None
    modalities: tuple[str, ...] = ()
    restarted: bool = False
    origin_unix_ns: int = 0


class Go(msgspec.Struct, frozen=True):
    """The session begins: its origin on the monotonic clock."""

    go: int


class Orders:
    """Standard input, read by a thread of its own, so that the end of the supervisor is noticed at once."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines
        self.stopped = threading.Event()
        self._gone = threading.Event()
        self._origin_monotonic_ns = 0

    def follow(self) -> None:
        """Start listening for the go and the end."""
        threading.Thread(target=self._listen, daemon=True, name="orders").start()

    def wait_for_go(self) -> int | None:
        """The session's origin; None when the process is to stop instead."""
        self._gone.wait()
        return None if self.stopped.is_set() else self._origin_monotonic_ns

    def _listen(self) -> None:
        for line in self._lines:
            self._origin_monotonic_ns = msgspec.json.decode(line, type=Go).go
            self._gone.set()
        self.stopped.set()
        self._gone.set()


class Heart:
    """The process's pulse: due once a second, sent from the loop that does the work, so that a hang silences it."""

    def __init__(self, bus: Bus, name: WorkerName, pulse_ns: int) -> None:
        self._bus, self._name, self._pulse_ns = bus, name, pulse_ns
        self._due_ns = 0

    def beat(self, state: str, counters: dict[str, int], reason: str = "", lag_ms: float = 0.0) -> None:
        pulse = Pulse(self._name, state, os.getpid(), lag_ms, self._bus.counters | counters, reason)
        self._bus.to_supervisor.send(pulse)

    def beat_if_due(self, now_ns: int, counters: dict[str, int], lag_ms: float) -> None:
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + self._pulse_ns
            self.beat("running", counters, lag_ms=lag_ms)


def main() -> int:
    """Run one process; returns its exit code."""
    faulthandler.enable()
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1)  # the supervisor asks for the stacks before it kills
    assignment = msgspec.json.decode(sys.stdin.readline(), type=Assignment)
    _show_name(assignment.name)
    orders = Orders(sys.stdin)
    orders.follow()
    bus = Bus(Path(assignment.folder), assignment.name)
    heart = Heart(bus, assignment.name, round(assignment.config.supervision.pulse_s * 1e9))
    try:
        _work(assignment, orders, bus, heart)
    except (CaptureError, PublishError, FileNotFoundError) as error:
        problem = error.problem if isinstance(error, CaptureError) else Problem.UNSUPPORTED
        heart.beat("failed", {}, f"{problem}: {error}")
        return EXIT_FAILED
    finally:
        bus.close()
    return 0


def _work(assignment: Assignment, orders: Orders, bus: Bus, heart: Heart) -> None:
    from agent import working  # here, so that the process's name and pulse exist before its libraries load

    with working.prepare(assignment, bus) as work:
        heart.beat("ready", {})
        origin_monotonic_ns = orders.wait_for_go()
        if origin_monotonic_ns is None:
            return
        clock = SessionClock(origin_monotonic_ns)
        heart.beat("running", {})
        work.run(clock, orders.stopped, heart)
        if not orders.stopped.is_set():
            heart.beat("finished", work.counters)


def _show_name(name: WorkerName) -> None:
    from setproctitle import setproctitle

    setproctitle(f"deadpan: {name}")


if __name__ == "__main__":
    sys.exit(main())

"""A process's pulse: due once a second, sent from the loop that does the work, so that a hang silences it."""

from __future__ import annotations

import os

from agent.processes.bus import Bus
from agent.processes.wire import Pulse
from agent.topology import WorkerName


class Heart:
    """What beats: tells the supervisor the process's state, its counters and how far it lags."""

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

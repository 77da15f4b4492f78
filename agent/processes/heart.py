"""A process's pulse: due once a second, sent from the loop that does the work, so that a hang silences it.

Between two beats the loop counts its steps, which is seen without a message.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from agent.processes.bus import Bus
from agent.processes.resident import resident_mb
from agent.processes.spares import Spares
from agent.processes.steps import Steps
from agent.processes.wire import Pulse, PulseState
from agent.topology import WorkerName


class Heart:
    """What beats: tells the supervisor the process's state, its counters, how far it lags and how busy it is."""

    def __init__(self, bus: Bus, name: WorkerName, steps: Steps, pulse_ns: int, network: str = "") -> None:
        self._bus, self._name, self._pulse_ns, self._network = bus, name, pulse_ns, network
        self._steps = steps
        self._due_ns = 0
        self._spares = Spares()
        self._beaten_ns: int | None = None
        self._worked_ns: int | None = None

    def worked(self, duration_ns: int) -> None:
        """Count time spent on a value."""
        self._worked_ns = (self._worked_ns or 0) + duration_ns

    def step(self) -> None:
        """Count a step: the work has come further, and what comes next may take its time."""
        self._steps.take()

    def beat(
        self,
        state: PulseState,
        counters: dict[str, int],
        reason: str = "",
        lag_ms: float = 0.0,
        busy: float | None = None,
    ) -> None:
        pulse = Pulse(
            self._name,
            state,
            os.getpid(),
            lag_ms,
            self._bus.counters | counters,
            reason,
            busy,
            self._network,
            resident_mb(),
        )
        self._bus.to_supervisor.send(pulse)

    def beat_if_due(self, now_ns: int, counters: Callable[[], dict[str, int]], lag_ms: float, remark: str = "") -> None:
        """Count a step, and beat once a second: `counters` is asked no more often. `remark` is what makes the process
        useless though it runs.
        """
        self.step()
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + self._pulse_ns
            self.beat("running", counters(), remark, lag_ms, self._busy(now_ns))
            self._spares.let_go_if_due(now_ns)

    def _busy(self, now_ns: int) -> float | None:
        """Which part of the time since the last beat was work; None where nobody counts it."""
        since_ns, self._beaten_ns = self._beaten_ns, now_ns
        worked_ns, self._worked_ns = self._worked_ns, None if self._worked_ns is None else 0
        if worked_ns is None or since_ns is None or now_ns <= since_ns:
            return None
        return min(1.0, worked_ns / (now_ns - since_ns))

"""A process under supervision: its pulses and its deaths in, how it is out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import msgspec

from agent.processes.assignment import Assignment
from agent.processes.child import Child
from agent.processes.wire import Pulse
from agent.topology import Worker
from deadpan.messages import WorkerHealth, WorkerState

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0


@dataclass(slots=True)
class Ward:
    """What a process is to be, its child if it runs, and how it has fared."""

    worker: Worker
    assignment: Assignment
    child: Child | None = None
    health: WorkerHealth = field(default_factory=lambda: WorkerHealth(state="starting"))
    heard_s: float = 0.0
    absorbed_s: float = 0.0
    """How much longer than usual it may be silent."""
    retry_s: float | None = None
    """When it is to be started again; None unless it is dead."""
    last_words: str = ""
    """Why it could not go on, as far as it could say so itself."""
    failures_s: deque[float] = field(default_factory=deque)
    _pause_s: float = _FIRST_PAUSE_S

    @property
    def settled(self) -> bool:
        """Whether it will not run again by itself."""
        return self.health.state in ("failed", "stopped")

    @property
    def is_running(self) -> bool:
        """Whether there is a process to talk to."""
        return self.child is not None and self.exit_code is None and self.retry_s is None and not self.settled

    @property
    def exit_code(self) -> int | None:
        return None if self.child is None else self.child.exit_code

    @property
    def obituary(self) -> str:
        """How it ended; empty while it runs."""
        code = self.exit_code
        if code is None or self.child is None:
            return ""
        if code < 0:
            return f"killed by signal {-code}"
        lines = self.child.last_lines()
        return f"ended with exit code {code}" + (f":\n{lines}" if lines else "")

    def begin(self, child: Child, now_s: float) -> None:
        """A child has been started for it."""
        self.child, self.heard_s, self.absorbed_s, self.last_words = child, now_s, 0.0, ""
        self.health = msgspec.structs.replace(self.health, state="starting", pid=child.pid)

    def set(self, state: WorkerState, reason: str = "") -> None:
        self.health = msgspec.structs.replace(self.health, state=state, reason=reason, pid=None)

    def take(self, pulse: Pulse, *, began: bool) -> bool:
        """Heed a sign of life; whether it brings news. Once the session has begun, a failure waits for the exit."""
        state = "stopped" if pulse.state == "finished" else pulse.state
        if state == "failed":
            self.last_words = pulse.reason
            state = self.health.state if began else state  # its exit decides between another try and giving up
        before = self.health.state, self.health.reason
        self.health = msgspec.structs.replace(
            self.health,
            state=state,
            reason=pulse.reason,
            lag_ms=round(pulse.lag_ms, 1),
            busy=None if pulse.busy is None else round(pulse.busy, 2),
            counters=pulse.counters or self.health.counters,
            network=pulse.network,
        )
        return before != (state, pulse.reason)

    def count_failure(self, now_s: float, within_s: float) -> None:
        """Remember a failure, and forget those that are longer ago."""
        self.failures_s.append(now_s)
        while now_s - self.failures_s[0] > within_s:
            self.failures_s.popleft()
        if len(self.failures_s) == 1:
            self._pause_s = _FIRST_PAUSE_S  # what it went through before is long past

    def retry_after_pause(self, now_s: float, reason: str) -> None:
        """Let it be started again after a pause, twice as long as the last."""
        self.retry_s = now_s + self._pause_s
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
        self.set("restarting", reason)
        self.health = msgspec.structs.replace(self.health, restarts=self.health.restarts + 1)

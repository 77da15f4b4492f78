"""A process under supervision: its pulses and its deaths in, how it is out."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent.processes.assignment import EXIT_AWAY, Assignment
from agent.processes.child import Child
from agent.processes.wire import Absorbed, Pulse
from agent.topology import Worker
from deadpan.messages import WorkerHealth, WorkerState

_CALL = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<call>\S+)')  # as faulthandler writes it
_TOLD_S = 3.0
_PRESSING_S = 1.0  # who has not died of being killed by then may take for ever
_OUTERMOST = "_run_module_as_main"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0


@dataclass(slots=True)
class Ward:
    """What a process is to be, its child if it runs, and how it has fared."""

    worker: Worker
    assignment: Assignment
    child: Child | None = None
    health: WorkerHealth = field(default_factory=lambda: WorkerHealth(state="starting"))
    heard_s: float = 0.0
    absorbed: Absorbed | None = None
    """What it has said of what it is at, if that takes longer than usual."""
    retry_s: float | None = None
    """When it is to be started again; None unless it is dead."""
    doomed_s: float | None = None
    """When it is killed at the latest, having been asked where it hangs; None unless it hangs."""
    last_words: str = ""
    """Why it could not go on, as far as it could say so itself."""
    memory_mb: float | None = None
    ready_mb: float | None = None
    """What it held when it was ready, its models loaded."""
    failures_s: deque[float] = field(default_factory=deque)
    _pause_s: float = _FIRST_PAUSE_S
    _fell_s: float | None = None
    _back_s: float = 0.0
    _fell_by: str = ""

    @property
    def settled(self) -> bool:
        """Whether it will not run again by itself."""
        return self.health.state in ("failed", "stopped")

    @property
    def is_running(self) -> bool:
        """Whether there is a process to talk to."""
        return self.child is not None and self.exit_code is None and not self.is_down and not self.settled

    @property
    def is_down(self) -> bool:
        """Whether it is dead or about to be, and to be started again."""
        return self.retry_s is not None or self.doomed_s is not None

    def presses(self, now_s: float) -> bool:
        """Whether it is to be killed, or started again, and the moment for it has just come."""
        return self.doomed_s is not None or (self.retry_s is not None and 0 <= now_s - self.retry_s < _PRESSING_S)

    @property
    def is_away(self) -> bool:
        """Whether it ended because its device is not to be had at present."""
        return self.exit_code == EXIT_AWAY

    @property
    def absorbed_s(self) -> float:
        """How much longer than usual it may be silent."""
        return 0.0 if self.absorbed is None else self.absorbed.for_s

    @property
    def longest_step_s(self) -> float:
        """The processor time that what it is at can take at the most."""
        return self.worker.longest_step_s if self.absorbed is None else self.absorbed.work_s

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

    @property
    def whereabouts(self) -> str:
        """Where it hangs: the innermost call of its main thread, with which its stacks end; empty if unknown."""
        stacks = "" if self.child is None else self.child.stacks()
        _, _, calls = stacks.rpartition("(most recent call first):")
        found = _CALL.search(calls) if _OUTERMOST in calls else None  # else there is more to come
        return "" if found is None else f"{found['call']} ({Path(found['file']).name}:{found['line']})"

    def report(self, now_s: float) -> WorkerHealth:
        """How it is. Of fusion's own deaths nobody can hear while it is dead, so they are told of when it is back."""
        health = self.health
        if self.worker.name != "fusion" or health.state != "running" or health.reason or self._fell_s is None:
            return health
        if now_s - self._back_s > _TOLD_S:
            return health
        return msgspec.structs.replace(health, reason=f"started again: {self._fell_by}")

    def begin(self, child: Child, now_s: float) -> None:
        """A child has been started for it."""
        self.child, self.heard_s, self.absorbed, self.last_words = child, now_s, None, ""
        self.retry_s = self.doomed_s = self.memory_mb = self.ready_mb = None
        self.health = msgspec.structs.replace(self.health, state="starting", pid=child.pid)

    def hear(self, now_s: float, absorbed: Absorbed | None = None) -> None:
        """It gives a sign of life, or says for how long it will give none."""
        self.heard_s, self.absorbed = now_s, absorbed
        if self.child is not None:
            self.child.heard()

    def set(self, state: WorkerState, reason: str = "") -> None:
        self.health = msgspec.structs.replace(self.health, state=state, reason=reason, pid=None)

    def overgrown(self, growth_mb: float) -> str:
        """How far it has outgrown what it was when it was ready, in words; empty when by no more than that."""
        if self.memory_mb is None or self.ready_mb is None or self.memory_mb - self.ready_mb <= growth_mb:
            return ""
        return f"grew to {self.memory_mb:.0f} MB, from {self.ready_mb:.0f} MB when it was ready"

    def take(self, pulse: Pulse, *, began: bool) -> bool:
        """Heed a sign of life; whether it brings news. Once the session has begun, a failure waits for the exit."""
        state: str = "stopped" if pulse.state == "finished" else pulse.state
        if state == "failed":
            self.last_words = pulse.reason
            state = self.health.state if began else state  # its exit decides between another try and giving up
        self.memory_mb = pulse.memory_mb
        if pulse.state == "ready":
            self.ready_mb = pulse.memory_mb
        before = self.health.state, self.health.reason
        if state == "running" and before[0] != "running":
            self._back_s = self.heard_s
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

    def count_failure(self, now_s: float, within_s: float) -> int:
        """Remember a failure, and forget those that are longer ago; how many there are now."""
        self.failures_s.append(now_s)
        while now_s - self.failures_s[0] > within_s:
            self.failures_s.popleft()
        return len(self.failures_s)

    def retry(self, now_s: float, reason: str, calm_s: float, *, at_once: bool = False) -> None:
        """Let it be started again, at once or after a pause: twice as long as the last, if that was within `calm_s`."""
        if self._fell_s is None or now_s - self._fell_s > calm_s:
            self._pause_s = _FIRST_PAUSE_S  # what it went through before is long past
        self._fell_s, self._fell_by = now_s, reason
        self.retry_s = now_s if at_once else now_s + self._pause_s
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
        self.set("restarting", reason)
        self.health = msgspec.structs.replace(self.health, restarts=self.health.restarts + 1)

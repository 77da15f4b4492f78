"""Keeps the processes of a session alive: starts readers before writers, listens to pulses, restarts, stops in reverse.

A process that dies, falls silent or cannot go on is started again after a pause that doubles from 0.2 to 10 s; one that
fails too often within a minute is left `failed`. The stream goes on without its modality either way.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM, SIGUSR1
from types import TracebackType

import msgspec
import zmq

from agent.assignment import Assignment, Go
from agent.bus import Inbox, Outbox
from agent.config import SupervisionConfig
from agent.errors import DeadpanError
from agent.topology import EDGES, Worker, WorkerName
from agent.wire import Condition, Ended, Pulse
from deadpan.messages import WorkerHealth

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0


class StartError(DeadpanError):
    """The session cannot begin. Its text says which process could not start, why, and what to do."""

    def __init__(self, worker: WorkerName, reason: str) -> None:
        super().__init__(worker, reason)
        self.worker = worker
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


@dataclass(slots=True)
class _Child:
    """A process of ours, and what is known of it."""

    worker: Worker
    assignment: Assignment
    process: subprocess.Popen[str] | None = None
    health: WorkerHealth = field(default_factory=lambda: WorkerHealth(state="starting"))
    heard_s: float = 0.0
    retry_s: float | None = None
    pause_s: float = _FIRST_PAUSE_S
    failures_s: deque[float] = field(default_factory=deque)

    @property
    def settled(self) -> bool:
        """Whether it will not run again by itself."""
        return self.health.state in ("failed", "stopped")


class Supervisor:
    """The processes of one session. A context manager: leaving it ends every process and removes their folder."""

    def __init__(self, workers: Iterable[Worker], assignments: dict[WorkerName, Assignment], folder: Path) -> None:
        self._children = {worker.name: _Child(worker, assignments[worker.name]) for worker in workers}
        self._settings: SupervisionConfig = assignments["fusion"].config.supervision
        self._folder = folder
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._pulses = Inbox(self._context, folder, "supervisor", 1000, "all")
        self._to_fusion = Outbox(self._context, folder, "fusion", 100)
        self._origin_monotonic_ns: int | None = None
        self._told_s = 0.0

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def finished(self) -> bool:
        """Whether the session has come to its end: fusion has said its last, or can no longer speak."""
        return self._children["fusion"].settled

    @property
    def condition(self) -> Condition:
        return Condition({name: child.health for name, child in self._children.items()})

    def start(self, optional: Iterable[WorkerName] = ()) -> list[StartError]:
        """Start all processes and begin the session once each is ready.

        A process in `optional` that cannot start is left out and returned with the reason; any other raises StartError.
        """
        tolerated = set(optional)
        left_out: list[StartError] = []
        for child in sorted(self._children.values(), key=lambda child: -child.worker.tier):
            self._spawn(child)
        deadline_s = time.monotonic() + self._settings.start_s
        while waiting := [child for child in self._children.values() if child.health.state == "starting"]:
            self._listen(50)
            for child in waiting:
                if child.health.state != "failed" and child.process is not None and child.process.poll() is not None:
                    self._listen(50)  # its last pulse may hold the reason
                if child.health.state == "starting" and child.process is not None and child.process.poll() is not None:
                    self._set(child, "failed", f"{child.worker.name} ended while starting:\n{self._last_lines(child)}")
                if child.health.state == "starting" and time.monotonic() > deadline_s:
                    self._set(child, "failed", f"{child.worker.name} was not ready within {self._settings.start_s:g} s")
                if child.health.state == "failed":
                    problem = StartError(child.worker.name, child.health.reason)
                    if child.worker.name not in tolerated:
                        raise problem
                    left_out.append(problem)
        self._origin_monotonic_ns = time.monotonic_ns()
        for child in self._children.values():
            if not child.settled:
                self._tell_go(child)
        return left_out

    def attend(self, timeout_ms: int) -> None:
        """Do what is due: take pulses, notice deaths and silences, restart, report. Call it in a loop."""
        changed = self._listen(timeout_ms)
        now_s = time.monotonic()
        for child in self._children.values():
            if child.settled:
                continue
            if child.retry_s is not None:
                if now_s >= child.retry_s:
                    child.retry_s = None
                    self._spawn(child)
                    self._tell_go(child)
                    changed = True
            elif child.process is not None and (code := child.process.poll()) is not None:
                self._fell(child, self._reason(child, code), now_s)
                changed = True
            elif now_s - child.heard_s > self._patience_s(child):
                self._end(child, dump=True)
                self._fell(child, f"no sign of life for {self._patience_s(child):g} s", now_s)
                changed = True
        if changed or now_s - self._told_s >= self._settings.pulse_s:
            self._told_s = now_s
            self._to_fusion.send(self.condition)

    def stop(self) -> None:
        """End every process, writers first, and remove the session's folder. Safe to call twice."""
        tiers = sorted({child.worker.tier for child in self._children.values()})
        for tier in tiers:
            self._stop_tier([child for child in self._children.values() if child.worker.tier == tier])
        self._pulses.close()
        self._to_fusion.close(linger_ms=0)
        self._context.term()
        shutil.rmtree(self._folder, ignore_errors=True)

    def pid(self, name: WorkerName) -> int | None:
        """A process's id while it runs."""
        child = self._children[name]
        return child.process.pid if child.process is not None and child.process.poll() is None else None

    def _spawn(self, child: _Child) -> None:
        name = child.worker.name
        with (self._folder / f"{name}.log").open("ab") as log:
            child.process = subprocess.Popen(
                [sys.executable, "-m", "agent.worker"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C is for us; we tell them
                env=_environment(),
            )
        assignment = msgspec.structs.replace(child.assignment, restarted=child.health.restarts > 0)
        self._order(child, msgspec.json.encode(assignment).decode())
        child.heard_s = time.monotonic()
        child.health = msgspec.structs.replace(child.health, state="starting", pid=child.process.pid)

    def _tell_go(self, child: _Child) -> None:
        if self._origin_monotonic_ns is not None:
            self._order(child, msgspec.json.encode(Go(self._origin_monotonic_ns)).decode())

    def _order(self, child: _Child, line: str) -> None:
        if child.process is None or child.process.stdin is None:
            return
        try:
            child.process.stdin.write(line + "\n")
            child.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has just died; attend() will notice

    def _listen(self, timeout_ms: int) -> bool:
        changed = False
        for pulse in self._pulses.receive(timeout_ms):
            if not isinstance(pulse, Pulse) or pulse.worker not in self._children:
                continue
            child = self._children[pulse.worker]
            if child.process is None or pulse.pid != child.process.pid or child.settled:
                continue  # the last words of a predecessor
            child.heard_s = time.monotonic()
            state = {"finished": "stopped"}.get(pulse.state, pulse.state)
            if state == "failed" and self._origin_monotonic_ns is not None:
                state = child.health.state  # attend() decides between restart and failure when it has exited
            changed |= state != child.health.state
            if state == "running" and child.health.state != "running":
                child.pause_s = _FIRST_PAUSE_S if not child.failures_s else child.pause_s
            child.health = msgspec.structs.replace(
                child.health,
                state=state,
                reason=pulse.reason,
                lag_ms=round(pulse.lag_ms, 1),
                counters=pulse.counters or child.health.counters,
            )
        return changed

    def _fell(self, child: _Child, reason: str, now_s: float) -> None:
        """Decide what follows a death: another try after a pause, or none."""
        child.failures_s.append(now_s)
        while child.failures_s and now_s - child.failures_s[0] > self._settings.restarts_within_s:
            child.failures_s.popleft()
        hopeless = len(child.failures_s) >= self._settings.restarts
        if child.worker.modality is not None and (hopeless or self._has_no_writer(child)):
            self._to_fusion.send(Ended(child.worker.modality))  # it cannot say so itself
        if hopeless:
            often = f"failed {len(child.failures_s)} times in {self._settings.restarts_within_s:g} s, last: {reason}"
            self._set(child, "failed", often)
            return
        child.retry_s = now_s + child.pause_s
        child.pause_s = min(child.pause_s * 2, _LONGEST_PAUSE_S)
        child.health = msgspec.structs.replace(
            child.health, state="restarting", reason=reason, restarts=child.health.restarts + 1, pid=None
        )

    def _has_no_writer(self, child: _Child) -> bool:
        """Whether all that wrote to it have come to their end, so that nothing more will reach it."""
        writers = [edge.writer for edge in EDGES if edge.reader == child.worker.name]
        return all(self._children[writer].settled for writer in writers if writer in self._children)

    def _reason(self, child: _Child, code: int) -> str:
        if child.health.reason:
            return child.health.reason
        how = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        lines = self._last_lines(child)
        return f"{how}:\n{lines}" if lines and code > 0 else how

    def _last_lines(self, child: _Child, count: int = 6) -> str:
        try:
            text = (self._folder / f"{child.worker.name}.log").read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-count:])

    def _patience_s(self, child: _Child) -> float:
        return self._settings.start_s if child.health.state == "starting" else self._settings.silence_s

    def _set(self, child: _Child, state: str, reason: str) -> None:
        child.health = msgspec.structs.replace(child.health, state=state, reason=reason, pid=None)

    def _stop_tier(self, children: list[_Child]) -> None:
        running = [child for child in children if child.process is not None and child.process.poll() is None]
        for child in running:
            if child.process is not None and child.process.stdin is not None:
                child.process.stdin.close()
        deadline_s = time.monotonic() + self._settings.stop_s
        for child in running:
            try:
                if child.process is not None:
                    child.process.wait(max(0.01, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._end(child, dump=False)
        for child in children:
            if child.health.state != "failed":
                self._set(child, "stopped", "")

    def _end(self, child: _Child, *, dump: bool) -> None:
        """End a process that does not listen: its stacks to its log if asked, then terminate, then kill."""
        if child.process is None:
            return
        if dump:
            child.process.send_signal(SIGUSR1)
        for signal, patience_s in ((SIGTERM, 0.5), (SIGKILL, 5.0)):
            child.process.send_signal(signal)
            try:
                child.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                continue
            break
        if child.process.stdin is not None and not child.process.stdin.closed:
            child.process.stdin.close()


def private_folder() -> Path:
    """A new folder only its owner can enter, for a session's sockets and logs."""
    return Path(tempfile.mkdtemp(prefix="deadpan-"))


def _environment() -> dict[str, str]:
    """Ours, with every library told to use one thread and to keep its chatter."""
    quiet = {
        "GLOG_minloglevel": "3",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OPENCV_LOG_LEVEL": "ERROR",
        "ABSL_MIN_LOG_LEVEL": "3",
    }
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return os.environ | quiet | single | {"PYTHONUNBUFFERED": "1"}

"""Minutes at real time in; what the whole agent held meanwhile, how late it was and its final counters out.

The bundled demo is played over and over through the processes of `deadpan run`, for one subscriber that reads all, some
that read too slowly, and some that stop reading until shortly before the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

import deadpan
from agent.processes.wire import Condition
from agent.session import demo_location
from bench.soak.recording import looped
from bench.soak.sampling import Sample, cpu_s, family, footprint, machine_cpu_s, named
from bench.soak.subscriber import Account
from deadpan.connection import join, open_socket
from deadpan.messages import from_body

_KINDS = ("slow", "slow", "stuck", "stuck")
_RESUMING_S = 60.0  # before the end: those that stopped read on, so that the gap shows
_SUPERVISOR = "supervisor"


@dataclass(slots=True)
class Live:
    """What one session at real time was like."""

    minutes: float
    samples: list[Sample] = field(default_factory=list)
    latencies: list[tuple[float, float]] = field(default_factory=list)
    """Of estimates in their first revision: second of the session, ms from the end of the stretch to publishing."""
    ticks: list[int] = field(default_factory=list)
    frames: int = 0
    """Messages read by the subscriber that reads all."""
    levels: list[tuple[float, int]] = field(default_factory=list)
    """Second of the session, and how much was given up for want of processor time then: 0 is nothing."""
    condition: Condition = field(default_factory=lambda: Condition({}))
    subscribers: list[Account | str] = field(default_factory=list)

    @property
    def missing_ticks(self) -> int:
        """Estimates that were not published, or did not reach the subscriber that reads all, since its first."""
        return self.ticks[-1] + 1 - self.ticks[0] - len(set(self.ticks)) if self.ticks else 0

    @property
    def level(self) -> int:
        """The most that was ever given up."""
        return max((level for _, level in self.levels), default=0)

    @property
    def restarts(self) -> str:
        """Which processes were restarted, and how often."""
        told = [f"{name} {each.restarts} times" for name, each in self.condition.workers.items() if each.restarts]
        return f"{', '.join(told)}; what was under way to or from them then is unaccounted for" if told else "none"


def play(minutes: float, every_s: float, folder: Path, meanwhile: Callable[[float], None] | None = None) -> Live:
    """Run a session of so many minutes, looking at its processes every so many seconds.

    `meanwhile` is told several times a second how many seconds have passed.
    """
    recording = looped(demo_location(), folder / "live.mkv", minutes * 60)
    endpoint = f"ipc://{folder}/out"
    live = Live(minutes)
    with _subscribers(endpoint) as subscribers:
        with (folder / "live.log").open("wb") as log:
            command = [sys.executable, "-m", "bench.soak.session", str(recording), endpoint]
            session = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        try:
            _follow(live, session, endpoint, every_s, subscribers, meanwhile or (lambda _: None))
            told, _ = session.communicate()
        finally:
            session.kill()
            session.wait()
        if session.returncode:
            raise SystemExit((folder / "live.log").read_text())
        live.condition = msgspec.json.decode(told, type=Condition)
        live.subscribers = [_account(kind, each) for kind, each in zip(_KINDS, subscribers, strict=True)]
    return live


@contextmanager
def _subscribers(endpoint: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    with ExitStack() as stack:
        started = []
        for kind in _KINDS:
            command = [sys.executable, "-m", "bench.soak.subscriber", kind, endpoint]
            each = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            stack.callback(each.kill)
            started.append(each)
        yield started


def _follow(
    live: Live,
    session: subprocess.Popen[bytes],
    endpoint: str,
    every_s: float,
    subscribers: list[subprocess.Popen[bytes]],
    meanwhile: Callable[[float], None],
) -> None:
    """Read all that is published until the session's process ends."""
    began_s, due_s, others = time.monotonic(), 0.0, _Others()
    resume_s = live.minutes * 60 - _RESUMING_S
    with open_socket() as socket:
        join(socket, endpoint, [b"deadpan/"])
        ended = False
        while not ended:
            ended = session.poll() is not None  # and what it said last is read
            while socket.poll(200) and time.monotonic() - began_s < due_s + every_s:
                _, body = socket.recv_multipart()
                live.frames += 1
                _take(live, from_body(body))
                meanwhile(time.monotonic() - began_s)
            now_s = time.monotonic() - began_s
            meanwhile(now_s)
            if now_s >= due_s and not ended:
                due_s = now_s + every_s
                live.samples.append(_sample(now_s, session.pid, others.cores(now_s)))
            if live.latencies and live.latencies[-1][0] >= resume_s:
                for each in subscribers:
                    _resume(each)


def _resume(subscriber: subprocess.Popen[bytes]) -> None:
    if subscriber.stdin is not None:
        subscriber.stdin.close()


def _account(kind: str, subscriber: subprocess.Popen[bytes]) -> Account | str:
    """What it had, or how it ended without saying so."""
    _resume(subscriber)
    told = b"" if subscriber.stdout is None else subscriber.stdout.read()
    code = subscriber.wait()
    return f"{kind} ended with exit code {code}" if code else msgspec.json.decode(told, type=Account)


def _take(live: Live, message: deadpan.Message) -> None:
    if isinstance(message, deadpan.Estimate) and message.revision == 0:
        live.ticks.append(message.seq)
        live.latencies.append((message.end_ns / 1e9, message.latency_ms))
    elif isinstance(message, deadpan.Health):
        at_s = live.latencies[-1][0] if live.latencies else 0.0
        live.levels.append((at_s, message.pace.level))


def _sample(at_s: float, supervisor: int, others_cores: float) -> Sample:
    processes = {_SUPERVISOR: supervisor} | named(family(supervisor), "deadpan:")
    held = {name: footprint(pid) for name, pid in processes.items()}
    return Sample(
        at_s, {name: each for name, each in held.items() if each is not None}, os.getloadavg()[0], others_cores
    )


class _Others:
    """How much of the processors everybody else takes."""

    def __init__(self) -> None:
        self._at_s, self._cpu_s = 0.0, self._now_s()

    def cores(self, at_s: float) -> float:
        """Since the time before."""
        before_s, self._cpu_s = self._cpu_s, self._now_s()
        passed_s, self._at_s = at_s - self._at_s, at_s
        return max(0.0, self._cpu_s - before_s) / passed_s if passed_s > 1 else 0.0

    def _now_s(self) -> float:
        return machine_cpu_s() - cpu_s(family(os.getpid()))

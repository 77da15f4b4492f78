"""A deadpan command in, what it took out: time, processor, memory, and what its messages say."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from agent.processes.child import KEEPING, ONE_THREAD, QUIET
from agent.session import demo_location
from deadpan.errors import StreamError
from deadpan.messages import Health
from deadpan.subscription import subscribe

COMMAND = [sys.executable, "-m", "agent.cli"]


@dataclass(frozen=True, slots=True)
class Session:
    """One live session of the demo at real time."""

    first_estimate_s: float
    """From the start of the command to the first estimate on its output."""
    cpu_s: Mapping[str, float]
    """Processor time of each process from the first to the last estimate, start-up left out."""
    lasted_s: float
    """From the first to the last estimate."""
    start_cpu_s: float
    memory_mb: float
    """Proportional set size of all processes together, at its largest."""
    estimate_latency_ms: tuple[float, ...]
    utterances: tuple[Mapping[str, Any], ...]
    """The bodies of its utterances."""
    healths: tuple[Health, ...] = ()
    """What it said of its processes, one a second; only where its endpoint is known."""

    @property
    def cores(self) -> float:
        """Processor time of all processes over the time passed."""
        return sum(self.cpu_s.values()) / self.lasted_s

    @property
    def utterance_latency_ms(self) -> list[float]:
        return [utterance["latency_ms"] for utterance in self.utterances]

    @property
    def spared(self) -> int:
        """Chunks at which speech was too far behind to read unfinished utterances: this session did less."""
        return self.healths[-1].workers["speech"].counters["chunks_without_partials"] if self.healths else 0


@dataclass(frozen=True, slots=True)
class Scoring:
    """One scoring of the demo."""

    wall_s: float
    media_s: float
    cpu_s: float
    utterances: tuple[Mapping[str, Any], ...]
    """Their bodies, published at the moments at which they would be if computing took no time."""

    @property
    def speed(self) -> float:
        """Seconds of recording per second of waiting, start-up included."""
        return self.media_s / self.wall_s


def run_session(source: str, *options: str, subscribers: int = 0) -> Session:
    """Play a recording through the live processes, on an endpoint of its own."""
    with tempfile.TemporaryDirectory() as folder:
        endpoint = f"ipc://{folder}/out"
        command = [*COMMAND, "run", "--source", source, "--json", "--publish", endpoint, *options]
        with ExitStack() as listeners:
            for _ in range(subscribers):
                listening = subprocess.Popen(
                    [*COMMAND, "watch", endpoint, "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                listeners.enter_context(listening)
                listeners.callback(listening.terminate)
            return watched(command, endpoint=endpoint)


def watched(command: list[str], env: Mapping[str, str] | None = None, endpoint: str | None = None) -> Session:
    """Run a command that prints the messages of a live session, one JSON object a line, to its end.

    `env` is added to this process's environment. Health, which is not printed, is read from `endpoint`.
    """
    began_s = time.monotonic()
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | dict(env or {})
        ) as process,
        _Watcher(process.pid) as watcher,
        _Listener(endpoint) as listener,
    ):
        assert process.stdout is not None
        first_s = last_s = start_cpu_s = 0.0
        started: dict[str, float] = {}
        spent: dict[str, float] = {}
        estimates, utterances = [], []
        for line in process.stdout:
            message = json.loads(line)
            if message["type"] == "estimate":
                estimates.append(message["latency_ms"])
                last_s, spent = time.monotonic() - began_s, watcher.cpu_s()
                if not first_s:
                    first_s, started, start_cpu_s = last_s, spent, sum(spent.values())
            elif message["type"] == "utterance":
                utterances.append(message)
    if not estimates:
        raise SystemExit(f"there were no estimates; try: {' '.join(command)}")
    cpu_s = {name: its_s - started.get(name, 0.0) for name, its_s in spent.items()}
    lasted_s = last_s - first_s
    return Session(
        first_s,
        cpu_s,
        lasted_s,
        start_cpu_s,
        watcher.peak_mb,
        tuple(estimates),
        tuple(utterances),
        tuple(listener.healths),
    )


def printed(module: str) -> bytes:
    """What a module of the bench prints when it is run by itself, with the agent's own settings."""
    return subprocess.run(
        [sys.executable, "-m", module],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | ONE_THREAD | QUIET | KEEPING,
    ).stdout


def score_demo(location: str | None = None, config: str = "") -> Scoring:
    """Score the demo, or another recording, into a temporary folder; `config` is what config.yaml is to hold."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    media = Path(location or demo_location())
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "config.yaml"
        settings.write_text(config)
        began_s = time.monotonic()
        # The replay alone: what else is made of its results is not what is measured.
        command = [*COMMAND, "score", str(media), "--out", folder, "--write", "none"]
        command += ["--config", str(settings)] if config else []
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wall_s = time.monotonic() - began_s
        estimates = _bodies(Path(folder) / media.stem / "estimates.jsonl")
        utterances = _bodies(Path(folder) / media.stem / "utterances.jsonl")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Scoring(wall_s, estimates[-1]["end_ns"] / 1e9, cpu_s, tuple(utterances))


def _bodies(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class _Watcher:
    """Looks at a process and its descendants twice a second. A context manager."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.peak_mb = 0.0
        self._names: dict[int, str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def cpu_s(self) -> dict[str, float]:
        """Processor time so far of all processes that are alive, by the names they show."""
        spent: dict[str, float] = {}
        for pid in self._family():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                shown = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode()
            except OSError:
                continue
            if shown:  # one that has ended has no name any more, but what it took still counts until it is buried
                self._names[pid] = shown.removeprefix("deadpan: ").partition("\0")[0]
            name = "supervisor" if pid == self._pid else self._names.get(pid, "others")
            spent[name] = spent.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return spent

    def _watch(self) -> None:
        while not self._ended.wait(0.5):
            self.peak_mb = max(self.peak_mb, sum(map(pss_mb, self._family())))

    def _family(self) -> list[int]:
        family = [self._pid]
        for pid in family:
            try:
                family += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            except OSError:
                continue
        return family


class _Listener:
    """Keeps what a session says of its processes. A context manager."""

    def __init__(self, endpoint: str | None) -> None:
        self.healths: list[Health] = []
        self._endpoint = endpoint
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        if self._endpoint is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _listen(self) -> None:
        with suppress(StreamError), subscribe(self._endpoint or "", types=("health",)) as subscription:
            while not self._ended.is_set():
                message = subscription.receive(0.2)
                if isinstance(message, Health):
                    self.healths.append(message)


def pss_mb(pid: int) -> float:
    """Proportional set size of one process; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def percentile(numbers: list[float], share: float) -> float:
    """The value below which `share` of the numbers lie."""
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def spread(numbers: list[float], digits: int = 2) -> str:
    """Median, with the least and the greatest."""
    return f"{median(numbers):.{digits}f} ({min(numbers):.{digits}f} to {max(numbers):.{digits}f})"

"""A deadpan command in, what it took out: time, processor, memory, and the latencies its messages report."""

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
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from agent.session import demo_location

COMMAND = [sys.executable, "-m", "agent.cli"]


@dataclass(frozen=True, slots=True)
class Session:
    """One live session of the demo at real time."""

    first_estimate_s: float
    """From the start of the command to the first estimate on its output."""
    cores: float
    """Processor time of all processes over the time from first to last estimate, start-up left out."""
    start_cpu_s: float
    memory_mb: float
    """Proportional set size of all processes together, at its largest."""
    estimate_latency_ms: tuple[float, ...]
    utterance_latency_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Scoring:
    """One scoring of the demo."""

    wall_s: float
    media_s: float
    cpu_s: float

    @property
    def speed(self) -> float:
        """Seconds of recording per second of waiting, start-up included."""
        return self.media_s / self.wall_s


def run_session(source: str) -> Session:
    """Play a recording through the live processes, on an endpoint of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return watched([*COMMAND, "run", "--source", source, "--json", "--publish", f"ipc://{folder}/out"])


def watched(command: list[str], env: Mapping[str, str] | None = None) -> Session:
    """Run a command that prints the messages of a live session, one JSON object a line, to its end.

    `env` is added to this process's environment.
    """
    began_s = time.monotonic()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | dict(env or {})
    ) as process:
        assert process.stdout is not None
        watcher = _Watcher(process.pid)
        first_s, start_cpu_s = 0.0, 0.0
        last_s, last_cpu_s = 0.0, 0.0
        estimates, utterances = [], []
        for line in process.stdout:
            message = json.loads(line)
            if message["type"] == "estimate":
                estimates.append(message["latency_ms"])
                last_s, last_cpu_s = time.monotonic() - began_s, watcher.cpu_s()
                if not first_s:
                    first_s, start_cpu_s = last_s, last_cpu_s
            elif message["type"] == "utterance":
                utterances.append(message["latency_ms"])
        watcher.stop()
    if not estimates:
        raise SystemExit(f"there were no estimates; try: {' '.join(command)}")
    cores = (last_cpu_s - start_cpu_s) / (last_s - first_s)
    return Session(first_s, cores, start_cpu_s, watcher.peak_mb, tuple(estimates), tuple(utterances))


def score_demo() -> Scoring:
    """Score the demo into a temporary folder."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.monotonic()
        command = [*COMMAND, "score", demo_location(), "--out", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wall_s = time.monotonic() - began_s
        lines = (Path(folder) / "demo" / "estimates.jsonl").read_text().splitlines()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Scoring(wall_s, json.loads(lines[-1])["end_ns"] / 1e9, cpu_s)


class _Watcher:
    """Looks at a process and its descendants twice a second."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.peak_mb = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def cpu_s(self) -> float:
        """Processor time so far of all processes that are alive."""
        ticks = 0
        for pid in self._family():
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

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

"""python -m bench.faults [--times N]: what it costs that a process is killed, or hangs; writes docs/reliability.md.

One session of the default configuration on the demo, over and over: how long until the stream says that a process is
gone, until it runs again, until its modality is perceived anew, and how many estimates there were not.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

import deadpan
from agent.config import Config
from agent.processes import child
from agent.processes.supervisor import Supervisor
from agent.session import open_session, resolve_inputs
from agent.topology import WORKERS, WorkerName
from bench.measure import pss_mb
from tests.stand_ins import faulty_worker
from tests.stand_ins.encore import write_encore

_PAGE = Path("docs/reliability.md")
_BEGIN, _END = "<!-- faults:begin -->", "<!-- faults:end -->"
_PATIENCE_S = 60.0
_APART_S = 62.0 / len(WORKERS)  # so that none is harmed twice in a minute: the pause would be longer then
_NEW_MS, _FRESH_MS = 400.0, 300.0
_HARMS = {
    signal.SIGKILL: "killed (SIGKILL)",
    signal.SIGSTOP: "stopped (SIGSTOP)",
    signal.SIGUSR2: "goes round in circles in native code",  # as tests.stand_ins.faulty_worker is told to
}
_FEELS: dict[WorkerName, str] = {"camera": "face", "face": "face", "microphone": "voice", "prosody": "voice"}
"""Whose modality an estimate tells of at every moment; words are too rare."""


@dataclass(frozen=True, slots=True)
class Death:
    """One signal. Times are from then to the arrival of the message that says so; None where none did."""

    worker: WorkerName
    harm: signal.Signals
    told_s: float | None
    """Health: degraded, with this process as a reason; of fusion, when it is back."""
    masked_s: float | None
    """An estimate whose modality is stale or absent."""
    running_s: float
    """Health: it runs again."""
    perceived_s: float | None
    """An estimate with new evidence of its modality, after one without."""
    gap_s: float
    """The longest that no estimate came."""
    lost: int
    """Estimates there were not."""


class Stream:
    """A session that is attended to, and what it has published since it was last asked to `forget`."""

    def __init__(self, supervisor: Supervisor, subscription: deadpan.Subscription) -> None:
        self.supervisor = supervisor
        self._subscription = subscription
        self.estimates: list[tuple[float, deadpan.Estimate]] = []
        """First revisions, each with the moment it arrived."""
        self.healths: list[tuple[float, deadpan.Health]] = []

    def forget(self) -> None:
        del self.estimates[:-1], self.healths[:-1]

    def until(self, holds: Callable[[], bool], at_least_s: float = 0.0) -> None:
        """Attend and read until something holds, and for so long at least."""
        began_s = time.monotonic()
        while not (time.monotonic() - began_s >= at_least_s and holds()):
            if time.monotonic() - began_s > _PATIENCE_S + at_least_s:
                raise SystemExit(f"waited in vain: {self.healths[-1:]}")
            self.supervisor.attend(0)
            patience_s = 0.01 if self.supervisor.is_pressed else 0.1  # as `deadpan run` has it
            while (message := self._subscription.receive(patience_s)) is not None:
                now_s, patience_s = time.monotonic(), 0.0
                if isinstance(message, deadpan.Estimate) and message.revision == 0:
                    self.estimates.append((now_s, message))
                elif isinstance(message, deadpan.Health):
                    self.healths.append((now_s, message))

    def is_well(self) -> bool:
        """Whether every process runs, and the face and the voice are perceived."""
        if not (self.estimates and self.healths):
            return False
        (_, estimate), (_, health) = self.estimates[-1], self.healths[-1]
        runs = all(worker.state == "running" for worker in health.workers.values())
        return runs and all(_age_ms(estimate, modality) < _FRESH_MS for modality in ("face", "voice"))

    def harm(self, name: WorkerName, harm: signal.Signals) -> Death:
        """Send a process the signal and read until all is as it was."""
        pid, restarts = self.supervisor.pid(name), self.supervisor.condition.workers[name].restarts
        if pid is None:
            raise SystemExit(f"{name} does not run")
        self.forget()
        began_s = time.monotonic()
        os.kill(pid, harm)
        self.until(
            lambda: len(self.estimates) > 1 and self.is_well() and _runs_again(self.healths[-1][1], name, restarts)
        )
        estimates, healths = self.estimates[1:], self.healths[1:]

        def first(moments: list[float]) -> float | None:
            return min(moments) - began_s if moments else None

        modality = _FEELS.get(name)
        running_s = first([at_s for at_s, each in healths if _runs_again(each, name, restarts)])
        old_s = [at_s for at_s, each in estimates if modality and _age_ms(each, modality) > _NEW_MS]
        numbers = [estimate.seq for _, estimate in self.estimates]
        arrivals = [began_s, *(at_s for at_s, _ in estimates)]
        return Death(
            name,
            harm,
            first([at_s for at_s, each in healths if _names(each, name)]),
            first([at_s for at_s, each in estimates if modality and each.modalities[modality].status != "ok"]),
            running_s or 0.0,
            first([at_s for at_s, each in estimates if old_s and at_s > old_s[-1]]),
            max(later - earlier for earlier, later in pairwise(arrivals)),
            numbers[-1] - numbers[0] + 1 - len(numbers),
        )


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    options.add_argument("--times", type=int, default=3, help="how often each process is harmed each way (default 3)")
    times = options.parse_args().times
    deaths, memory_mb = measure(times)
    tables = [
        line
        for harm, words in _HARMS.items()
        for line in (
            "",
            f"| {words} | said in health, s | modality masked, s | runs again, s | perceived anew, s"
            " | longest without an estimate, s | estimates lost |",
            "|---|---|---|---|---|---|---|",
            *(_row(each.name, [d for d in deaths if (d.worker, d.harm) == (each.name, harm)]) for each in WORKERS),
        )
    ]
    often = "once" if times == 1 else f"{times} times"
    note = (
        f"Written by `python -m bench.faults` on {datetime.now(UTC):%Y-%m-%d}: each process harmed {often} a way,"
        f" the median and the worst. Meanwhile {os.getloadavg()[1]:.0f} processes wanted to run on {os.cpu_count()}"
        f" cores. Fusion's understudy takes {memory_mb:.0f} MB (PSS). `–`: it was back before anything was to be said."
    )
    head, tail = _PAGE.read_text().split(_BEGIN)[0], _PAGE.read_text().split(_END)[1]
    _PAGE.write_text(head + "\n".join([_BEGIN, note, *tables, _END]) + tail)
    print("\n".join([note, *tables]))


def measure(times: int) -> tuple[list[Death], float]:
    """Every process harmed so often each way, by turns; and the memory of the process that waits to be fusion."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        fault = Path(folder) / "fault"
        fault.write_text("circles")
        patch.setattr(child, "WORKER", faulty_worker.__name__)
        patch.setenv(faulty_worker.FAULT, str(fault))
        patch.setenv("PYTHONPATH", str(Path.cwd()))  # processes look for nothing in the folder they start in
        length = 2 + round(times * len(_HARMS) * len(WORKERS) * 20 / 28)  # in demos
        source = str(write_encore(Path(folder) / "encore.mkv", length))
        config = replace(Config(), source=source, publish=replace(Config().publish, endpoint=f"ipc://{folder}/out"))
        supervisor = open_session(config, resolve_inputs(config))
        with supervisor, deadpan.subscribe(config.publish.endpoint, types=["estimate", "health"]) as subscription:
            supervisor.start()
            stream = Stream(supervisor, subscription)
            deaths = []
            for harm in [harm for _ in range(times) for harm in _HARMS]:
                for worker in WORKERS:
                    stream.until(stream.is_well, at_least_s=_APART_S)
                    deaths.append(stream.harm(worker.name, harm))
            stream.until(stream.is_well, at_least_s=_APART_S)
            return deaths, pss_mb(_understudy())


def _understudy() -> int:
    """The process that waits to be fusion; 0 when there is none."""
    for pid in map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()):
        if b"understudy" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return 0


def _names(health: deadpan.Health, name: WorkerName) -> bool:
    """Whether a process is among the reasons why the agent is not ok."""
    return any(reason.startswith((f"{name} is", f"{name}:")) for reason in health.reasons)


def _runs_again(health: deadpan.Health, name: WorkerName, restarts: int) -> bool:
    return health.workers[name].restarts > restarts and health.workers[name].state == "running"


def _age_ms(estimate: deadpan.Estimate, modality: str) -> float:
    reading = estimate.modalities[modality]
    return float("inf") if reading.age_ms is None or reading.status != "ok" else reading.age_ms


def _row(name: WorkerName, deaths: list[Death]) -> str:
    cells = [
        _spread([death.told_s for death in deaths]),
        _spread([death.masked_s for death in deaths]),
        _spread([death.running_s for death in deaths]),
        _spread([death.perceived_s for death in deaths]),
        _spread([death.gap_s for death in deaths]),
        f"{max(death.lost for death in deaths)}",
    ]
    return f"| {name} | {' | '.join(cells)} |"


def _spread(times_s: list[float | None]) -> str:
    """Median and worst."""
    known = [time_s for time_s in times_s if time_s is not None]
    return f"{median(known):.2f} ({max(known):.2f})" if known else "–"


if __name__ == "__main__":
    main()

"""A session of real processes whose test attends to it, reads its stream, and does its processes harm."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import deadpan
from agent.processes.supervisor import Supervisor
from agent.topology import WorkerName

_ROUNDS = 12_000  # of 10 ms: patience for a machine that has much else to do
_PART_S, _SHARE = 0.1, 0.1


class Watched:
    """What the stream said since the last `begin`, and what it said last."""

    def __init__(self, supervisor: Supervisor, subscription: deadpan.Subscription, folder: Path) -> None:
        self.supervisor, self.folder = supervisor, folder
        self._subscription = subscription
        self.estimates: list[deadpan.Estimate] = []
        """First revisions only."""
        self.healths: list[deadpan.Health] = []

    @property
    def is_well(self) -> bool:
        """Whether every process runs and has nothing to remark, and a face and a voice are perceived right now."""
        if not (self.estimates and self.healths):
            return False
        workers, modalities = self.healths[-1].workers, self.estimates[-1].modalities
        return all(worker.state == "running" and not worker.reason for worker in workers.values()) and all(
            modalities[name].status == "ok" for name in ("face", "voice")
        )

    def begin(self) -> None:
        """Wait until all is well, and read on from there."""
        self.until(lambda: self.is_well)
        del self.estimates[:-1], self.healths[:-1]

    def until(self, holds: Callable[[], bool]) -> None:
        """Attend to the processes and read the stream until something holds."""
        self._read(holds, lambda: self.supervisor.attend(10), 0)

    def leave_until(self, holds: Callable[[], bool]) -> None:
        """Read the stream until something holds, and attend to nobody: who is dead stays so."""
        self._read(holds, lambda: None, 0.01)

    def attend_until(self, holds: Callable[[], bool]) -> None:
        """Attend to the processes until something holds of them, and not for a moment longer."""
        for _ in range(_ROUNDS):
            self.supervisor.attend(10)
            if holds():
                return
        raise AssertionError(f"attended in vain: {self.supervisor.condition}")

    def restarts(self, name: WorkerName) -> int:
        return self.supervisor.condition.workers[name].restarts

    def published_restarts(self, name: WorkerName) -> int:
        """How many of them the stream has told of, which it does a little later: what else it says last is no older."""
        return self.healths[-1].workers[name].restarts

    def pid(self, name: WorkerName) -> int:
        """The id of a process that runs: a signal to none would reach the tests themselves."""
        pid = self.supervisor.pid(name)
        assert pid is not None, f"{name} does not run"
        return pid

    def signal(self, name: WorkerName, number: signal.Signals) -> None:
        os.kill(self.pid(name), number)

    def log(self, name: WorkerName) -> str:
        """What a process has written to standard error."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def reasons(self, name: WorkerName) -> list[str]:
        """Why the agent was degraded, as far as this process is the reason, each as often as it was said."""
        told = [report for report in self.healths if report.state == "degraded"]
        return [each for report in told for each in report.reasons if each.startswith((f"{name} is", f"{name}:"))]

    def is_masked(self, modality: str) -> bool:
        """Whether the newest estimate says that there is nothing new of a modality, and gives it no say."""
        reading = self.estimates[-1].modalities[modality]
        return reading.status in ("stale", "absent") and not reading.contribution

    def missing_ticks(self) -> int:
        """How many ticks there were not; AssertionError when one came twice or out of order."""
        numbers = [estimate.seq for estimate in self.estimates]
        assert numbers == sorted(set(numbers))
        return numbers[-1] - numbers[0] + 1 - len(numbers)

    def _read(self, holds: Callable[[], bool], meanwhile: Callable[[], None], wait_s: float) -> None:
        for _ in range(_ROUNDS):
            meanwhile()
            while (message := self._subscription.receive(wait_s)) is not None:
                self._take(message)
                if holds():
                    return
        found = {name: each.status for name, each in self.estimates[-1].modalities.items()} if self.estimates else {}
        told = {reason for report in self.healths for reason in report.reasons}
        raise AssertionError(f"waited in vain for {len(self.estimates)} ticks: {found}, {told}, {self.healths[-1:]}")

    @contextmanager
    def starved(self, names: Sequence[WorkerName]) -> Iterator[None]:
        """Let processes run for a tenth of the time only."""
        pids = [self.pid(name) for name in names]
        ended = threading.Event()

        def starve() -> None:
            while not ended.wait(_PART_S * _SHARE):
                _tell(pids, signal.SIGSTOP)
                ended.wait(_PART_S * (1 - _SHARE))
                _tell(pids, signal.SIGCONT)

        thread = threading.Thread(target=starve)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        assert pids == [self.supervisor.pid(name) for name in names]

    def _take(self, message: deadpan.Message) -> None:
        if isinstance(message, deadpan.Estimate) and message.revision == 0:
            self.estimates.append(message)
        elif isinstance(message, deadpan.Health):
            self.healths.append(message)


def _tell(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)

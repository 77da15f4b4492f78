"""Recordings to score in, what came of each out, scored wherever Ray has room. Needs the ray extra.

Each scorer is an actor with the encoders' processes of its own, on one core of the cluster; whichever is free takes the
next recording. Recordings and results are files: on a cluster, in a folder that all its machines share.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from threading import Event
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # or it reports to its maker, from when it is imported

import ray
from ray.exceptions import RayError

from agent.config import Config
from agent.errors import DeadpanError
from agent.scoring.attempt import Outcome, Wanted
from agent.scoring.engines import Progress, Standby
from agent.scoring.recordings import Task
from agent.scoring.results import clear
from agent.scoring.summary import fingerprint

_CORES_PER_SCORER = 1
_FAREWELL_S = 20.0


class ClusterError(DeadpanError):
    """There is no cluster, or its machines would give other results. Its text says what to do."""


class _StoppedError(Exception):
    """Whoever wanted the recording scored does not any more."""


class Scorer:
    """One actor: scores one recording at a time, and can be told to stop meanwhile."""

    def __init__(self, config: Config) -> None:
        self._settings = fingerprint(config)
        self._standby = Standby(config)
        self._stopped = Event()

    def settings(self) -> str:
        """What its results depend on: version, weights and settings as they are on its machine."""
        return self._settings

    def score(self, task: Task, wanted: Wanted) -> Outcome:
        """See agent.scoring.attempt."""

        def go_on(*_progress: object) -> None:
            if self._stopped.is_set():
                raise _StoppedError

        try:
            return self._standby.score(task, wanted, go_on, go_on)
        except _StoppedError:
            return Outcome(task, None, "stopped")

    def stop(self) -> None:
        """Have the recording in progress leave nothing half written."""
        self._stopped.set()

    def close(self) -> None:
        """End the encoders' processes."""
        self._standby.close()


class Cluster:
    """A Ray cluster at an address, or one of this machine's cores for as long as it is needed.

    `scorers`: how many there are at most; None for one a core.
    """

    def __init__(self, config: Config, address: str | None = None, scorers: int | None = None) -> None:
        self._config, self._address, self._scorers = config, address, scorers

    def score(self, tasks: Sequence[Task], wanted: Wanted, progress: Progress) -> Iterator[Outcome]:
        """The outcomes in the order in which they come. A scorer that dies takes one recording's result with it.

        Raises ClusterError.
        """
        with _joined(self._address):
            cores = int(ray.cluster_resources().get("CPU", 0))  # type: ignore[no-untyped-call]  # published so
            count = min(len(tasks), self._scorers or max(1, cores // _CORES_PER_SCORER))
            # Two calls at a time, so that one can be told to stop.
            actor = ray.remote(Scorer).options(num_cpus=_CORES_PER_SCORER, max_concurrency=2)
            crew = _Crew(lambda: actor.remote(self._config))
            try:
                yield from crew.share_out(count, deque(tasks), wanted, progress)
            finally:
                _dismiss(crew.scorers)


class _Crew:
    """The scorers, and who takes the place of one that died."""

    def __init__(self, hire: Callable[[], Any]) -> None:
        self._hire = hire
        self.scorers: list[Any] = []
        self._running: dict[Any, tuple[Any, Task | None]] = {}

    def share_out(self, count: int, waiting: deque[Task], wanted: Wanted, progress: Progress) -> Iterator[Outcome]:
        """Give each scorer a recording once it is there, and the next whenever it has done one."""
        for _ in range(count):
            self._welcome()
        while self._running:
            (done,), _ = ray.wait(list(self._running), num_returns=1)
            scorer, task = self._running.pop(done)
            try:
                told = ray.get(done)
            except RayError as error:
                if task is None:
                    raise ClusterError(f"a scorer could not be started: {error}") from error
                self.scorers.remove(scorer)
                clear(task.folder)
                yield Outcome(task, None, f"{task.location}: its scorer ended: {type(error).__name__}")
                if waiting:
                    self._welcome()
                continue
            if task is not None:
                yield replace(told, task=task)
            elif told != wanted.settings:
                raise ClusterError("a machine of the cluster has another version of deadpan or other weights")
            if waiting:
                task = waiting.popleft()
                progress.heard(task, 0, None)
                away = replace(task, location=task.location.absolute(), folder=task.folder.absolute())
                self._running[scorer.score.remote(away, wanted)] = scorer, task

    def _welcome(self) -> None:
        """Have one more, who first says what its results depend on."""
        scorer = self._hire()
        self.scorers.append(scorer)
        self._running[scorer.settings.remote()] = scorer, None


def _dismiss(scorers: Sequence[Any]) -> None:
    """Let them end what they are at, and their processes, before the cluster is left."""
    with suppress(RayError):
        ray.get([scorer.stop.remote() for scorer in scorers], timeout=_FAREWELL_S)
        ray.get([scorer.close.remote() for scorer in scorers], timeout=_FAREWELL_S)


@contextmanager
def _joined(address: str | None) -> Iterator[None]:
    """Be part of a cluster, or have one on this machine, which leaves nothing behind."""
    endings = {ending: signal.getsignal(ending) for ending in (signal.SIGINT, signal.SIGTERM)}
    if address is None:
        # Or it would leave one in the home folder. One for each process: it remembers the first it was told.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with tempfile.TemporaryDirectory(prefix="deadpan-ray-", ignore_cleanup_errors=True) as folder:
        start = partial(ray.init, logging_level=logging.ERROR, log_to_driver=False)
        try:
            if address is not None:
                start(address=address)
            else:  # at 127.0.0.1: nobody else is to join it
                start(address="local", include_dashboard=False, _temp_dir=folder, _node_ip_address="127.0.0.1")
        except (RayError, ConnectionError, RuntimeError, ValueError) as error:
            raise ClusterError(f"there is no Ray at {address or 'this machine'}: {error}") from error
        for ending, handler in endings.items():
            signal.signal(ending, handler)  # it puts its own in their place
        try:
            yield
        finally:
            ray.shutdown()

"""A recording in, its messages out as fast as the machine allows: the live stages under a virtual clock.

Each encoder reads the recording in a process of its own; their results are merged here by the time at which a live
session would have had them. So the messages depend neither on the machine's speed nor on which encoder is the faster.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from agent.capture.media import Recording, is_address, shown
from agent.config import Config
from agent.errors import DeadpanError
from agent.plug_ins.roster import Plugged, Roster, terms_of
from agent.processes.child import KEEPING, ONE_THREAD, QUIET
from agent.processes.fusing import FusingStage
from agent.processes.lane import ISOLATED, Order, read
from agent.processes.ordering import Ordering, Playback
from agent.processes.reach import is_remote, isolates
from agent.processes.spares import Spares
from agent.processes.wire import Ended, Failure, Timed
from agent.topology import WORKERS, WorkerName, workers_for
from deadpan.messages import Message
from encoders.shipped import DamagedError
from fusion.model import Fusion
from fusion.shipped import load as load_fusion


class ReplayError(DeadpanError):
    """A recording cannot be scored. Its text says why."""


class Player:
    """The encoders' processes, started at once and kept for the next recording. A context manager.

    What every process loads first is loaded while the recording is looked at, and fusion meanwhile too.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._isolated = isolates(config)
        self._roster = Roster(config.modalities, isolated=self._isolated)
        self._lanes: dict[WorkerName, _Lane] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deadpan-")))
            # On a thread of its own, which Ctrl-C does not reach: fusion's library does not bear interruption.
            self._loading = stack.enter_context(ThreadPoolExecutor(1)).submit(load_fusion)
            stack.callback(self._forget_lanes)
            for worker in WORKERS:
                if worker.modality is not None:
                    self._lane(worker.name)
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def also_read(self, location: Path) -> tuple[Path, ...]:
        """The files beside a recording on which its messages depend: what plug-ins read of it, and their weights.

        Raises PlugInError for a plug-in that cannot be had as asked.
        """
        plugged = self._roster.of(location, live=False)
        return tuple(Path(file) for each in plugged for file in (each.location, each.weights) if file is not None)

    def play(self, recording: Recording, session: str) -> Iterator[Message]:
        """Every message of a recording, in the order of a live session.

        The same recording and session give the same messages, byte for byte. Raises ReplayError when it cannot be read;
        after that, or when the messages are not read to the end, the processes are started afresh.
        """
        if self._isolated and is_remote(recording.location):
            raise ReplayError(f"{shown(recording.location)} is not on this machine: fetch it, then score the file")
        workers = [
            worker
            for worker in workers_for(camera=recording.has_video, microphone=recording.has_audio)
            if worker.modality is not None
        ]
        modalities = [worker.modality for worker in workers if worker.modality is not None]
        stream = self._config.publish.stream
        plugged = self._roster.of(Path(recording.location), live=False) if not is_address(recording.location) else ()
        lanes = [self._lane(worker.name) for worker in workers]
        beside = [self._lane(each.name) for each in plugged]
        complete = False
        try:
            for lane in lanes:
                lane.begin(recording.location, self._config)
            for lane, each in zip(beside, plugged, strict=True):
                lane.begin(each.location, self._config, each)
            model = self._fusion().expecting(self._config.fusion.base_rate).heeding(terms_of(plugged))
            fusing = FusingStage(self._config.fusion, modalities, session, stream, model=model, plugged=plugged)
            playback, spares = Playback(fusing), Spares()
            for timed in _in_order(lanes + beside):
                yield from playback.push(timed)
                spares.let_go_if_due(timed.at_ns)
            yield from playback.finish()
            complete = True
        finally:
            if not complete:
                self._forget_lanes()

    def _fusion(self) -> Fusion:
        try:
            return self._loading.result()
        except (FileNotFoundError, DamagedError) as error:
            raise ReplayError(str(error)) from error

    def _lane(self, name: WorkerName) -> _Lane:
        if name not in self._lanes:
            self._lanes[name] = _Lane(name, self._folder / f"{name}.log", isolated=self._isolated)
        return self._lanes[name]

    def _forget_lanes(self) -> None:
        for lane in self._lanes.values():
            lane.close()
        self._lanes.clear()


def _in_order(lanes: Sequence[_Lane]) -> Iterator[Timed]:
    """All results of all lanes, by their moments. A lane is read only when nothing else is certain."""
    ordering, results = Ordering(len(lanes)), [iter(lane) for lane in lanes]
    while (sender := ordering.awaited) is not None:
        timed = next(results[sender], None)
        if timed is None:
            ordering.close(sender)
        else:
            ordering.push(sender, timed)
        yield from ordering.certain()


class _Lane:
    """One encoder's process, as its reader sees it: iterate it for the results of the recording it was given."""

    def __init__(self, name: WorkerName, log: Path, *, isolated: bool) -> None:
        self._name, self._log = name, log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "agent.processes.lane", *([ISOLATED] if isolated else [])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=1 << 16,
                start_new_session=True,
                env=os.environ | QUIET | ONE_THREAD | KEEPING,
            )

    def begin(self, location: str, config: Config, plug_in: Plugged | None = None) -> None:
        """Give it a recording, or what a plug-in's sensor measured during one."""
        if self._process.stdin is not None:
            self._process.stdin.write(msgspec.json.encode(Order(self._name, location, config, plug_in)) + b"\n")
            self._process.stdin.flush()

    def __iter__(self) -> Iterator[Timed]:
        while self._process.stdout is not None and (timed := read(self._process.stdout)) is not None:
            if isinstance(timed.value, Failure):
                raise ReplayError(timed.value.reason)
            yield timed
            if isinstance(timed.value, Ended):
                return
        lines = self._log.read_text(errors="replace").strip().splitlines()[-6:]
        raise ReplayError("\n".join([f"the {self._name} process ended unexpectedly", *lines]))

    def close(self) -> None:
        """End the process; safe to call twice."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()

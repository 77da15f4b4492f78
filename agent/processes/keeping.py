"""The recorder process's work: all that is seen, heard and said in, the session's recording out."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from agent.clock import SessionClock
from agent.processes.assignment import POLL_MS, Assignment, Orders
from agent.processes.bus import Bus
from agent.processes.heart import Heart
from agent.processes.wire import Told
from agent.recorder.recorder import Recorder
from agent.recorder.shelf import Label
from encoders.samples import AudioChunk, VideoFrame

_CHECK_NS = 1_000_000_000
_LAST_ROUNDS = 50  # of 64 values, after the order to stop: more than can be under way
_NICE = 10


def recorder_of(assignment: Assignment) -> Recorder:
    """The recorder that an assignment asks for, to be entered."""
    record, modalities = assignment.config.record, assignment.modalities
    return Recorder(
        Path(assignment.record or ""),
        Label(session=assignment.session, source=assignment.source, began_unix_ns=assignment.origin_unix_ns),
        seen="face" in modalities,
        heard="voice" in modalities,
        most_mb=record.most_mb,
        spare_mb=record.spare_mb,
    )


def give_way() -> None:
    """Let every other process go first: what is kept can wait in its queue, what is said cannot."""
    with suppress(OSError):
        os.nice(_NICE)


class Keeping:
    """Writes what it is given until it is told to stop, and then what is still under way."""

    def __init__(self, recorder: Recorder, bus: Bus) -> None:
        self._recorder, self._bus = recorder, bus
        self._checked_ns = 0

    @property
    def counters(self) -> dict[str, int]:
        return self._recorder.counters

    def run(self, clock: SessionClock, orders: Orders, heart: Heart) -> None:
        while not orders.stopped.is_set():
            self._receive(POLL_MS, clock)
            now_ns = clock.now_ns()
            if now_ns - self._checked_ns >= _CHECK_NS:
                self._checked_ns = now_ns
                self._recorder.check()
            heart.beat_if_due(now_ns, lambda: self.counters, 0.0)
        for _ in range(_LAST_ROUNDS):
            if not self._receive(POLL_MS, clock):
                break

    def _receive(self, timeout_ms: int, clock: SessionClock) -> bool:
        """Write what has arrived; whether anything has."""
        if self._bus.inbox is None:
            raise ValueError("the recorder reads nothing: its session is not recorded")
        received = False
        for value in self._bus.inbox.receive(timeout_ms):
            received = True
            if isinstance(value, VideoFrame | AudioChunk):
                self._recorder.keep(value, clock.now_ns())
            elif isinstance(value, Told):
                self._recorder.tell(value.body)
        return received

"""What the supervisor tells a process: who it is, and when the session began. Lines of JSON on its standard input."""

from __future__ import annotations

import threading
from typing import TextIO

import msgspec

from agent.config import Config
from agent.topology import WorkerName

EXIT_FAILED = 3
"""How a process ends that has told the supervisor why it cannot go on."""


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor tells a process before anything else."""

    name: WorkerName
    folder: str
    config: Config
    session: str
    source: str
    """live, or the location of a recording."""
    camera: str | int | None = None
    microphone: str | int | None = None
    modalities: tuple[str, ...] = ()
    restarted: bool = False
    origin_unix_ns: int = 0


class Go(msgspec.Struct, frozen=True):
    """The session begins: its origin on the monotonic clock."""

    go: int


class Orders:
    """Standard input, read by a thread of its own, so that the end of the supervisor is noticed at once."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines
        self.stopped = threading.Event()
        self._gone = threading.Event()
        self._origin_monotonic_ns = 0

    def follow(self) -> None:
        """Start listening for the go and the end."""
        threading.Thread(target=self._listen, daemon=True, name="orders").start()

    def wait_for_go(self) -> int | None:
        """The session's origin; None when the process is to stop instead."""
        self._gone.wait()
        return None if self.stopped.is_set() else self._origin_monotonic_ns

    def _listen(self) -> None:
        for line in self._lines:
            self._origin_monotonic_ns = msgspec.json.decode(line, type=Go).go
            self._gone.set()
        self.stopped.set()
        self._gone.set()

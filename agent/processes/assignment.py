"""Lines of JSON on a process's standard input in; who it is, then what the supervisor orders, out."""

from __future__ import annotations

import sys
import threading
from typing import TextIO, TypeAlias

import msgspec

from agent.config import Config
from agent.plug_ins.roster import Plugged
from agent.topology import WorkerName
from deadpan.messages import Pace

EXIT_FAILED = 3
"""How a process ends that has told the supervisor why it cannot go on."""
EXIT_AWAY = 4
"""The same, of a device that is not to be had at present: it may come back."""
POLL_MS = 100
"""The longest that a process waits for what comes before it looks whether it is to stop."""


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
    understudy: bool = False
    """Whether it is to load what it needs and then wait until its predecessor has died."""
    isolated: bool = False
    """Whether it is to give up what it does not need of the network."""
    origin_unix_ns: int = 0
    record: str | None = None
    """The folder that this session is recorded in; None when it is not."""
    shown_at: str | None = None
    """Where the camera's process gives a picture to whoever asks (see mirror); None where it gives none."""
    frames: int | None = None
    """The descriptor of the memory that pictures are lent in, for those who lend and borrow (see frame_pool)."""
    plugged: tuple[Plugged, ...] = ()
    """The plug-ins of the session."""

    @property
    def plug_in(self) -> Plugged | None:
        """The one that this process is of, if it is of any."""
        return next((each for each in self.plugged if each.name == self.name), None)


class Go(msgspec.Struct, frozen=True, tag_field="order", tag="go"):
    """The session begins: its origin on the monotonic clock."""

    origin_monotonic_ns: int


class KeepPace(msgspec.Struct, frozen=True, tag_field="order", tag="pace"):
    """How much is asked of the process from now on."""

    pace: Pace


Order: TypeAlias = Go | KeepPace
_read = msgspec.json.Decoder(Order)


class Orders:
    """Standard input, read by a thread of its own, so that the end of the supervisor is noticed at once."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines
        self.stopped = threading.Event()
        self._gone = threading.Event()
        self._origin_monotonic_ns = 0
        self.pace: Pace | None = None
        """The newest; None while all that is configured is asked for."""
        self.unread = 0
        """Lines that were no order."""

    def follow(self) -> None:
        """Start listening for orders and the end."""
        threading.Thread(target=self._listen, daemon=True, name="orders").start()

    def wait_for_go(self) -> int | None:
        """The session's origin; None when the process is to stop instead."""
        self._gone.wait()
        return None if self.stopped.is_set() else self._origin_monotonic_ns

    def _listen(self) -> None:
        for line in self._lines:
            try:
                order: Order = _read.decode(line)
            except (msgspec.DecodeError, RecursionError) as error:  # of no use, and no reason to hear no more
                self.unread += 1
                sys.stderr.write(f"ignoring a line that is no order: {error}\n")
                continue
            match order:
                case Go(origin_monotonic_ns):
                    self._origin_monotonic_ns = origin_monotonic_ns
                    self._gone.set()
                case KeepPace(pace):
                    self.pace = pace
        self.stopped.set()
        self._gone.set()

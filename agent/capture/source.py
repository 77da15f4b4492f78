"""The seam every input fits: a device, file or address in, stamped samples out, with every loss counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self, TypeAlias, TypeVar, runtime_checkable

from agent.errors import DeadpanError

Sample_co = TypeVar("Sample_co", covariant=True)


WAKE_S = 0.1
"""The longest that whoever reads a device may sleep at a time: who sleeps for longer is taken to hang (see
agent.processes.stillness).
"""


Step: TypeAlias = Callable[[], None]
"""What a source calls when it has come one step further, between two samples, too: some take many."""


def no_step() -> None:
    """Nobody wants to know."""


class Problem(StrEnum):
    """Why nothing can be captured: what a program may branch on. The error's text is for people."""

    ABSENT = "absent"  # no such device, file or address
    FORBIDDEN = "forbidden"  # it is there, but this user may not open it
    BUSY = "busy"  # another program holds it
    NOT_MEDIA = "not_media"  # it opened, but holds no sound or pictures that can be decoded
    EMPTY = "empty"  # media, but without the track asked for, or with nothing in it
    VANISHED = "vanished"  # it worked, then stopped: unplugged, stalled, or the network went
    UNSUPPORTED = "unsupported"  # the device, its settings or this installation cannot do it


class CaptureError(DeadpanError):
    """A source cannot be opened or cannot go on. Its text says what happened and what to do about it."""

    def __init__(self, problem: Problem, message: str) -> None:
        super().__init__(problem, message)  # both, so that it survives pickling between processes
        self.problem = problem
        self.message = message

    def __str__(self) -> str:
        return self.message


class Source(Protocol[Sample_co]):
    """An input while it is open: enter it, iterate it, leave it.

    Entering opens the device or file and raises CaptureError when that fails. Iterating blocks until the next sample,
    ends when the source ends (only recordings do) and raises CaptureError when a source that worked cannot go on.
    Within one source `pts_ns` never goes back, and AudioChunks never overlap by more than a sample.
    A source is iterated once; for a second pass make a second source.
    """

    @property
    def name(self) -> str:
        """What to call it in front of people: the device's name, the file's path."""
        ...

    @property
    def losses(self) -> Mapping[str, int]:
        """What was lost so far, by cause. Absent causes never happened."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[Sample_co]: ...


@runtime_checkable
class Recorded(Protocol):
    """A source that knows what is to come, and so can begin anywhere."""

    def begin_at(self, pts_ns: int) -> None:
        """Pass over what comes before that moment, or as much of it as can be. For an open source, before iterating."""
        ...

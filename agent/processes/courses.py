"""How a session in one process takes its course: on the clock, as a live one does, or as fast as its media comes.

Both say when what is pushed was heard and seen, and turn what the encoders make of it into messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agent.capture.pcm import mix_to_mono
from agent.capture.pieces import PieceStamper
from agent.capture.stated import StatedStamper
from agent.clock import Clock
from agent.processes.fusing import FusingStage
from agent.processes.ordering import Ordering, Playback
from agent.processes.thread import Worked
from agent.processes.wire import Condition, Timed
from deadpan.messages import Message, WorkerHealth
from encoders.samples import NS_PER_S, AudioChunk

_EARLIEST_NS, _LATEST_NS = -60 * NS_PER_S, NS_PER_S


class Course(Protocol):
    """`now_ns` is the clock; None where time is that of the media, and so what is pushed must wait for its turn."""

    now_ns: Callable[[], int] | None

    def heard_ns(self, pts_ns: int | None, duration_ns: int) -> int | None:
        """When sound of this length began, if it can be known. Raises ValueError for a time that cannot be."""
        ...

    def seen_ns(self, pts_ns: int | None) -> int:
        """When a picture was taken. Raises ValueError for a time that cannot be, or that must be said and is not."""
        ...

    def chunks(self, pcm: NDArray[np.float32], rate_hz: int, began_ns: int | None, measured: bool) -> list[AudioChunk]:
        """Take float32 [samples, channels]; return the chunks that became certain. `measured`: somebody knew when."""
        ...

    def rest(self) -> list[AudioChunk]:
        """The chunks that are left when no more sound comes."""
        ...

    def take(self, worked: Worked) -> Iterator[Message]:
        """What becomes due by what an encoder has made of a sample."""
        ...

    def tell(self, condition: Condition) -> Iterator[Message]:
        """How the encoders are, now that there is a now."""
        ...

    def advance(self) -> Iterator[Message]:
        """What has become due by time alone."""
        ...

    @property
    def next_ns(self) -> int | None:
        """When something will be; None when not by time alone."""
        ...

    @property
    def finished(self) -> bool:
        """Whether all has been said."""
        ...


class ClockCourse:
    """On a clock: estimates come whether or not anything is pushed."""

    def __init__(self, fusing: FusingStage, clock: Clock, losses: Counter[str]) -> None:
        self.now_ns: Callable[[], int] | None = clock.now_ns
        self._clock, self._fusing = clock, fusing
        self._stamper = PieceStamper(losses)

    def heard_ns(self, pts_ns: int | None, duration_ns: int) -> int:
        return self._clock.now_ns() - duration_ns if pts_ns is None else self._believed(pts_ns)

    def seen_ns(self, pts_ns: int | None) -> int:
        return self._clock.now_ns() if pts_ns is None else self._believed(pts_ns)

    def chunks(self, pcm: NDArray[np.float32], rate_hz: int, began_ns: int | None, measured: bool) -> list[AudioChunk]:
        began_ns = self._clock.now_ns() if began_ns is None else began_ns
        return [chunk for chunk in self._stamper.push(pcm, rate_hz, began_ns, measured=measured) if chunk.pts_ns >= 0]

    def rest(self) -> list[AudioChunk]:
        return self._stamper.finish()

    def take(self, worked: Worked) -> Iterator[Message]:
        for value in worked.made:
            yield from self._fusing.push(value, self._clock.now_ns())

    def tell(self, condition: Condition) -> Iterator[Message]:
        yield from self._fusing.push(condition, self._clock.now_ns())

    def advance(self) -> Iterator[Message]:
        yield from self._fusing.advance(self._clock.now_ns())

    @property
    def next_ns(self) -> int:
        return self._fusing.next_deadline_ns

    @property
    def finished(self) -> bool:
        return self._fusing.finished

    def _believed(self, pts_ns: int) -> int:
        off_ns = pts_ns - self._clock.now_ns()
        if not _EARLIEST_NS <= off_ns <= _LATEST_NS:
            raise ValueError(
                f"pts_ns is {off_ns / NS_PER_S:+.1f} s from now: it counts from the session's beginning, as now_ns does"
            )
        return pts_ns


class MediaCourse:
    """Under the media's own time: the same messages, byte for byte, however fast it comes and however it is cut."""

    def __init__(self, fusing: FusingStage, senders: Sequence[str], losses: Counter[str]) -> None:
        self.now_ns: Callable[[], int] | None = None
        self._fusing = fusing
        self._playback = Playback(fusing)
        self._ordering = Ordering(len(senders))
        self._health = [(name, WorkerHealth(state="running")) for name in senders]
        self._stamper = StatedStamper(losses)

    def heard_ns(self, pts_ns: int | None, duration_ns: int) -> int | None:  # noqa: ARG002 - it says itself, or goes on
        if pts_ns is not None and pts_ns < 0:
            raise ValueError(f"pts_ns counts from the beginning of the media, so it cannot be {pts_ns}")
        return pts_ns

    def seen_ns(self, pts_ns: int | None) -> int:
        if pts_ns is None or pts_ns < 0:
            raise ValueError(
                "a picture needs its pts_ns, from 0 at the beginning of the media, where there is no clock"
            )
        return pts_ns

    def chunks(
        self,
        pcm: NDArray[np.float32],
        rate_hz: int,
        began_ns: int | None,
        measured: bool,  # noqa: ARG002 - in the media's own time every stamp is taken at its word
    ) -> list[AudioChunk]:
        return self._stamper.push(mix_to_mono(pcm), rate_hz, began_ns)

    def rest(self) -> list[AudioChunk]:
        return self._stamper.finish()

    def take(self, worked: Worked) -> Iterator[Message]:
        for value in worked.made:
            self._ordering.push(worked.sender, Timed(worked.at_ns, value))
        if worked.failure:
            name, _ = self._health[worked.sender]
            self._health[worked.sender] = name, WorkerHealth(state="failed", reason=worked.failure)
            self._ordering.push(worked.sender, Timed(worked.at_ns, Condition(dict(self._health))))
        self._ordering.bound(worked.sender, worked.at_ns)
        if worked.ended:
            self._ordering.close(worked.sender)
        for timed in self._ordering.certain():
            yield from self._playback.push(timed)
        if self._ordering.awaited is None:
            yield from self._playback.finish()

    def tell(self, condition: Condition) -> Iterator[Message]:  # noqa: ARG002 - how they are now is not media's time
        yield from ()

    def advance(self) -> Iterator[Message]:
        yield from ()

    @property
    def next_ns(self) -> None:
        return None

    @property
    def finished(self) -> bool:
        return self._fusing.finished

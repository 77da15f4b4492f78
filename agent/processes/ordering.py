"""Encoders' results in, each with its moment of the session; messages, in the order of a live session, out.

This is the clock of sessions that do not run on one: replay, and an agent under its media's own time. So the messages
depend neither on the machine's speed nor on which encoder is the faster.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from agent.processes.fusing import FusingStage
from agent.processes.wire import Timed
from deadpan.messages import Message

_NOT_BEGUN = -1


class Ordering:
    """Several senders' values, each sender's in order of time, become one order: by time, then by the sender's number.

    A value is given as soon as it is certain that none comes before it, so what waits is what one sender is ahead of
    another.
    """

    def __init__(self, senders: int) -> None:
        self._waiting: list[deque[Timed]] = [deque() for _ in range(senders)]
        self._bounds_ns: list[float] = [_NOT_BEGUN] * senders
        self.awaited: int | None = 0 if senders else None
        """The sender that must be heard of before anything more is certain; None when all have ended."""

    def push(self, sender: int, timed: Timed) -> None:
        """Take a sender's next value."""
        self._waiting[sender].append(timed)
        self.bound(sender, timed.at_ns)

    def bound(self, sender: int, at_ns: int) -> None:
        """Know that nothing before this moment is to come from a sender."""
        self._bounds_ns[sender] = max(self._bounds_ns[sender], at_ns)

    def close(self, sender: int) -> None:
        """Know that nothing more is to come from a sender."""
        self._bounds_ns[sender] = float("inf")

    def certain(self) -> Iterator[Timed]:
        """The values that have become certain, in order."""
        while True:
            first = min(
                (waiting[0].at_ns if waiting else self._bounds_ns[sender], sender)
                for sender, waiting in enumerate(self._waiting)
            )
            at_ns, sender = first
            if not self._waiting[sender]:
                self.awaited = None if at_ns == float("inf") else sender
                return
            yield self._waiting[sender].popleft()


class Playback:
    """A session's fusion under the time of its values."""

    def __init__(self, fusing: FusingStage) -> None:
        self._fusing = fusing
        self._at_ns = 0

    def push(self, timed: Timed) -> Iterator[Message]:
        """Take the next value in order; first comes what was due before it. What comes after the end is left."""
        while not self._fusing.finished and self._fusing.next_deadline_ns < timed.at_ns:
            yield from self._fusing.advance(self._fusing.next_deadline_ns)
        if self._fusing.finished:
            return
        self._at_ns = timed.at_ns
        yield from self._fusing.push(timed.value, timed.at_ns)
        yield from self._fusing.advance(timed.at_ns)

    def finish(self) -> Iterator[Message]:
        """All have ended: the last of what is due."""
        yield from self._fusing.advance(max(self._at_ns, self._fusing.media_end_ns))

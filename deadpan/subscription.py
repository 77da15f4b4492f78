"""An endpoint in, messages out: iterate, iterate asynchronously, ask for the latest, or for a stretch of speech."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeAlias

from deadpan.connection import DEFAULT_ENDPOINT as DEFAULT_ENDPOINT  # where it has always been imported from
from deadpan.errors import SilenceError
from deadpan.link import Link
from deadpan.messages import MESSAGE_TYPES, Message
from deadpan.reading import Reading
from deadpan.timeline import Stretch, Timeline

TypeName: TypeAlias = Literal["estimate", "utterance", "transcript", "event", "health", "welcome", "sketch"]

_FRUITLESS = frozenset({"several_streams"})  # reasons that waiting does not change


class Subscription:
    """A live view of one agent's stream. Use it as a context manager; iterate it from one thread or one event loop.

    A subscriber may start before the agent, and stays connected across its restarts. Messages the publisher repeats for
    newcomers are given once only. Whatever reads raises SpecError when the agent speaks another version of the
    specification, and AccessError when it refuses the subscriber.
    """

    def __init__(
        self,
        endpoint: str,
        types: Iterable[TypeName],
        stream: str | None,
        timeout_s: float | None,
        key: str | Path | None = None,
    ) -> None:
        wanted = tuple(types)
        if unknown := [name for name in wanted if name not in MESSAGE_TYPES]:
            raise ValueError(f"no such message type: {', '.join(unknown)}; there are {', '.join(MESSAGE_TYPES)}")
        self.endpoint = endpoint
        self.timeline = Timeline()
        """What was published of late; ask it for stretches where a task of yours does the reading."""
        self._timeout_s, self._stream = timeout_s, stream
        self._wanted = frozenset(wanted)
        self._reading = Reading(endpoint, wanted, stream)
        self._link = Link(endpoint, self._reading.topics, key)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the stream: whoever iterates comes to an end. Safe to call twice, and from another thread."""
        self._link.close()

    def __iter__(self) -> Iterator[Message]:
        """Messages as they come. Ends when the subscription is closed; SilenceError after `timeout_s` without one."""
        while not self._link.closed:
            message = self.receive(self._timeout_s)
            if message is not None:
                yield message
            elif not self._link.closed:
                raise SilenceError(self._silence())

    async def __aiter__(self) -> AsyncIterator[Message]:
        """The same, for an event loop."""
        while not self._link.closed:
            message = await self.receive_async(self._timeout_s)
            if message is not None:
                yield message
            elif not self._link.closed:
                raise SilenceError(self._silence())

    def receive(self, timeout_s: float | None = None) -> Message | None:
        """The next message, or None when there is none within `timeout_s` (None: wait for ever; 0: do not wait)."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while (frames := self._link.frames(_left_s(deadline))) is not None:
            if (message := self._take(frames)) is not None:
                return message
        return None

    async def receive_async(self, timeout_s: float | None = None) -> Message | None:
        """The same, for an event loop."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while (frames := await self._link.frames_async(_left_s(deadline))) is not None:
            if (message := self._take(frames)) is not None:
                return message
        return None

    def latest(self, message_type: TypeName = "estimate") -> Message | None:
        """The newest message of a type that has arrived so far; None before the first. Never waits.

        Messages passed over on the way are gone for iteration. Raises ValueError for a type not subscribed to.
        """
        self._check_subscribed(message_type)
        self._catch_up()
        return self.timeline.latest(message_type)

    def at(self, start_ns: int, end_ns: int, timeout_s: float = 0.0) -> Stretch:
        """The answer for a stretch of speech, [start_ns, end_ns) on the session's axis: see `session_ns`.

        Waits up to `timeout_s` for the agent to finish with it; what is then known is the answer, with a `reason` where
        it is not. Messages passed over on the way are gone for iteration. Raises ValueError unless estimates and
        utterances are subscribed to, and for a stretch that ends before it starts.
        """
        self._check_subscribed("estimate", "utterance")
        deadline = time.monotonic() + timeout_s
        while True:
            self._catch_up()
            stretch = self.timeline.at(start_ns, end_ns, time.monotonic_ns())
            left_s = _left_s(deadline)
            if stretch.complete or stretch.reason in _FRUITLESS or not left_s or self._link.closed:
                return stretch
            self.receive(left_s)

    async def at_async(self, start_ns: int, end_ns: int, timeout_s: float = 0.0) -> Stretch:
        """The same, for an event loop. Where another task is iterating, it is left all messages."""
        self._check_subscribed("estimate", "utterance")
        deadline = time.monotonic() + timeout_s
        while True:
            if not self._link.is_read:
                self._catch_up()
            stretch = self.timeline.at(start_ns, end_ns, time.monotonic_ns())
            left_s = _left_s(deadline)
            if stretch.complete or stretch.reason in _FRUITLESS or not left_s or self._link.closed:
                return stretch
            await self._link.stir(left_s)

    def session_ns(self, monotonic_ns: int | None = None) -> int:
        """A time of this machine's time.monotonic_ns(), by default now, on the session's axis.

        It is found from the messages themselves, so neither machine's calendar matters: exact to within some
        milliseconds once a message has been read as it came. Before the first message it is returned as it is.
        """
        self._catch_up()
        return self.timeline.session_ns(time.monotonic_ns() if monotonic_ns is None else monotonic_ns)

    @property
    def losses(self) -> dict[str, int]:
        """Messages lost on the way, by type (of estimates: first revisions)."""
        return dict(self.timeline.losses)

    @property
    def lag_ms(self) -> float | None:
        """How much later than usual the newest message came; None before the first. Much of it: you read too slowly."""
        return self.timeline.lag_ms

    @property
    def unreadable(self) -> int:
        """Bodies that were no message of a known type: a newer publisher's, or damaged ones."""
        return self._reading.unreadable

    def _catch_up(self) -> None:
        while self.receive(0) is not None:
            pass

    def _take(self, frames: list[bytes]) -> Message | None:
        message = self._reading.message(frames, self._link.monitor.contacts)
        if message is None or not self.timeline.add(message, time.monotonic_ns()):
            return None
        self._link.wake()
        return message if self._reading.is_wanted(message) else None

    def _check_subscribed(self, *names: str) -> None:
        if missing := [name for name in names if name not in self._wanted]:
            known = ", ".join(sorted(self._wanted))
            raise ValueError(f"not subscribed to {' and '.join(missing)} messages, only to {known}")

    def _silence(self) -> str:
        said = f"nothing was published at {self.endpoint} for {self._timeout_s} s"
        match self._link.monitor.contact:
            case "none":
                return f"{said}, and nobody listens there: is the agent running? Start it with deadpan run"
            case "mute":
                return f"{said}: something listens there, but it is no agent, or a tunnel without one at its end"
            case _:
                stream = "" if self._stream is None else f" Is there a stream named {self._stream}?"
                return f"{said}, though there is a connection: the agent is stuck, or still starting.{stream}"


def _left_s(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def subscribe(
    endpoint: str = DEFAULT_ENDPOINT,
    *,
    types: Iterable[TypeName] = ("estimate", "utterance", "transcript", "event"),
    stream: str | None = None,
    timeout_s: float | None = None,
    key: str | Path | None = None,
) -> Subscription:
    """Subscribe to an agent's stream.

    `types` are the messages wanted; `stream` limits to one name on a shared bus; iterating raises SilenceError after
    `timeout_s` without a message (None waits for ever); `key` is the file that `deadpan keys new` wrote for this
    subscriber, where the agent wants one. Raises ValueError for an unknown type, EndpointError (a ValueError) for a
    malformed endpoint, and AccessError for a key that cannot be read.
    """
    return Subscription(endpoint, types, stream, timeout_s, key)

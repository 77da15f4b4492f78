"""An endpoint in, messages out: iterate, iterate asynchronously, or ask for the latest."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Iterator
from types import TracebackType
from typing import Literal, TypeAlias

import msgspec
import zmq

from deadpan.messages import MESSAGE_TYPES, SPEC, Message, from_body, topic, type_name

DEFAULT_ENDPOINT = "tcp://127.0.0.1:5737"
"""Where `deadpan run` publishes unless told otherwise."""

TypeName: TypeAlias = Literal["estimate", "utterance", "transcript", "event", "health", "welcome"]

_DEPTH = 1000  # messages waiting for a reader that is slow: about a minute; older ones are dropped by the publisher


class Subscription:
    """A live view of one agent's stream. Use it as a context manager; iterate it from one thread or one event loop.

    A subscriber may start before the agent, and stays connected across its restarts. Messages the publisher repeats for
    newcomers are given once only.
    """

    def __init__(self, endpoint: str, types: Iterable[TypeName], stream: str | None, timeout_s: float | None) -> None:
        wanted = tuple(types)
        if unknown := [name for name in wanted if name not in MESSAGE_TYPES]:
            raise ValueError(f"no such message type: {', '.join(unknown)}; there are {', '.join(MESSAGE_TYPES)}")
        self.endpoint = endpoint
        self.unreadable = 0
        """Bodies that were no message of a known type: a newer publisher's, or damaged ones."""
        self._timeout_s = timeout_s
        self._wanted = frozenset(wanted)
        self._last_seen: dict[tuple[str, str], tuple[str, int, int]] = {}
        self._latest: dict[str, Message] = {}
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RCVHWM, _DEPTH)
        self._socket.setsockopt(zmq.IPV6, 1)
        self._socket.setsockopt(zmq.RECONNECT_IVL, 100)
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
        try:
            if stream is None:
                self._socket.setsockopt(zmq.SUBSCRIBE, f"deadpan/{SPEC}/".encode())
            else:
                for name in wanted:
                    self._socket.setsockopt(zmq.SUBSCRIBE, topic(stream, name))
            self._socket.connect(endpoint)
        except zmq.ZMQError as error:
            self._socket.close()
            raise ValueError(
                f"cannot subscribe to {endpoint}: {error}; it should look like {DEFAULT_ENDPOINT}"
            ) from error

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the stream; safe to call twice."""
        self._socket.close()

    def __iter__(self) -> Iterator[Message]:
        """Messages as they come. Ends when the subscription is closed; TimeoutError after `timeout_s` without one."""
        while not self._socket.closed:
            message = self.receive(self._timeout_s)
            if message is None:
                raise TimeoutError(f"nothing was published at {self.endpoint} for {self._timeout_s} s")
            yield message

    async def __aiter__(self) -> AsyncIterator[Message]:
        """The same, for an event loop."""
        import asyncio  # here, because it is most of the client's import time and many never need it

        import zmq.asyncio

        socket = zmq.asyncio.Socket(shadow=self._socket)
        while not self._socket.closed:
            try:
                frames = await asyncio.wait_for(socket.recv_multipart(), self._timeout_s)
            except TimeoutError as error:
                raise TimeoutError(f"nothing was published at {self.endpoint} for {self._timeout_s} s") from error
            if (message := self._read(frames)) is not None:
                yield message

    def receive(self, timeout_s: float | None = None) -> Message | None:
        """The next message, or None when there is none within `timeout_s` (None: wait for ever; 0: do not wait)."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_ms = None if deadline is None else max(0, round((deadline - time.monotonic()) * 1000))
            if not self._socket.poll(left_ms):
                return None
            if (message := self._read(self._socket.recv_multipart())) is not None:
                return message

    def latest(self, message_type: TypeName = "estimate") -> Message | None:
        """The newest message of a type that has arrived so far; None before the first. Never waits.

        Messages passed over on the way are gone for iteration. Raises ValueError for a type not subscribed to.
        """
        if message_type not in self._wanted:
            raise ValueError(f"not subscribed to {message_type} messages, only to {', '.join(sorted(self._wanted))}")
        while self.receive(0) is not None:
            pass
        return self._latest.get(message_type)

    def _read(self, frames: list[bytes]) -> Message | None:
        try:
            message = from_body(frames[-1])
        except (msgspec.DecodeError, IndexError):  # a publisher's mistake must not end its reader
            self.unreadable += 1
            return None
        name = type_name(message)
        if name not in self._wanted or self._is_repeated(name, message):
            return None
        self._latest[name] = message
        return message

    def _is_repeated(self, name: str, message: Message) -> bool:
        """Whether this is a last value, sent again for the sake of a newer subscriber."""
        key = (message.stream, name)
        mark = (message.session, message.seq, getattr(message, "revision", 0))
        seen = self._last_seen.get(key)
        self._last_seen[key] = mark
        return seen == mark


def subscribe(
    endpoint: str = DEFAULT_ENDPOINT,
    *,
    types: Iterable[TypeName] = ("estimate", "utterance", "transcript", "event"),
    stream: str | None = None,
    timeout_s: float | None = None,
) -> Subscription:
    """Subscribe to an agent's stream.

    `types` are the messages wanted; `stream` limits to one name on a shared bus; iterating raises TimeoutError after
    `timeout_s` without a message (None waits for ever). Raises ValueError for an unknown type or a malformed endpoint.
    """
    return Subscription(endpoint, types, stream, timeout_s)

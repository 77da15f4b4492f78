"""Messages in, a public ZeroMQ stream out, with a welcome and the last values for whoever comes late.

The sockets belong to a thread of their own, behind a bounded queue: whatever subscribers do, nothing they do delays
whoever publishes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import zmq

from agent.stream.branch import Branch, check_bus
from agent.stream.door import Door
from agent.stream.endpoint import PublishError, Socket, check_endpoint
from agent.stream.keyring import Keyring
from deadpan.errors import AccessError
from deadpan.messages import ON_REQUEST, Message, to_json, topic, type_name

_QUEUE = 1000  # messages between the publishing thread and the sockets': more than a minute
_ROUND = 100
_IDLE_MS = 1000
_PATIENCE_S = 5.0
_WANTED = 100  # different prefixes to answer at once; beyond, one answer for all
_ANSWER_NS = 100_000_000  # between two answers: everybody receives each, and a storm of newcomers must not be a storm
_INSIDE = "inproc://stream"


def check_publishing(endpoint: str, keys: Path | None, bus: str | None = None) -> Keyring | None:
    """The keys, if there are to be any, with which a stream may be published there. Raises PublishError."""
    check_endpoint(endpoint, keyed=keys is not None)
    if bus is not None:
        check_bus(bus)
    try:
        return None if keys is None else Keyring(keys)
    except AccessError as error:
        raise PublishError(str(error)) from error


class Publisher:
    """The public stream. Publishing never blocks: a subscriber that does not read loses messages, nobody else does.

    `keys`: the folder of keys that subscribers must hold. `bus`: a proxy to publish through as well. Raises
    PublishError, with what to do about it, when that cannot be had.
    """

    def __init__(self, endpoint: str, encoding: str = "json", keys: Path | None = None, bus: str | None = None) -> None:
        keyring = check_publishing(endpoint, keys, bus)
        self._pack = to_json if encoding == "json" else msgspec.msgpack.encode
        self._last: dict[bytes, bytes] = {}
        self._published = self._unsent = 0
        self._wanted: set[bytes] = set()
        self._lock = threading.Lock()
        self._failure: BaseException | None = None
        self._context: zmq.Context[Socket] = zmq.Context()
        try:
            self._door = Door(self._context, endpoint, keyring)
            self._inlet, self._outlet = self._queue()
            self._arrivals = zmq.Poller()
            self._arrivals.register(self._outlet, zmq.POLLIN)
            self._branch = None if bus is None else Branch(self._context, bus)
        except BaseException:
            self._context.destroy(linger=0)
            raise
        self._thread = threading.Thread(target=self._serve, name="stream", daemon=True)
        self._thread.start()

    @property
    def published(self) -> int:
        """Messages published so far, repeated ones too."""
        return self._published

    @property
    def counters(self) -> dict[str, int]:
        """Messages published, and not (`unsent`), and those of the doorman."""
        return {"published": self._published, "unsent": self._unsent} | self._door.counters

    @property
    def is_watched(self) -> bool:
        """Whether anybody has subscribed to sketches: they are for nobody else."""
        return self._door.is_watched or (self._branch is not None and self._branch.is_watched)

    @property
    def has_newcomers(self) -> bool:
        """Whether somebody has subscribed and is not greeted yet."""
        return bool(self._wanted)

    def publish(self, message: Message, body: bytes | None = None) -> None:
        """Publish a message; `body`, if given, is what it looked like when it was first published."""
        kind = type_name(message)
        address = topic(message.stream, kind)
        body = self._pack(message) if body is None else body
        if kind not in ON_REQUEST:
            self._last[address] = body
        self._send(address, body)

    def greet_newcomers(self, welcome: Callable[[], Message] | None = None) -> None:
        """Answer new subscriptions, all at once: a welcome, then the last value of each type subscribed to.

        Without `welcome`, one that was published before is a last value like the others.
        """
        with self._lock:
            wanted, self._wanted = tuple(self._wanted), set()
        if not wanted:
            return
        if welcome is not None:
            greeting = welcome()
            self._send(topic(greeting.stream, "welcome"), self._pack(greeting))
        for address in sorted(self._last, key=lambda address: not address.endswith(b"/welcome")):
            if address.startswith(wanted):
                self._send(address, self._last[address])

    def close(self) -> None:
        """End the stream; what was published last still has a moment to leave."""
        if self._thread.is_alive():
            self._inlet.setsockopt(zmq.SNDTIMEO, round(_PATIENCE_S * 1000))
            self._inlet.send(b"")
            self._thread.join(_PATIENCE_S)
        self._door.close()
        for each in (self._inlet, self._outlet, self._branch):
            if each is not None:
                each.close()
        self._context.term()

    def _send(self, address: bytes, body: bytes) -> None:
        if self._failure is not None:
            raise RuntimeError(f"the stream has broken down: {self._failure}") from self._failure
        try:
            self._inlet.send_multipart([address, body], zmq.NOBLOCK)
            self._published += 1
        except zmq.Again:
            self._unsent += 1

    def _serve(self) -> None:
        """The sockets' thread: what is published to whoever subscribed, and what they want back to us."""
        try:
            poller = zmq.Poller()
            branch = () if self._branch is None else (self._branch.socket,)
            for each in (self._outlet, *self._door.sockets, *branch):
                poller.register(each, zmq.POLLIN)
            wanted: set[bytes] = set()
            answered_ns = 0
            while True:
                ready = dict(poller.poll(_ANSWER_NS // 1_000_000 if wanted else _IDLE_MS))
                if self._outlet in ready and not self._pass_on():
                    return
                now_ns = time.monotonic_ns()
                wanted |= self._door.attend(ready, now_ns)
                if self._branch is not None:
                    wanted |= self._branch.asked()
                if wanted and now_ns - answered_ns >= _ANSWER_NS:
                    answered_ns = now_ns
                    self._want(wanted)
                    wanted = set()
        except BaseException as error:  # noqa: BLE001 - whatever it was: publishing raises it, where it is heard
            self._failure = error

    def _want(self, wanted: set[bytes]) -> None:
        """Leave for the publishing thread what is to be answered."""
        with self._lock:
            self._wanted |= wanted
            if len(self._wanted) > _WANTED:
                self._wanted = {b""}

    def _pass_on(self) -> bool:
        """Publish what waits in the queue; says whether there may be more to come."""
        for _ in range(_ROUND):
            if not self._arrivals.poll(0):
                break
            frames = self._outlet.recv_multipart()
            if len(frames) == 1:
                return False
            self._door.send(frames)
            if self._branch is not None:
                self._branch.send(frames)
        return True

    def _queue(self) -> tuple[Socket, Socket]:
        inlet, outlet = self._context.socket(zmq.PAIR), self._context.socket(zmq.PAIR)
        inlet.setsockopt(zmq.SNDHWM, _QUEUE)
        outlet.setsockopt(zmq.RCVHWM, 1)
        outlet.bind(_INSIDE)
        inlet.connect(_INSIDE)
        return inlet, outlet

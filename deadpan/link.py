"""One subscribed socket and whoever reads it in; frames out, until anybody closes it."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import zmq

from deadpan.connection import join, open_socket, rejoin
from deadpan.monitor import Monitor

if TYPE_CHECKING:  # it would be most of the client's import time, and many never need it
    import asyncio


class Link:
    """The way to one agent or proxy. Read it from one thread or one event loop; close it from anywhere, at any time.

    Whoever waits for frames is woken by close() and is given none; the last one out takes the sockets down.
    """

    def __init__(self, endpoint: str, topics: Iterable[bytes], key: str | Path | None) -> None:
        self._endpoint = endpoint
        self._socket = open_socket(key)
        self.monitor = Monitor(self._socket, endpoint, has_key=key is not None)
        self._bell, self._button = socket.socketpair()  # a socket of ZeroMQ may not be touched by another thread
        self._inside, self._is_down = 0, False
        self._leaving = threading.RLock()  # a signal's frame may close what its own thread is reading
        self._asleep: set[asyncio.Future[None]] = set()
        self._awaiting_frames = 0
        self.closed = False
        try:
            join(self._socket, endpoint, topics)
        except BaseException:
            self.close()
            raise
        self._poller, self._arrivals = zmq.Poller(), zmq.Poller()
        for each in (self._socket, self.monitor.events, self._bell):
            self._poller.register(each, zmq.POLLIN)
        self._arrivals.register(self._socket, zmq.POLLIN)

    def frames(self, timeout_s: float | None) -> list[bytes] | None:
        """The next message's frames; None when there are none within `timeout_s`, or when it is closed.

        Raises AccessError when the agent has refused the subscriber.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._using():
            while not self.closed:
                if (frames := self._take()) is not None:
                    return frames
                left_s = None if deadline is None else deadline - time.monotonic()
                if left_s is not None and left_s <= 0:
                    return None
                rest_s = self._rest_s(left_s)
                self._poller.poll(None if rest_s is None else math.ceil(rest_s * 1000))
        return None

    async def frames_async(self, timeout_s: float | None) -> list[bytes] | None:
        """The same, for an event loop."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._using():
            while not self.closed:
                if (frames := self._take()) is not None:
                    return frames
                left_s = None if deadline is None else deadline - time.monotonic()
                if left_s is not None and left_s <= 0:
                    return None
                self._awaiting_frames += 1
                try:
                    await self.stir(left_s)
                finally:
                    self._awaiting_frames -= 1
        return None

    def ask(self, topic: bytes) -> None:
        """Subscribe to topics that begin so, too. From the thread or loop that reads."""
        self._socket.setsockopt(zmq.SUBSCRIBE, topic)

    def ask_no_more(self, topic: bytes) -> None:
        """Take back what was asked for. From the thread or loop that reads."""
        self._socket.setsockopt(zmq.UNSUBSCRIBE, topic)

    @property
    def is_read(self) -> bool:
        """Whether a task is waiting for frames."""
        return self._awaiting_frames > 0

    async def stir(self, timeout_s: float | None) -> None:
        """Sleep until something may have happened: frames, a refusal, wake(), close(), or `timeout_s` has passed."""
        import asyncio

        loop = asyncio.get_running_loop()
        sleeper = loop.create_future()
        with self._using():
            sources = (self._socket.FD, self.monitor.events.FD, self._bell.fileno())
            if not self._asleep:
                for source in sources:
                    loop.add_reader(source, self.wake)
            self._asleep.add(sleeper)
            try:
                await asyncio.wait([sleeper], timeout=self._rest_s(timeout_s))
            finally:
                self._asleep.discard(sleeper)
                if not self._asleep:
                    for source in sources:
                        loop.remove_reader(source)

    def wake(self) -> None:
        """Wake all who sleep in stir(); from the event loop they sleep in."""
        for sleeper in self._asleep:
            if not sleeper.done():
                sleeper.set_result(None)

    def close(self) -> None:
        """End the contact and whoever waits for it; safe to call twice, and from another thread."""
        with self._leaving:
            if not self.closed:
                self.closed = True
                self._button.send(b"\0")
            self._take_down_if_left()

    def _take(self) -> list[bytes] | None:
        self.monitor.attend()
        if self._arrivals.poll(0):
            return self._socket.recv_multipart(zmq.NOBLOCK)
        if self.monitor.given_up_in_s == 0:
            self.monitor.begin_anew()
            rejoin(self._socket, self._endpoint)
        return None

    def _rest_s(self, left_s: float | None) -> float | None:
        """How long to wait of the time left: at most until ZeroMQ may have given up."""
        given_up_in_s = self.monitor.given_up_in_s
        if given_up_in_s is None:
            return left_s
        return given_up_in_s if left_s is None else min(left_s, given_up_in_s)

    @contextmanager
    def _using(self) -> Iterator[None]:
        with self._leaving:
            self._inside += 1
        try:
            yield
        finally:
            with self._leaving:
                self._inside -= 1
                self._take_down_if_left()

    def _take_down_if_left(self) -> None:
        if self.closed and not self._inside and not self._is_down:
            self._is_down = True
            self.monitor.close()
            self._socket.close()
            self._bell.close()
            self._button.close()

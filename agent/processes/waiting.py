"""Values in, the same values out to another task of the same event loop, in order: bounded, and safe to abandon."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from deadpan.messages import Message

_MOST = 1000  # messages nobody has read: about a minute of a live session
_ROOM = 4  # times as many, before a writer that can wait has to

T = TypeVar("T")


class Waiting(Generic[T]):
    """A queue of at most `depth` values. Closing it wakes whoever waits at either end."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._values: deque[T] = deque()
        self._filled, self._freed = asyncio.Event(), asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._values)

    def offer(self, value: T) -> bool:
        """Queue a value if there is room, and say whether there was."""
        if self._closed or len(self._values) >= self._depth:
            return False
        self._values.append(value)
        self._filled.set()
        return True

    async def put(self, value: T) -> None:
        """Queue a value once there is room; leave it when the queue is closed."""
        while not self.offer(value) and not self._closed:
            self._freed.clear()
            await self._freed.wait()

    async def next(self) -> T | None:
        """The oldest value, when there is one; None when the queue is closed and empty."""
        while not self._values and not self._closed:
            self._filled.clear()
            await self._filled.wait()
        return self.pop() if self._values else None

    def pop(self) -> T:
        """The oldest value. Raises IndexError without one."""
        self._freed.set()
        return self._values.popleft()

    def close(self) -> None:
        """Take no more; what is there can still be had."""
        self._closed = True
        self._filled.set()
        self._freed.set()


class Unread:
    """The messages nobody has read yet. When they are too many, a live session drops the oldest; another waits."""

    def __init__(self, *, live: bool) -> None:
        self.dropped = 0
        self._live = live
        self._messages: Waiting[Message] = Waiting(_MOST if live else _ROOM * _MOST)
        self._reader_came = False

    @property
    def is_left_lying(self) -> bool:
        """Whether they are many and nobody has begun to read: whoever waited for that might wait for ever."""
        return not self._reader_came and len(self._messages) >= _MOST

    async def put(self, message: Message) -> None:
        """Add a message."""
        if self._live and len(self._messages) >= _MOST:
            self._messages.pop()
            self.dropped += 1
        await self._messages.put(message)

    async def next(self) -> Message | None:
        """The oldest; None when there will be no more."""
        self._reader_came = True
        return await self._messages.next()

    def close(self) -> None:
        """No more will come."""
        self._messages.close()

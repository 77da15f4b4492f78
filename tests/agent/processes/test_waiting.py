"""Queues of an event loop: bounded, in order, and nobody waits at one that was closed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from agent.processes.waiting import Unread, Waiting
from deadpan.messages import Event, Message


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(coroutine, 30))


def message(seq: int) -> Message:
    return Event(
        session="s", stream="default", seq=seq, start_ns=0, end_ns=0, created_ns=0, published_ns=0, model="m", name="e"
    )


def test_values_come_in_order_and_no_more_than_there_is_room_for() -> None:
    async def scene() -> None:
        queue: Waiting[int] = Waiting(2)
        assert [queue.offer(n) for n in range(3)] == [True, True, False]
        assert len(queue) == 2
        assert [await queue.next(), await queue.next()] == [0, 1]

    run(scene())


def test_who_writes_waits_for_room_and_who_reads_for_a_value() -> None:
    async def scene() -> None:
        queue: Waiting[int] = Waiting(1)
        read: list[int | None] = []

        async def reader() -> None:
            while (value := await queue.next()) is not None:
                read.append(value)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reader())
            for n in range(50):
                await queue.put(n)
            queue.close()
        assert read == list(range(50))

    run(scene())


def test_closing_wakes_who_waits_at_either_end() -> None:
    async def scene() -> None:
        full: Waiting[int] = Waiting(1)
        full.offer(1)
        empty: Waiting[int] = Waiting(1)
        async with asyncio.TaskGroup() as tasks:
            writers = [tasks.create_task(full.put(n)) for n in (2, 3)]
            readers = [tasks.create_task(empty.next()) for _ in range(2)]
            await asyncio.sleep(0)
            assert not any(task.done() for task in [*writers, *readers])
            full.close()
            empty.close()
        assert [task.result() for task in readers] == [None, None]
        assert [await full.next(), await full.next()] == [1, None]  # what waited for room is left
        assert not full.offer(4)

    run(scene())


def test_a_live_session_drops_the_oldest_of_what_nobody_reads() -> None:
    async def scene() -> None:
        unread = Unread(live=True)
        for seq in range(1010):
            await unread.put(message(seq))
        assert unread.dropped == 10
        first = await unread.next()
        assert first is not None
        assert first.seq == 10

    run(scene())


def test_another_session_s_writer_waits_and_is_told_before_it_could_wait_for_ever() -> None:
    async def scene() -> None:
        unread = Unread(live=False)
        for seq in range(4000):
            assert unread.is_left_lying is (seq >= 1000)
            await unread.put(message(seq))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(unread.put(message(4000)), 0)
        assert unread.dropped == 0
        first = await unread.next()
        assert first is not None
        assert first.seq == 0
        assert not unread.is_left_lying

    run(scene())

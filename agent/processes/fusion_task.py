"""What encoders' threads have made in, messages for whoever reads them out: fusion on an event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from agent.processes.courses import Course
from agent.processes.crew import Crew
from agent.processes.thread import Worked
from agent.processes.waiting import Unread
from encoders.samples import NS_PER_S


class FusionTask:
    """Runs a session's course to its end.

    On a clock, how the encoders are is told once a pulse, and at once when one has failed.
    """

    def __init__(self, course: Course, crew: Crew, pulse_s: float) -> None:
        self.failure: Exception | None = None
        """What ended it before its time."""
        self._course, self._crew = course, crew
        self._pulse_ns = round(pulse_s * NS_PER_S)
        self._told_ns = 0

    async def run(self, unread: Unread) -> None:
        """Turn results into messages until the session is over."""
        try:
            while not self._course.finished:
                worked = await self._next_result()
                messages = [] if worked is None else [*self._course.take(worked)]
                messages += self._course.advance()
                if self._is_to_tell(worked):
                    messages += self._course.tell(self._crew.condition)
                for message in messages:
                    await unread.put(message)
        except Exception as error:  # noqa: BLE001 - told to whoever reads or pushes, in their own tasks
            self.failure = error
        self._crew.results.close()  # nobody is to wait for what will not go on
        unread.close()

    async def _next_result(self) -> Worked | None:
        """What an encoder has made; None when something is due by time alone."""
        next_ns, now_ns = self._course.next_ns, self._course.now_ns
        if next_ns is None or now_ns is None:
            return await self._crew.results.next()
        wait_ns = min(next_ns - now_ns(), self._pulse_ns)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0, wait_ns) / NS_PER_S):
                return await self._crew.results.next()
        return None

    def _is_to_tell(self, worked: Worked | None) -> bool:
        now_ns = 0 if self._course.now_ns is None else self._course.now_ns()
        due = now_ns - self._told_ns >= self._pulse_ns
        if due:
            self._told_ns = now_ns
        return due or (worked is not None and bool(worked.failure))

"""A turn as it was spoken in, what an agent publishes of it out; times are of the machine's monotonic clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count
from typing import Protocol

from msgspec.structs import replace

from deadpan.messages import Incongruity, Sarcasm, Sentiment
from deadpan.timeline import Timeline
from tests.deadpan.sent import estimate, utterance
from tests.deadpan.stage import PATIENCE_S, Stage

S = 1_000_000_000
_TICK_HZ = 50  # so that tests need not wait for the next
_SOME = 5


class Reader(Protocol):
    """Whoever reads the stream."""

    @property
    def timeline(self) -> Timeline: ...


class ScriptedAgent:
    """Publishes what it is told to, in the specification's words, and numbers it."""

    def __init__(self, stage: Stage, session: str = "s1", first_tick: int = 500) -> None:
        self.endpoint = stage.endpoint
        self._stage, self._session = stage, session
        self._origin_ns = time.monotonic_ns() - 100 * S  # a session that has been running for a while
        self._ticks, self._utterances = count(first_tick), count()

    async def await_subscribers(self, count: int) -> None:
        """Wait until so many listen, and say where the session stands."""
        await asyncio.to_thread(self._stage.await_subscriptions, count)
        self.tick()

    async def await_reader(self, reader: Reader) -> None:
        """Wait until somebody listens and knows how the clocks stand: that takes some messages read as they come."""
        await asyncio.to_thread(self._stage.await_subscriptions)
        first = next(self._ticks)
        async with asyncio.timeout(PATIENCE_S), self.ticking():
            while (newest := reader.timeline.latest()) is None or newest.seq < first + _SOME:
                await asyncio.sleep(1 / _TICK_HZ)

    @asynccontextmanager
    async def ticking(self) -> AsyncIterator[None]:
        """Say so again and again, as an agent does."""

        async def tick() -> None:
            while True:
                self.tick()
                await asyncio.sleep(1 / _TICK_HZ)

        ticking = asyncio.create_task(tick())
        try:
            yield
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking

    def tick(self) -> None:
        """Say that all is known until now."""
        now_ns = self._now_ns()
        self._stage.publish(
            replace(
                estimate(next(self._ticks)),
                session=self._session,
                start_ns=now_ns - 8 * S,
                end_ns=now_ns,
                created_ns=now_ns,
                published_ns=now_ns,
                final=True,
                sarcasm=Sarcasm(probability=None, state="unknown", reason="nothing_said"),
                sentiment=Sentiment(literal=None, delivered=None, intended=None),
                incongruity=Incongruity(text_voice=None, text_face=None, voice_face=None),
            )
        )

    def say(self, text: str, start_ns: int, end_ns: int, sarcasm: float, confidence: float = 0.7) -> None:
        """Say of an utterance how sarcastic it was."""
        number, now_ns = next(self._utterances), self._now_ns()
        self._stage.publish(
            replace(
                utterance(number),
                session=self._session,
                utterance_id=number,
                text=text,
                words=(),
                start_ns=start_ns - self._origin_ns,
                end_ns=end_ns - self._origin_ns,
                created_ns=now_ns,
                published_ns=now_ns,
                sarcasm=Sarcasm(probability=sarcasm, state="on" if sarcasm > 0.5 else "off"),
                confidence=confidence,
            )
        )

    def _now_ns(self) -> int:
        return time.monotonic_ns() - self._origin_ns


@contextmanager
def scripted_agent() -> Iterator[ScriptedAgent]:
    stage = Stage()
    try:
        yield ScriptedAgent(stage)
    finally:
        stage.close()

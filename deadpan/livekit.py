"""A LiveKit agent's finished user turns in; the same out, so that the language model reads how each was meant.

Needs deadpan[livekit]; docs/assistants.md shows how to use it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, CloseEvent
from livekit.agents.llm import ChatMessage

from deadpan.feed import Feed
from deadpan.stretch import Stretch
from deadpan.subscription import DEFAULT_ENDPOINT
from deadpan.timeline import Timeline
from deadpan.turns import INSTRUCTIONS, Turns

__all__ = ["INSTRUCTIONS", "Affect", "feeding"]


class Affect:
    """Says of a finished turn of the user how it was meant: one line at the end of the turn.

        class Assistant(Agent):
            def __init__(self, affect: Affect) -> None:
                super().__init__(instructions="…")
                self._affect = affect

            async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
                await self._affect.attach(new_message)

    It reads the stream from now until the session closes, in the event loop it is made in. A turn waits at most
    `timeout_s` for the agent to finish with it, and not at all where there is no agent. Arguments and errors are those
    of Turns. Switch preemptive generation off: a reply begun before the turn is over cannot know how it was meant.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        stream: str | None = None,
        key: str | Path | None = None,
        timeout_s: float = 0.5,
        confidence: float = 0.0,
    ) -> None:
        self._turns = Turns(endpoint, stream=stream, key=key, timeout_s=timeout_s, confidence=confidence)
        self._turns.start()
        self._closing: asyncio.Task[None] | None = None
        session.on("close", self._leave)

    @property
    def unanswered(self) -> Counter[str]:
        """Turns of which nothing was said, by reason: those of Turns."""
        return self._turns.unanswered

    @property
    def timeline(self) -> Timeline:
        """What the agent published of late, for whoever wants more than turns."""
        return self._turns.timeline

    async def attach(self, message: ChatMessage) -> Stretch | None:
        """Write the signals of the Real-time Context Standard in front of the message's words, where they stay.

        As in `([sentiment value=-0.50],[sarcasm value=0.82]) Oh great…`. Gives all that is said of the turn; a message
        of which nothing is known stays as it is. None for one that was not spoken, or of which it is not told when.
        """
        span = _spoken(message)
        if span is None:
            self.unanswered["never_heard"] += 1
            return None
        stretch = await self._turns.finished(*span)
        if why := self._turns.unknown(stretch):
            self.unanswered[why] += 1
            return stretch
        for index, part in enumerate(message.content):
            if isinstance(part, str):
                message.content[index] = self._turns.line(part, stretch)
                break
        return stretch

    async def aclose(self) -> None:
        """Leave the stream, before the session closes; safe to call twice."""
        await self._turns.close()

    def _leave(self, _: CloseEvent) -> None:
        self._closing = asyncio.create_task(self.aclose())


async def feeding(audio: AsyncIterable[rtc.AudioFrame], feed: Feed) -> AsyncIterator[rtc.AudioFrame]:
    """The session's own sound, handed on as it came, and to the agent that listens to the feed.

    async def stt_node(self, audio, model_settings):
        async for event in Agent.default.stt_node(self, feeding(audio, self._feed), model_settings):
            yield event
    """
    async for frame in audio:
        feed.audio(frame.data.tobytes(), frame.sample_rate, frame.num_channels)
        yield frame


def _spoken(message: ChatMessage) -> tuple[int, int] | None:
    """From when to when a message was spoken, on the local monotonic clock."""
    now_s, now_ns = time.time(), time.monotonic_ns()
    start_s, end_s = message.metrics.get("started_speaking_at"), message.metrics.get("stopped_speaking_at")
    if start_s is None or end_s is None:
        return None
    # Both were read from the calendar's clock moments ago, so whether it is right does not matter.
    start_ns, end_ns = (now_ns - round((now_s - at_s) * 1e9) for at_s in (start_s, end_s))
    return start_ns, max(start_ns, end_ns)

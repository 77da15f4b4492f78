"""A pipeline's frames in; the same out, with what the agent says of each finished turn of the user."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

from pipecat.frames.frames import (
    DataFrame,
    Frame,
    LLMContextFrame,
    LLMContextUserTurnFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext, LLMContextMessage
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup
from pipecat.processors.frameworks.rtvi.frames import RTVIServerMessageFrame

from deadpan.spans import SpokenSpans
from deadpan.stretch import Stretch
from deadpan.subscription import DEFAULT_ENDPOINT
from deadpan.timeline import Timeline
from deadpan.turns import Turns, as_dict

_S = 1_000_000_000
_MOST_TURNS = 16  # without a context after them


@dataclass
class AffectFrame(DataFrame):
    """How a finished turn of the user was meant."""

    text: str
    """The user's words, as the pipeline recognized them."""
    stretch: Stretch
    """What the agent says of them."""


class AffectProcessor(FrameProcessor):
    """Says of each finished turn of the user how it was meant. Belongs between the user's aggregator and the LLM:

        Pipeline([transport.input(), stt, user_aggregator, AffectProcessor(), llm, tts, transport.output(), ...])

    In front of the turn's words in the context it writes the signals of the Real-time Context Standard, as in
    `([sentiment value=-0.50],[sarcasm value=0.82]) Oh great…`, and there they stay; downstream go an AffectFrame and an
    RTVI server message that says the same. A turn of which nothing is known passes as it came; `unanswered` counts why.

    A turn waits at most `timeout_s` for the agent to finish with it, and not at all where there is no agent. Only what
    must keep its order behind the turn waits with it: system frames pass, and an interruption ends the wait. Arguments
    and errors are those of Turns.
    """

    def __init__(
        self,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        stream: str | None = None,
        key: str | Path | None = None,
        timeout_s: float = 0.5,
        confidence: float = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self._turns = Turns(endpoint, stream=stream, key=key, timeout_s=timeout_s, confidence=confidence)
        self._spans = SpokenSpans()
        self._told: deque[tuple[str, tuple[int, int]]] = deque(maxlen=_MOST_TURNS)

    @property
    def unanswered(self) -> Counter[str]:
        """Turns of which nothing was said, by reason: those of Turns, and `interrupted`: the user went on speaking."""
        return self._turns.unanswered

    @property
    def timeline(self) -> Timeline:
        """What the agent published of late, for whoever wants more than turns."""
        return self._turns.timeline

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as pipecat's own do
        """Begin to read the stream."""
        await super().setup(setup)
        self._turns.start()

    async def cleanup(self) -> None:
        """Leave the stream."""
        await super().cleanup()
        await self._turns.close()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Pass every frame on, a finished turn with what is said of it."""
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            self._follow(frame)
            match frame:
                case LLMContextUserTurnFrame(text=text):
                    await self._tell(text)
                case LLMContextFrame(context=context, speculation=True):
                    await self._write_early(context)
                case LLMContextFrame(context=context):
                    self._write(context)
        await self.push_frame(frame, direction)

    def _follow(self, frame: Frame) -> None:
        now_ns = time.monotonic_ns()
        match frame:
            case VADUserStartedSpeakingFrame(start_secs=ago_s):
                self._spans.voice_started(now_ns - round(ago_s * _S))
            case VADUserStoppedSpeakingFrame(stop_secs=ago_s):
                self._spans.voice_stopped(now_ns - round(ago_s * _S))
            case UserStartedSpeakingFrame():
                self._spans.turn_started(now_ns)
            case UserStoppedSpeakingFrame():
                self._spans.turn_stopped(now_ns)

    async def _tell(self, text: str) -> None:
        """Push what is said of the turn whose words have just been written to the context."""
        span = self._spans.take(time.monotonic_ns())
        if span is None:
            self.unanswered["never_heard"] += 1
            return
        self._told.append((text, span))
        try:
            stretch = await self._turns.finished(*span)
        except asyncio.CancelledError:
            self.unanswered["interrupted"] += 1
            raise
        if why := self._turns.unknown(stretch):
            self.unanswered[why] += 1
            return
        await self.push_frame(AffectFrame(text=text, stretch=stretch))
        await self.push_frame(RTVIServerMessageFrame(data=as_dict(text, stretch)))

    def _write(self, context: LLMContext) -> None:
        """Put the signals in front of the turns told of since the last context: interrupted ones are among them."""
        for text, span in reversed(self._told):
            self._rewrite(context, text, self._turns.so_far(*span))
        self._told.clear()

    async def _write_early(self, context: LLMContext) -> None:
        """The same for a turn that may not be over, in a copy of the context that holds its words as the last."""
        last = context.messages[-1] if context.messages else None
        span = self._spans.so_far(time.monotonic_ns())
        if span is not None and isinstance(last, dict) and isinstance(text := last.get("content"), str):
            self._rewrite(context, text, await self._turns.finished(*span))

    def _rewrite(self, context: LLMContext, text: str, stretch: Stretch) -> None:
        if self._turns.unknown(stretch):
            return
        messages = list(context.messages)
        for index in reversed(range(len(messages))):
            if _is_said(messages[index], text):
                messages[index] = {"role": "user", "content": self._turns.line(text, stretch)}
                context.set_messages(messages)
                return


def _is_said(message: LLMContextMessage, text: str) -> bool:
    return isinstance(message, dict) and message.get("role") == "user" and message.get("content") == text

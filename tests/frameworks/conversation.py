"""What a user says in; a whole Pipecat bot of it, with the real aggregators and a real language model service, out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

from tests.deadpan.stage import PATIENCE_S
from tests.frameworks.model import ScriptedModel

_Seen = TypeVar("_Seen", bound=Frame)


class Ear(FrameProcessor):
    """Keeps what passes downstream, and tells when something that is waited for has."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self._news = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            self.frames.append(frame)
            self._news.set()
        await self.push_frame(frame, direction)

    def of(self, kind: type[_Seen]) -> list[_Seen]:
        return [frame for frame in self.frames if isinstance(frame, kind)]

    async def hear(self, kind: type[_Seen], count: int = 1) -> list[_Seen]:
        """All of a kind, once there are so many."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.of(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return self.of(kind)


class Bot:
    """A running pipeline: user's aggregator, what is under test, language model, an ear, assistant's aggregator."""

    def __init__(
        self,
        model: ScriptedModel,
        *under_test: FrameProcessor,
        before: Sequence[FrameProcessor] = (),
        user: LLMUserAggregatorParams | None = None,
        observers: Sequence[BaseObserver] = (),
    ) -> None:
        self.context = LLMContext()
        self.ear = Ear()
        aggregators = LLMContextAggregatorPair(self.context, user_params=user or _at_once())
        service = OpenAILLMService(api_key="none", base_url=model.address)
        self.worker = PipelineWorker(
            Pipeline([*before, aggregators.user(), *under_test, service, self.ear, aggregators.assistant()]),
            cancel_on_idle_timeout=False,
            observers=list(observers),
        )

    async def say(self, text: str) -> None:
        """A turn of the user, as voice activity and a recognizer tell of it."""
        await self.start_speaking()
        await self.stop_speaking(text)

    async def start_speaking(self) -> None:
        await self.worker.queue_frame(VADUserStartedSpeakingFrame(start_secs=0.0))

    async def stop_speaking(self, text: str) -> None:
        await self.worker.queue_frames(
            [
                VADUserStoppedSpeakingFrame(stop_secs=0.0),
                TranscriptionFrame(text=text, user_id="user", timestamp="", finalized=True),
            ]
        )


@asynccontextmanager
async def talking(bot: Bot, *, cancel: bool = False) -> AsyncIterator[Bot]:
    """Run a bot; at the end of the block it is ended in order, or cancelled."""
    started = asyncio.Event()

    @bot.worker.event_handler("on_pipeline_started")  # type: ignore[untyped-decorator]  # published without types
    async def _(_worker: PipelineWorker, _frame: Frame) -> None:
        started.set()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(bot.worker)
    running = asyncio.create_task(runner.run())
    async with asyncio.timeout(PATIENCE_S):
        await started.wait()
    try:
        yield bot
    finally:
        await bot.worker.queue_frame(CancelFrame() if cancel else EndFrame())
        async with asyncio.timeout(PATIENCE_S):
            await running


def _at_once() -> LLMUserAggregatorParams:
    """Turns end as soon as the voice has ended and the words are there."""
    return LLMUserAggregatorParams(
        user_turn_strategies=UserTurnStrategies(
            start=[VADUserTurnStartStrategy()], stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.0)]
        )
    )

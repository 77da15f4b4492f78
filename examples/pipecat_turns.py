"""What you say to the agent on this machine in; what a language model replies, which reads how you meant it, out.

deadpan run                                   # in one terminal
python -m examples.pipecat_turns              # in another, where deadpan[pipecat] is installed

The model is asked at OPENAI_BASE_URL, with OPENAI_API_KEY and the name in MODEL: any service that speaks that protocol
will do, also one on this machine. The words are those that the agent recognized, so nothing else is needed to try it.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

from pipecat.frames.frames import (
    Frame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.workers.runner import WorkerRunner

import deadpan
from deadpan.pipecat import INSTRUCTIONS, AffectProcessor


class Ears(FrameProcessor):
    """Stands where a bot has its transport and its recognizer: says what the agent heard, and when it was spoken."""

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self._endpoint = endpoint

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as pipecat's own do
        await super().setup(setup)
        self._listening = self.create_task(self._listen())

    async def cleanup(self) -> None:
        await self.cancel_task(self._listening)
        await super().cleanup()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)

    async def _listen(self) -> None:
        async with deadpan.subscribe(self._endpoint, types=["utterance"]) as stream:
            async for said in stream:
                if not isinstance(said, deadpan.Utterance):
                    continue
                now_ns = stream.timeline.session_ns(time.monotonic_ns())
                for frame in (
                    VADUserStartedSpeakingFrame(start_secs=(now_ns - said.start_ns) / 1e9),
                    VADUserStoppedSpeakingFrame(stop_secs=(now_ns - said.end_ns) / 1e9),
                    ProposedUserStartedSpeakingFrame(),
                    TranscriptionFrame(text=said.text, user_id="you", timestamp="", finalized=True),
                    ProposedUserStoppedSpeakingFrame(),
                ):
                    await self.push_frame(frame)


class Screen(FrameProcessor):
    """Stands where a bot has its voice: shows what the model replies."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame):
            print(frame.text, end="", flush=True)
        elif isinstance(frame, LLMFullResponseEndFrame):
            print(flush=True)
        await self.push_frame(frame, direction)


async def main(endpoint: str) -> None:
    """Talk until Ctrl-C."""
    context = LLMContext([{"role": "system", "content": f"Answer in one short sentence. {INSTRUCTIONS}"}])
    aggregators = LLMContextAggregatorPair(
        context, user_params=LLMUserAggregatorParams(user_turn_strategies=ExternalUserTurnStrategies())
    )
    model = OpenAILLMService(settings=OpenAILLMService.Settings(model=os.environ.get("MODEL", "gpt-4.1-mini")))
    pipeline = Pipeline(
        [Ears(endpoint), aggregators.user(), AffectProcessor(endpoint), model, Screen(), aggregators.assistant()]
    )
    runner = WorkerRunner()
    await runner.add_workers(PipelineWorker(pipeline, cancel_on_idle_timeout=False))
    await runner.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:] or [deadpan.DEFAULT_ENDPOINT]))

"""The whole way: sound in a Pipecat pipeline, a real agent that hears it, and what the language model then reads."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path

from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import Frame, InputAudioRawFrame, TranscriptionFrame
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.turns.user_start import VADUserTurnStartStrategy
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from deadpan.pipecat import AffectFrame, AffectProcessor, FeedProcessor
from tests.deadpan.stage import PATIENCE_S
from tests.frameworks.conversation import Bot, talking
from tests.frameworks.demo import RATE_HZ, START_S, Microphone, agent_command, line
from tests.frameworks.model import serving


class Recognizer(SegmentedSTTService):
    """Knows what will be said, and says so once voice activity has given it a segment; of others nothing."""

    def __init__(self, text: str) -> None:
        super().__init__(sample_rate=RATE_HZ, ttfs_p99_latency=0.0)
        self._text = text

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        assert audio
        text, self._text = self._text, ""
        yield TranscriptionFrame(text=text, user_id="user", timestamp="", finalized=True) if text else None


def test_what_was_said_into_the_pipeline_reaches_the_model_with_how_it_was_meant(tmp_path: Path) -> None:
    feed, endpoint = f"ipc://{tmp_path}/feed", f"ipc://{tmp_path}/out"
    said = line(2)
    affect = AffectProcessor(endpoint, timeout_s=PATIENCE_S)
    user = LLMUserAggregatorParams(
        vad_analyzer=SileroVADAnalyzer(sample_rate=RATE_HZ),
        user_turn_strategies=UserTurnStrategies(
            start=[VADUserTurnStartStrategy()], stop=[SpeechTimeoutUserTurnStopStrategy()]
        ),
    )

    async def talk() -> None:
        before = [FeedProcessor(feed, command=agent_command(feed, endpoint)), Recognizer(said.text)]
        async with serving("I see.") as model, talking(Bot(model, affect, before=before, user=user)) as bot:
            microphone = Microphone()

            async def listen() -> None:
                async for piece in microphone.pieces():
                    frame = InputAudioRawFrame(audio=piece, sample_rate=RATE_HZ, num_channels=1)
                    await bot.worker.queue_frame(frame)

            listening = asyncio.create_task(listen())
            async with asyncio.timeout(START_S):
                while affect.timeline.latest() is None:
                    await asyncio.sleep(0.05)
            microphone.play(said.pcm)
            await model.hear()
            listening.cancel()
            [frame] = bot.ear.of(AffectFrame)
            assert frame.stretch.complete
            assert "always funny" in frame.stretch.text.lower()
            probability = frame.stretch.sarcasm.probability
            assert probability is not None
            signals = rf"\(\[sentiment value=-?[01]\.\d\d\],\[sarcasm value={probability:.2f}\]\) "
            assert re.fullmatch(signals + re.escape(said.text), model.told[0])
        assert not affect.unanswered

    asyncio.run(talk())

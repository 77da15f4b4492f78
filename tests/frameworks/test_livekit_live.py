"""The whole way: sound in a LiveKit session, a real agent that hears it, and what the language model then reads."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager

from livekit import rtc
from livekit.agents import Agent, ModelSettings, inference
from livekit.agents.stt import SpeechEvent

import deadpan
from deadpan.livekit import Affect, feeding
from tests.deadpan.stage import PATIENCE_S
from tests.frameworks.demo import START_S, Microphone, agent_command, line
from tests.frameworks.model import serving
from tests.frameworks.speaking import Assistant, Recognizer, language_model, session


class Fed(Assistant):
    """An assistant whose own sound the agent hears."""

    def __init__(self, affect: Affect, feed: deadpan.Feed) -> None:
        super().__init__(affect)
        self._feed = feed

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[SpeechEvent | str]:
        async for event in Agent.default.stt_node(self, feeding(audio, self._feed), model_settings):
            yield event


@asynccontextmanager
async def agent_running(feed: str, endpoint: str) -> AsyncIterator[asyncio.subprocess.Process]:
    command = agent_command(feed, endpoint)
    agent = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield agent
    finally:
        if agent.returncode is None:
            agent.terminate()
            async with asyncio.timeout(PATIENCE_S):
                await agent.wait()


def test_what_was_said_into_the_session_reaches_the_model_with_how_it_was_meant() -> None:
    said = line(2)

    async def talk(folder: str) -> None:
        heard, endpoint = f"ipc://{folder}/feed", f"ipc://{folder}/out"
        microphone = Microphone()
        with deadpan.Feed(heard) as feed:
            async with serving("I see.") as model, agent_running(heard, endpoint) as agent:
                service = language_model(model)
                running = session(service, microphone, Recognizer(said.text), inference.VAD(), pause_s=0.6)
                affect = Affect(running, endpoint, timeout_s=PATIENCE_S)
                await running.start(Fed(affect, feed), record=False)
                try:
                    async with asyncio.timeout(START_S):
                        while affect.timeline.latest() is None:
                            assert agent.returncode is None, "the agent has ended by itself"
                            await asyncio.sleep(0.05)
                    microphone.play(said.pcm)
                    await model.hear()
                finally:
                    await running.aclose()
                    await service.aclose()
        signals = r"\(\[sentiment value=-?[01]\.\d\d\],\[sarcasm value=[01]\.\d\d\]\) "
        assert re.fullmatch(signals + re.escape(said.text), model.told[0])
        assert not affect.unanswered

    with tempfile.TemporaryDirectory(prefix="dp-") as folder:  # short, as the address of a local socket must be
        asyncio.run(talk(folder))

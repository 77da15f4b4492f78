"""What a language model is given of a user's turns, in a whole LiveKit session without a room."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from livekit.agents import Agent, AgentSession, RunResult, UserStateChangedEvent
from livekit.agents.llm import ChatMessage, ImageContent

from deadpan.errors import EndpointError
from deadpan.livekit import Affect
from tests.deadpan.stage import PATIENCE_S
from tests.frameworks.agents import ScriptedAgent, scripted_agent
from tests.frameworks.demo import PIECE_S, RATE_HZ, Microphone
from tests.frameworks.model import ScriptedModel, serving
from tests.frameworks.speaking import Assistant, Loudness, Recognizer, language_model, session
from tests.ports import free_port

FOR_EVER_S = 3600.0  # longer than any test may take: what waits for it fails
VOICE = b"\1\0" * round(RATE_HZ * PIECE_S * 10)
LINE = "([sentiment value=-0.50],[sarcasm value=0.82]) "


@pytest.fixture
def agent() -> Iterator[ScriptedAgent]:
    with scripted_agent() as agent:
        yield agent


@dataclass(frozen=True, slots=True)
class Call:
    """A session that is running, and what it is made of."""

    session: AgentSession[None]
    affect: Affect
    model: ScriptedModel
    microphone: Microphone

    async def speak(self, agent: ScriptedAgent | None = None, text: str = "", confidence: float = 0.7) -> None:
        """A turn of the user, which the agent understands if there is one; over when the model has been asked."""
        heard, begun_ns, asked = asyncio.Event(), time.monotonic_ns(), len(self.model.asked)

        def note(event: UserStateChangedEvent) -> None:
            if event.new_state == "listening":
                heard.set()

        self.session.on("user_state_changed", note)
        self.microphone.play(VOICE)
        async with asyncio.timeout(PATIENCE_S):
            await heard.wait()
        self.session.off("user_state_changed", note)
        if agent is None:
            await self.model.hear(asked + 1)
            return
        agent.say(text, begun_ns, time.monotonic_ns(), 0.82, confidence)
        async with agent.ticking():
            await self.model.hear(asked + 1)


@asynccontextmanager
async def calling(
    endpoint: str,
    *texts: str,
    timeout_s: float = PATIENCE_S,
    confidence: float = 0.0,
    assistant: Callable[[Affect], Agent] = Assistant,
) -> AsyncIterator[Call]:
    """A call in which the user will say these texts; hung up at the end of the block."""
    async with serving("I see.") as model:
        microphone = Microphone()
        service = language_model(model)
        running = session(service, microphone, Recognizer(*texts), Loudness())
        affect = Affect(running, endpoint, timeout_s=timeout_s, confidence=confidence)
        await running.start(assistant(affect), record=False)
        try:
            yield Call(running, affect, model, microphone)
        finally:
            await running.aclose()
            await service.aclose()  # a session leaves that to whoever made it


def test_the_model_reads_how_the_turn_was_meant_in_front_of_its_words(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        async with calling(agent.endpoint, "Oh great.", "Lovely.") as call:
            await agent.await_reader(call.affect)
            await call.speak(agent, "Oh great.")
            assert call.model.told == [LINE + "Oh great."]
            await call.speak(agent, "Lovely.")
            assert call.model.told == [LINE + "Oh great.", LINE + "Lovely."]
            assert not call.affect.unanswered

    asyncio.run(talk())


def test_where_no_agent_is_the_turn_passes_at_once_as_it_came() -> None:
    endpoint = f"tcp://127.0.0.1:{free_port()}"

    async def talk() -> None:
        async with calling(endpoint, "Oh great.", timeout_s=FOR_EVER_S) as call:
            await call.speak()
            assert call.model.told == ["Oh great."]
            assert call.affect.unanswered == {"never_connected": 1}

    asyncio.run(talk())


def test_an_agent_that_does_not_finish_in_time_is_done_without(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        async with calling(agent.endpoint, "Oh great.", timeout_s=0.05) as call:
            await agent.await_reader(call.affect)
            await call.speak()
            assert call.model.told == ["Oh great."]
            assert call.affect.unanswered == {"not_finished": 1}

    asyncio.run(talk())


def test_a_turn_that_the_agent_is_not_sure_of_counts_as_unknown(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        async with calling(agent.endpoint, "Oh great.", confidence=0.5) as call:
            await agent.await_reader(call.affect)
            await call.speak(agent, "Oh great.", confidence=0.4)
            assert call.model.told == ["Oh great."]
            assert call.affect.unanswered == {"unsure": 1}

    asyncio.run(talk())


def test_a_typed_turn_passes_as_it_came(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        async with calling(agent.endpoint, "Oh great.") as call:
            result: RunResult[None] = await call.session.run(user_input="Oh great.")
            result.expect.next_event().is_message(role="assistant")
            assert call.model.told == ["Oh great."]
            typed = ChatMessage(role="user", content=["Oh great."])
            assert await call.affect.attach(typed) is None
            assert typed.text_content == "Oh great."
            assert call.affect.unanswered == {"never_heard": 1}

    asyncio.run(talk())


def test_words_beside_a_picture_have_the_line_and_the_picture_stays(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        async with calling(agent.endpoint, "Oh great.") as call:
            await agent.await_reader(call.affect)
            now_s, now_ns = time.time(), time.monotonic_ns()
            picture = ImageContent(image="data:image/png;base64,")
            message = ChatMessage(role="user", content=[picture, "Oh great."])
            message.metrics = {"started_speaking_at": now_s - 1.0, "stopped_speaking_at": now_s}
            agent.say("Oh great.", now_ns - 1_000_000_000, now_ns, 0.82)
            async with agent.ticking():
                stretch = await call.affect.attach(message)
            assert stretch is not None
            assert stretch.sarcasm.probability == 0.82
            assert message.content == [picture, LINE + "Oh great."]

    asyncio.run(talk())


def test_nothing_stays_behind_when_the_session_closes(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        async with calling(agent.endpoint, "Oh great.") as call:
            await agent.await_reader(call.affect)
        async with asyncio.timeout(PATIENCE_S):
            while len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0.01)

    asyncio.run(talk())


def test_a_malformed_endpoint_is_refused_where_it_is_given() -> None:
    async def talk() -> None:
        async with calling("nowhere", "Oh great."):
            pass

    with pytest.raises(EndpointError, match="cannot subscribe to nowhere"):
        asyncio.run(talk())

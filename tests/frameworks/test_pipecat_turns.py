"""What a language model is given of a user's turns, in a whole Pipecat pipeline."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pipecat.frames.frames import (
    EagerTranscriptionFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    OutputTransportMessageUrgentFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.processors.frameworks.rtvi.frames import RTVIServerMessageFrame
from pipecat.turns.user_turn_strategies import EagerUserTurnStrategies

from deadpan.errors import EndpointError
from deadpan.pipecat import AffectFrame, AffectProcessor
from tests.deadpan.stage import PATIENCE_S, Stage
from tests.frameworks.agents import ScriptedAgent, scripted_agent
from tests.frameworks.conversation import Bot, talking
from tests.frameworks.model import serving
from tests.ports import free_port

FOR_EVER_S = 3600.0  # longer than any test may take: what waits for it fails
LEEWAY_NS = 10_000_000  # turns of this test are shorter than what the two clocks are compared to
LINE = "([sentiment value=-0.50],[sarcasm value=0.82]) "


@pytest.fixture
def agent() -> Iterator[ScriptedAgent]:
    with scripted_agent() as agent:
        yield agent


async def turn(bot: Bot, agent: ScriptedAgent, text: str, sarcasm: float = 0.82, confidence: float = 0.7) -> None:
    """A turn that the agent understands, and the bot replies to."""
    replies, turns = len(bot.ear.of(LLMFullResponseEndFrame)), len(bot.ear.of(UserStartedSpeakingFrame))
    begun_ns = time.monotonic_ns() - LEEWAY_NS
    await bot.start_speaking()
    await bot.ear.hear(UserStartedSpeakingFrame, turns + 1)
    agent.say(text, begun_ns, time.monotonic_ns(), sarcasm, confidence)
    async with agent.ticking():
        await bot.stop_speaking(text)
        await bot.ear.hear(LLMFullResponseEndFrame, replies + 1)


def test_the_model_reads_how_the_turn_was_meant_in_front_of_its_words(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        affect = AffectProcessor(agent.endpoint, timeout_s=PATIENCE_S)
        async with serving("Oh dear.") as model, talking(Bot(model, affect)) as bot:
            await agent.await_reader(affect)
            await turn(bot, agent, "Oh great.")
            assert model.told == [LINE + "Oh great."]
            [said] = bot.ear.of(AffectFrame)
            assert said.text == "Oh great."
            assert said.stretch.sarcasm.probability == 0.82
            assert said.stretch.utterances[0].words == ()
            [told] = bot.ear.of(RTVIServerMessageFrame)
            assert told.data["type"] == "affect"
            assert told.data["text"] == "Oh great."
            assert told.data["rcs"] == LINE + "Oh great."
            assert told.data["sarcasm"] == {"probability": 0.82, "state": "on", "reason": ""}
            assert json.loads(json.dumps(told.data)) == told.data
        assert not affect.unanswered

    asyncio.run(talk())


def test_the_client_of_the_bot_is_told_the_same(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        affect = AffectProcessor(agent.endpoint, timeout_s=PATIENCE_S)
        async with serving("Oh dear.") as model, talking(Bot(model, affect)) as bot:
            await agent.await_reader(affect)
            await turn(bot, agent, "Oh great.")
            async with asyncio.timeout(PATIENCE_S):
                while not (sent := [m for m in messages_to_client(bot) if m["type"] == "server-message"]):
                    await bot.ear.hear(OutputTransportMessageUrgentFrame, len(messages_to_client(bot)) + 1)
            assert [message["data"]["sarcasm"]["probability"] for message in sent] == [0.82]

    asyncio.run(talk())


def messages_to_client(bot: Bot) -> list[dict[str, Any]]:
    return [frame.message for frame in bot.ear.of(OutputTransportMessageUrgentFrame)]


def test_an_answer_that_comes_after_the_turn_is_waited_for(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        affect = AffectProcessor(agent.endpoint, timeout_s=PATIENCE_S)
        async with serving("Oh dear.") as model, talking(Bot(model, affect)) as bot:
            await agent.await_reader(affect)
            begun_ns = time.monotonic_ns() - LEEWAY_NS
            await bot.say("Oh great.")
            await bot.ear.hear(UserStoppedSpeakingFrame)
            agent.say("Oh great.", begun_ns, time.monotonic_ns(), 0.82)
            agent.tick()
            await bot.ear.hear(LLMFullResponseEndFrame)
            assert model.told == [LINE + "Oh great."]

    asyncio.run(talk())


def test_earlier_turns_keep_their_lines(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        affect = AffectProcessor(agent.endpoint, timeout_s=PATIENCE_S)
        async with serving("Oh dear.", "Good.") as model, talking(Bot(model, affect)) as bot:
            await agent.await_reader(affect)
            await turn(bot, agent, "Oh great.")
            await turn(bot, agent, "I like it.", sarcasm=0.05)
            second = "([sentiment value=-0.50],[sarcasm value=0.05]) I like it."
            assert [message["content"] for message in model.asked[-1]] == [LINE + "Oh great.", "Oh dear.", second]

    asyncio.run(talk())


def test_asking_the_model_again_adds_no_second_line(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        affect = AffectProcessor(agent.endpoint, timeout_s=PATIENCE_S)
        async with serving("Oh dear.") as model, talking(Bot(model, affect)) as bot:
            await agent.await_reader(affect)
            await turn(bot, agent, "Oh great.")
            await bot.worker.queue_frame(LLMRunFrame())
            await bot.ear.hear(LLMFullResponseEndFrame, 2)
            assert model.told == [LINE + "Oh great."]
            assert len(bot.ear.of(AffectFrame)) == 1

    asyncio.run(talk())


def test_where_no_agent_is_the_turn_passes_at_once_as_it_came() -> None:
    endpoint = f"tcp://127.0.0.1:{free_port()}"

    async def talk() -> None:
        affect = AffectProcessor(endpoint, timeout_s=FOR_EVER_S)
        async with serving("Hello.") as model, talking(Bot(model, affect)) as bot:
            await bot.say("Oh great.")
            await bot.ear.hear(LLMFullResponseEndFrame)
            assert model.told == ["Oh great."]
            assert not bot.ear.of(AffectFrame)
            assert not bot.ear.of(RTVIServerMessageFrame)
        assert affect.unanswered == {"never_connected": 1}

    asyncio.run(talk())


def test_an_agent_that_does_not_finish_in_time_is_done_without(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        affect = AffectProcessor(agent.endpoint, timeout_s=0.05)
        async with serving("Hello.") as model, talking(Bot(model, affect)) as bot:
            await agent.await_reader(affect)
            await bot.say("Oh great.")
            await bot.ear.hear(LLMFullResponseEndFrame)
            assert model.told == ["Oh great."]
        assert affect.unanswered == {"not_finished": 1}

    asyncio.run(talk())


def test_a_turn_that_the_agent_is_not_sure_of_counts_as_unknown(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        affect = AffectProcessor(agent.endpoint, timeout_s=PATIENCE_S, confidence=0.5)
        async with serving("Hello.") as model, talking(Bot(model, affect)) as bot:
            await agent.await_reader(affect)
            await turn(bot, agent, "Oh great.", confidence=0.4)
            await turn(bot, agent, "Oh great.", confidence=0.6)
            assert model.told == ["Oh great.", LINE + "Oh great."]
        assert affect.unanswered == {"unsure": 1}

    asyncio.run(talk())


def test_sound_passes_while_a_turn_waits_and_an_interruption_ends_the_wait(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        affect = AffectProcessor(agent.endpoint, timeout_s=FOR_EVER_S)
        async with serving("Go on.") as model, talking(Bot(model, affect)) as bot:
            await agent.await_reader(affect)
            begun_ns = time.monotonic_ns() - LEEWAY_NS
            await bot.say("Oh great.")
            await bot.worker.queue_frame(InputAudioRawFrame(audio=bytes(640), sample_rate=16_000, num_channels=1))
            await bot.ear.hear(InputAudioRawFrame)
            assert not model.asked
            ended_ns = time.monotonic_ns()
            interruptions = len(bot.ear.of(InterruptionFrame))
            await bot.start_speaking()
            await bot.ear.hear(InterruptionFrame, interruptions + 1)
            agent.say("Oh great.", begun_ns, ended_ns, 0.82)
            agent.say("Just great.", ended_ns, time.monotonic_ns() + LEEWAY_NS, 0.82)
            async with agent.ticking():
                await bot.stop_speaking("Just great.")
                await bot.ear.hear(LLMFullResponseEndFrame)
            assert model.told == [LINE + "Oh great.", LINE + "Just great."]
            assert len(model.asked) == 1
        assert affect.unanswered == {"interrupted": 1}

    asyncio.run(talk())


def test_an_agent_that_was_restarted_is_heard_again() -> None:
    async def talk() -> None:
        first = Stage()
        affect = AffectProcessor(first.endpoint, timeout_s=PATIENCE_S)
        async with serving("Oh dear.") as model, talking(Bot(model, affect)) as bot:
            agent = ScriptedAgent(first)
            await agent.await_reader(affect)
            await turn(bot, agent, "Oh great.")
            first.close()
            second = Stage(first.endpoint)
            try:
                agent = ScriptedAgent(second, session="s2", first_tick=900)
                await agent.await_reader(affect)
                await turn(bot, agent, "How nice.")
            finally:
                second.close()
            assert model.told == [LINE + "Oh great.", LINE + "How nice."]

    asyncio.run(talk())


def test_a_reply_begun_before_the_turn_is_over_knows_it_too(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        affect = AffectProcessor(agent.endpoint, timeout_s=PATIENCE_S)
        user = LLMUserAggregatorParams(user_turn_strategies=EagerUserTurnStrategies())
        async with serving("Oh dear.") as model, talking(Bot(model, affect, user=user)) as bot:
            await agent.await_reader(affect)
            begun_ns = time.monotonic_ns() - LEEWAY_NS
            await bot.worker.queue_frame(ProposedUserStartedSpeakingFrame())
            agent.say("Oh great.", begun_ns, time.monotonic_ns(), 0.82)
            async with agent.ticking():
                await bot.worker.queue_frame(EagerTranscriptionFrame(text="Oh great.", user_id="user", timestamp=""))
                await model.hear()
                assert model.told == [LINE + "Oh great."]
                assert not bot.ear.of(AffectFrame)
                await bot.worker.queue_frame(TranscriptionFrame(text="Oh great.", user_id="user", timestamp=""))
                await bot.worker.queue_frame(ProposedUserStoppedSpeakingFrame())
                await bot.ear.hear(LLMFullResponseEndFrame)
                await bot.ear.hear(AffectFrame)
            assert len(model.asked) == 1

    asyncio.run(talk())


@pytest.mark.parametrize("cancel", [False, True])
def test_nothing_stays_behind(agent: ScriptedAgent, cancel: bool) -> None:
    async def talk() -> None:
        affect = AffectProcessor(agent.endpoint, timeout_s=FOR_EVER_S)
        async with serving("Oh dear.") as model, talking(Bot(model, affect), cancel=cancel) as bot:
            await agent.await_reader(affect)
            if cancel:
                await bot.say("Oh great.")  # and is still waiting when the pipeline is cancelled
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(talk())
    gc.collect()


def test_a_malformed_endpoint_is_refused_where_it_is_given() -> None:
    with pytest.raises(EndpointError, match="cannot subscribe to nowhere"):
        AffectProcessor("nowhere")

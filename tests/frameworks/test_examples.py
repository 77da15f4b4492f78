"""The examples, as they are shown: one as a program, the other's assistant in a session."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator

import pytest

from deadpan.turns import INSTRUCTIONS
from examples.livekit_turns import Assistant
from tests.deadpan.stage import PATIENCE_S
from tests.frameworks.agents import S, ScriptedAgent, scripted_agent
from tests.frameworks.demo import ROOT
from tests.frameworks.model import serving
from tests.frameworks.test_livekit_turns import LINE, calling


@pytest.fixture
def agent() -> Iterator[ScriptedAgent]:
    with scripted_agent() as agent:
        yield agent


def test_the_pipecat_example_prints_what_the_model_replies_to_what_was_said(agent: ScriptedAgent) -> None:
    async def run() -> None:
        async with serving("That sounds tiring.") as model:
            example = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "examples.pipecat_turns", agent.endpoint),
                cwd=ROOT,
                env=os.environ | {"OPENAI_BASE_URL": model.address, "OPENAI_API_KEY": "none", "MODEL": "local"},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            assert example.stdout is not None
            try:
                await agent.await_subscribers(2)
                async with agent.ticking(), asyncio.timeout(PATIENCE_S):
                    now_ns = time.monotonic_ns()
                    agent.say("Oh great.", now_ns - 2 * S, now_ns - S, 0.82)
                    assert await example.stdout.readline() == b"That sounds tiring.\n"
            finally:
                example.terminate()
                await example.wait()
            assert model.told == [LINE + "Oh great."]
            assert INSTRUCTIONS in model.asked[0][0]["content"]

    asyncio.run(run())


def test_the_livekit_example_s_assistant_reads_how_a_turn_was_meant(agent: ScriptedAgent) -> None:
    async def talk() -> None:
        async with calling(agent.endpoint, "Oh great.", assistant=Assistant) as call:
            await agent.await_reader(call.affect)
            await call.speak(agent, "Oh great.")
            assert call.model.told == [LINE + "Oh great."]
            assert INSTRUCTIONS in call.model.asked[0][0]["content"]

    asyncio.run(talk())

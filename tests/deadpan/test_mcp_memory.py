"""What an assistant is told, from messages over a real socket and a clock of the test's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

import deadpan
from deadpan.mcp.memory import Memory
from deadpan.messages import Estimate, Message, Sarcasm, Utterance
from tests.deadpan.sent import S, estimate, every_type, utterance
from tests.deadpan.stage import PATIENCE_S, Stage

_UNKNOWN = Sarcasm(probability=None, state="unknown", reason="nothing_said")


class _Scene:
    """An agent on a stage, the memory of it, and a clock that the test sets forward."""

    def __init__(self, stage: Stage, subscription: deadpan.Subscription) -> None:
        self.stage = stage
        self.later_ns = 0
        self._began_s = time.monotonic()
        self.memory = Memory(subscription, lambda: time.monotonic_ns() + self.later_ns)
        self._timeline = subscription.timeline
        self._subscription = subscription

    def about(self, seconds: float) -> Any:
        """Equal to an age of so many seconds, but for the time that the test itself has taken."""
        return pytest.approx(seconds, abs=0.1 + time.monotonic() - self._began_s)

    async def publish(self, *messages: Message) -> None:
        self.stage.publish(*messages)
        while self._timeline.latest("estimate") != messages[-1]:
            await asyncio.sleep(0.001)


@asynccontextmanager
async def scene() -> AsyncIterator[_Scene]:
    stage = Stage()
    subscription = deadpan.subscribe(stage.endpoint, types=("estimate", "utterance", "health"))
    made = _Scene(stage, subscription)
    keeping = asyncio.create_task(made.memory.keep())
    try:
        async with asyncio.timeout(PATIENCE_S):
            stage.await_subscriptions()
            yield made
    finally:
        subscription.close()
        await keeping
        stage.close()


def _estimate(second: int, sarcasm: Sarcasm | None = None, *, session: str = "s1", stream: str = "default") -> Estimate:
    at_ns = second * S
    made = estimate(second * 5, revision=1, session=session, stream=stream)
    times = {"start_ns": max(0, at_ns - 8 * S), "end_ns": at_ns, "created_ns": at_ns, "published_ns": at_ns}
    return msgspec.structs.replace(made, **times, sarcasm=sarcasm or made.sarcasm)


def _utterance(second: int, seq: int = 0) -> Utterance:
    at_ns = second * S
    times = {"start_ns": at_ns - 2 * S, "end_ns": at_ns, "created_ns": at_ns, "published_ns": at_ns}
    return msgspec.structs.replace(utterance(seq), **times, utterance_id=seq)


def test_what_was_said_in_the_window_is_told_with_how_it_sounded() -> None:
    async def main() -> None:
        async with scene() as on:
            await on.publish(_estimate(90), _utterance(91, 0), _utterance(98, 1), _estimate(100))
            answer = on.memory.current(10)
        assert (answer.known, answer.reason, answer.explanation, answer.sarcasm_on) == (True, "", "", True)
        assert answer.age_s == on.about(0)
        assert [said.ended_s_ago for said in answer.utterances] == [on.about(9), on.about(2)]
        assert [said.line for said in answer.utterances] == ["([sarcasm value=0.82]) Oh great…"] * 2
        assert answer.window is not None
        assert (answer.window.sarcasm_probability, answer.window.sarcasm) == (0.82, "on")
        assert (answer.window.said, answer.window.delivered, answer.window.meant) == (0.8, -0.5, -0.6)
        assert answer.now is not None
        assert answer.now.modalities == {"face": "off", "voice": "ok", "text": "stale"}
        assert [(cue.name, cue.effect) for cue in answer.now.cues] == [("flat_pitch", 0.12)]

    asyncio.run(main())


def test_nothing_said_is_unknown_and_no_guess() -> None:
    async def main() -> None:
        async with scene() as on:
            await on.publish(_estimate(99, _UNKNOWN), _estimate(100, _UNKNOWN))
            answer = on.memory.current(10)
            last = on.memory.last()
        assert (answer.known, answer.reason, answer.sarcasm_on) == (False, "nothing_said", None)
        assert answer.explanation.startswith("Nothing was said")
        assert (last.known, last.reason, last.utterance) == (False, "nothing_said_yet", None)

    asyncio.run(main())


def test_an_agent_that_was_never_there_is_said_to_be_absent() -> None:
    async def main() -> None:
        async with scene() as on:
            on.later_ns = 10 * S  # it has had its time to greet
            await on.memory.greeted()
            answer, last = on.memory.current(10), on.memory.last()
            assert (answer.known, answer.reason, answer.age_s) == (False, "never_connected", None)
            assert (last.known, last.reason, last.age_s) == (False, "never_connected", None)
            assert on.stage.endpoint in answer.explanation

    asyncio.run(main())


def test_an_agent_that_fell_silent_tells_nothing_of_now_but_what_was_said_last_remains() -> None:
    async def main() -> None:
        async with scene() as on:
            await on.publish(_utterance(98), _estimate(100))
            on.later_ns = 42 * S
            answer, last = on.memory.current(120), on.memory.last()
        assert (answer.known, answer.reason, answer.now, answer.utterances) == (False, "silent_stream", None, [])
        assert answer.age_s == on.about(42)
        assert "for 42 s" in answer.explanation
        assert last.utterance is not None
        assert last.age_s == last.utterance.ended_s_ago == on.about(44)

    asyncio.run(main())


def test_the_agent_was_restarted_and_what_was_said_before_is_not_of_now() -> None:
    async def main() -> None:
        async with scene() as on:
            await on.publish(_utterance(98), _estimate(100))
            await on.publish(_estimate(1, _UNKNOWN, session="s2"))
            on.later_ns = S
            answer, last = on.memory.current(120), on.memory.last()
        assert (answer.known, answer.reason, answer.utterances) == (False, "nothing_said", [])
        assert last.utterance is not None
        assert last.age_s == on.about(1)

    asyncio.run(main())


def test_an_estimate_of_before_the_restart_is_not_of_now_on_the_new_axis() -> None:
    async def main() -> None:
        async with scene() as on:
            await on.publish(_estimate(100))
            starting = msgspec.structs.replace(every_type()[4], session="s2", start_ns=0, end_ns=0, published_ns=0)
            on.stage.publish(starting)
            while (answer := on.memory.current(10)).now is not None:
                await asyncio.sleep(0.001)
        assert (answer.known, answer.reason, answer.sarcasm_on) == (False, "not_finished", None)

    asyncio.run(main())


def test_what_was_said_long_before_we_came_is_as_old_as_it_is() -> None:
    async def main() -> None:
        async with scene() as on:
            await on.publish(_utterance(100), _estimate(400, _UNKNOWN))  # the last values that a newcomer is sent
            assert on.memory.last().age_s == on.about(300)
            assert on.memory.current(120).utterances == []

    asyncio.run(main())


def test_the_newest_estimate_counts_though_a_later_revision_of_an_older_one_came_last() -> None:
    async def main() -> None:
        async with scene() as on:
            await on.publish(_estimate(100), _estimate(97, _UNKNOWN))
            assert on.memory.current(10).sarcasm_on is True

    asyncio.run(main())


def test_of_several_people_one_has_to_be_named() -> None:
    async def main() -> None:
        async with scene() as on:
            await on.publish(_estimate(100), _estimate(100, stream="kitchen"))
            answer = on.memory.current(10)
        assert (answer.known, answer.reason) == (False, "several_streams")
        assert "--stream NAME" in answer.explanation

    asyncio.run(main())

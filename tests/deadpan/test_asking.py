"""Asking a subscription for stretches of speech: waiting for them, beside other tasks, and what is in the way."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import msgspec
import pytest

import deadpan
from deadpan.messages import Message
from tests.deadpan.sent import S, estimate, every_type, utterance
from tests.deadpan.stage import PATIENCE_S, Stage

BEGUN = [msgspec.structs.replace(estimate(number), end_ns=(154 + number) * S) for number in range(8)]
FINISHED = msgspec.structs.replace(estimate(8, 1), end_ns=162 * S)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


def test_a_turn_is_waited_for_until_the_agent_has_finished_with_it(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint) as subscription:
        stage.await_subscriptions()
        stage.publish(*BEGUN)
        assert subscription.receive(PATIENCE_S) == BEGUN[0]
        unfinished = subscription.at(160 * S, 162 * S, timeout_s=0.01)
        assert (unfinished.complete, unfinished.reason) == (False, "not_finished")
        stage.publish(utterance(), FINISHED)
        turn = subscription.at(160 * S, 162 * S, timeout_s=PATIENCE_S)
    assert (turn.complete, turn.reason, turn.rcs) == (True, "", utterance().rcs)
    assert turn.utterances == (utterance(),)


def test_a_task_may_ask_while_another_iterates_and_takes_nothing_from_it(stage: Stage) -> None:
    sent: list[Message] = [*BEGUN, utterance(), FINISHED]

    async def iterate(subscription: deadpan.Subscription, heard: list[Message]) -> None:
        heard.extend([message async for message in subscription])

    async def converse(subscription: deadpan.Subscription) -> tuple[deadpan.Stretch, list[Message]]:
        heard: list[Message] = []
        reader = asyncio.create_task(iterate(subscription, heard))
        question = asyncio.create_task(subscription.at_async(160 * S, 162 * S, timeout_s=PATIENCE_S))
        await asyncio.sleep(0)  # both have begun
        stage.publish(*sent)
        turn = await question
        subscription.close()
        await reader
        return turn, heard

    with deadpan.subscribe(stage.endpoint) as subscription:
        stage.await_subscriptions()
        turn, heard = asyncio.run(converse(subscription))
    assert (turn.complete, turn.text) == (True, "Oh great…")
    assert heard == sent


def test_a_task_may_ask_when_nobody_iterates(stage: Stage) -> None:
    async def converse() -> tuple[deadpan.Stretch, Message | None]:
        async with deadpan.subscribe(stage.endpoint) as subscription:
            stage.await_subscriptions()
            stage.publish(*BEGUN, utterance(), FINISHED)
            turn = await subscription.at_async(160 * S, 162 * S, timeout_s=PATIENCE_S)
            stage.publish(estimate(9))
            return turn, await subscription.receive_async(PATIENCE_S)

    turn, after = asyncio.run(converse())
    assert turn.complete
    assert after == estimate(9)


def test_nobody_there_is_an_answer_too() -> None:
    with deadpan.subscribe("ipc:///nowhere/at/all") as subscription:
        turn = subscription.at(0, S)
        assert (turn.complete, turn.reason, turn.sarcasm.probability) == (False, "never_connected", None)
        assert asyncio.run(subscription.at_async(0, S)).reason == "never_connected"


def test_closing_ends_the_wait(stage: Stage) -> None:
    subscription = deadpan.subscribe(stage.endpoint)
    stage.await_subscriptions()
    stage.publish(*BEGUN)
    assert subscription.receive(PATIENCE_S) == BEGUN[0]
    threading.Timer(0.05, subscription.close).start()
    assert not subscription.at(160 * S, 162 * S, timeout_s=10 * PATIENCE_S).complete

    async def wait(subscription: deadpan.Subscription) -> deadpan.Stretch:
        asyncio.get_running_loop().call_later(0.05, subscription.close)
        return await subscription.at_async(160 * S, 162 * S, timeout_s=10 * PATIENCE_S)

    assert not asyncio.run(wait(deadpan.subscribe(stage.endpoint))).complete


@pytest.mark.parametrize("types", [["estimate"], ["utterance"], ["event"]], ids=str)
def test_without_estimates_and_utterances_there_is_nothing_to_ask(stage: Stage, types: list[str]) -> None:
    with deadpan.subscribe(stage.endpoint, types=types) as subscription:  # type: ignore[arg-type]  # parametrized
        with pytest.raises(ValueError, match="not subscribed to"):
            subscription.at(0, S)
        with pytest.raises(ValueError, match="not subscribed to"):
            asyncio.run(subscription.at_async(0, S))


def test_a_moment_of_this_machine_s_clock_is_found_on_the_session_s_axis(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint) as subscription:
        stage.await_subscriptions()
        before_ns = time.monotonic_ns()
        stage.publish(estimate(1))
        assert subscription.receive(PATIENCE_S) == estimate(1)
        after_ns = time.monotonic_ns()
        at_ns = subscription.session_ns(after_ns)
        assert 162 * S <= at_ns <= 162 * S + after_ns - before_ns
        assert subscription.session_ns(after_ns - 5 * S) == at_ns - 5 * S
        assert subscription.session_ns() >= at_ns


def test_losses_and_lag_are_told(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint) as subscription:
        assert (subscription.losses, subscription.lag_ms) == ({}, None)
        stage.await_subscriptions()
        stage.publish(estimate(1), estimate(4), estimate(4))
        assert subscription.receive(PATIENCE_S) == estimate(1)
        assert subscription.receive(PATIENCE_S) == estimate(4)
        assert subscription.losses == {"estimate": 2}
        assert subscription.lag_ms is not None
        assert subscription.timeline.age_ms(time.monotonic_ns()) is not None


def test_the_welcome_sets_the_time_of_those_who_did_not_ask_for_it(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint, types=["estimate"], stream="default") as subscription:
        assert b"deadpan/1/default/welcome" in stage.await_subscriptions(10)
        stage.publish(every_type()[-1], estimate(1))
        assert subscription.receive(PATIENCE_S) == estimate(1)
        assert subscription.timeline.latest("welcome") == every_type()[-1]

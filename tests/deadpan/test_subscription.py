from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice

import msgspec
import pytest

import deadpan
from deadpan.messages import Message, type_name
from tests.deadpan.sent import estimate, every_type, utterance
from tests.deadpan.stage import PATIENCE_S, Stage
from tests.ports import free_port


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


def _seqs(messages: list[Message]) -> list[tuple[int, int]]:
    return [(message.seq, getattr(message, "revision", 0)) for message in messages]


def test_iterating_gives_messages_as_they_come(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint, timeout_s=PATIENCE_S) as subscription:
        stage.await_subscriptions()
        sent: list[Message] = [estimate(1), utterance(), estimate(2)]
        stage.publish(*sent)
        assert list(islice(subscription, 3)) == sent


def test_an_event_loop_is_given_the_same(stage: Stage) -> None:
    async def listen(subscription: deadpan.Subscription) -> list[Message]:
        heard: list[Message] = []
        async for message in subscription:
            heard.append(message)
            if len(heard) == 3:
                break
        return heard

    sent: list[Message] = [estimate(1), utterance(), estimate(2)]
    with deadpan.subscribe(stage.endpoint, timeout_s=PATIENCE_S) as subscription:
        stage.await_subscriptions()
        stage.publish(*sent)
        assert asyncio.run(listen(subscription)) == sent


def test_silence_longer_than_the_timeout_is_an_error_that_names_the_endpoint(stage: Stage) -> None:
    with (
        deadpan.subscribe(stage.endpoint, timeout_s=0.02) as subscription,
        pytest.raises(TimeoutError, match=f"nothing was published at {stage.endpoint} for 0.02 s"),
    ):
        next(iter(subscription))


def test_silence_in_an_event_loop_is_the_same_error(stage: Stage) -> None:
    async def listen(subscription: deadpan.Subscription) -> None:
        async for _ in subscription:
            pass

    with (
        deadpan.subscribe(stage.endpoint, timeout_s=0.02) as subscription,
        pytest.raises(TimeoutError, match=f"nothing was published at {stage.endpoint}"),
    ):
        asyncio.run(listen(subscription))


def test_receiving_without_waiting_gives_nothing_when_there_is_nothing(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint) as subscription:
        assert subscription.receive(0) is None


def test_the_latest_of_a_type_is_given_and_what_was_before_it_is_gone(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint) as subscription:
        assert subscription.latest() is None
        stage.await_subscriptions()
        stage.publish(estimate(1), estimate(2), estimate(3))
        assert subscription.receive(PATIENCE_S) == estimate(1)
        stage.publish(utterance())
        while subscription.latest("utterance") is None:
            pass
        assert subscription.latest() == estimate(3)
        assert subscription.receive(0) is None


def test_the_latest_of_a_type_not_subscribed_to_is_refused(stage: Stage) -> None:
    with (
        deadpan.subscribe(stage.endpoint, types=["estimate"]) as subscription,
        pytest.raises(ValueError, match="not subscribed to health messages, only to estimate"),
    ):
        subscription.latest("health")


def test_a_last_value_repeated_for_a_newcomer_is_given_once(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint, timeout_s=PATIENCE_S) as subscription:
        stage.await_subscriptions()
        stage.publish(estimate(1), utterance(), estimate(1), utterance(), estimate(1, revision=1), estimate(2))
        assert _seqs(list(islice(subscription, 4))) == [(1, 0), (3, 0), (1, 1), (2, 0)]


def test_the_same_number_of_another_session_or_stream_is_another_message(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint, timeout_s=PATIENCE_S) as subscription:
        stage.await_subscriptions()
        stage.publish(estimate(1), estimate(1, stream="kitchen"), estimate(1, session="s2"))
        heard = list(islice(subscription, 3))
        assert [(message.session, message.stream) for message in heard] == [
            ("s1", "default"),
            ("s1", "kitchen"),
            ("s2", "default"),
        ]


def test_garbage_is_counted_and_does_not_end_the_subscription(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint, timeout_s=PATIENCE_S) as subscription:
        stage.await_subscriptions()
        garbage = [b"", b"{", b"\xff\xfe", b'{"type":"mood"}', b'{"x":' + b"[" * 100_000]
        for body in garbage:
            stage.publish_body(body)
        stage.publish(estimate(1))
        assert next(iter(subscription)) == estimate(1)
        assert subscription.unreadable == len(garbage)


def test_a_msgpack_stream_is_read_without_being_told(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint, timeout_s=PATIENCE_S) as subscription:
        stage.await_subscriptions()
        stage.publish_body(msgspec.msgpack.encode(estimate(1)))
        assert next(iter(subscription)) == estimate(1)


def test_types_not_asked_for_are_not_given(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint, types=["welcome", "event"], timeout_s=PATIENCE_S) as subscription:
        stage.await_subscriptions()
        stage.publish(*every_type())
        assert [type_name(message) for message in islice(subscription, 2)] == ["event", "welcome"]


def test_one_stream_of_a_shared_bus_is_subscribed_to_by_its_topics(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint, types=["estimate", "event"], stream="kitchen"):
        requests = stage.await_subscriptions(2)
    assert sorted(requests) == [b"deadpan/1/kitchen/estimate", b"deadpan/1/kitchen/event"]


def test_a_subscriber_may_start_before_the_publisher() -> None:
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    with deadpan.subscribe(endpoint, timeout_s=PATIENCE_S) as subscription:
        assert subscription.receive(0) is None
        stage = Stage(endpoint)
        try:
            stage.await_subscriptions()
            stage.publish(estimate(1))
            assert next(iter(subscription)) == estimate(1)
        finally:
            stage.close()


def test_an_unknown_type_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(ValueError, match="no such message type: mood; there are estimate, utterance"):
        deadpan.subscribe(types=["mood"])  # type: ignore[list-item]  # the mistake is the test


@pytest.mark.parametrize("endpoint", ["", "nowhere", "tcp://", "tcp://127.0.0.1:port", "smoke://signals"])
def test_a_malformed_endpoint_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match="cannot subscribe to"):
        deadpan.subscribe(endpoint)


def test_closing_twice_is_harmless_and_ends_iteration(stage: Stage) -> None:
    subscription = deadpan.subscribe(stage.endpoint)
    subscription.close()
    subscription.close()
    assert list(subscription) == []

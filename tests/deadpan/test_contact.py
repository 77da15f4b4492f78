"""Contact with an agent: made late, lost, refused, misunderstood, and ended from elsewhere."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

import msgspec
import pytest
import zmq

import deadpan
from deadpan.messages import Message, to_json
from tests.deadpan.guarded import Guarded, key_file
from tests.deadpan.sent import estimate
from tests.deadpan.stage import PATIENCE_S, Stage
from tests.ports import free_port


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@pytest.fixture
def endpoint() -> str:
    """A port nobody listens at."""
    return f"tcp://127.0.0.1:{free_port()}"


# Restarts


def test_an_agent_that_goes_and_comes_back_is_heard_again(endpoint: str) -> None:
    with deadpan.subscribe(endpoint, timeout_s=PATIENCE_S) as subscription:
        heard = []
        for session in ("s1", "s2", "s3"):
            stage = Stage(endpoint)
            stage.attract(subscription)
            stage.publish(estimate(5, session=session))
            heard += list(islice(subscription, 1))
            stage.close()
        assert [message.session for message in heard] == ["s1", "s2", "s3"]
        assert subscription.timeline.sessions_seen == 3
        assert subscription.losses == {}


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux shows the timers of its connections")
def test_the_system_asks_whether_the_other_machine_is_still_there_and_zeromq_does_not(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint, timeout_s=PATIENCE_S) as subscription:
        stage.await_subscriptions()
        stage.publish(estimate(1))
        assert next(iter(subscription)) == estimate(1)
        assert 0 < _keepalive_s(int(stage.endpoint.rpartition(":")[2])) <= 2
        # With heartbeats libzmq aborts a process that does not read for longer than they wait: see deadpan.connection.
        assert subscription._link._socket.getsockopt(zmq.HEARTBEAT_IVL) == 0


def _keepalive_s(port: int) -> float:
    """How long until the system asks the other end of a connection to that port (proc(5): timer 02 is keepalive)."""
    lines = [line for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    for line in lines:
        _, _, remote, state, _, timer, *_ = line.split()
        if remote.endswith(f"0100007F:{port:04X}") and state == "01":
            kind, _, in_ticks = timer.partition(":")
            return int(in_ticks, 16) / os.sysconf("SC_CLK_TCK") if kind == "02" else 0.0
    raise AssertionError(f"no connection to port {port}")


def test_what_is_far_too_long_is_not_taken_and_the_next_message_is(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint) as subscription:
        stage.await_subscriptions()
        stage.publish_body(b"{" + b" " * (2 << 20) + b"}")
        stage.attract(subscription)  # ZeroMQ ended the connection, and made it again
        stage.publish(estimate(1))
        assert subscription.receive(PATIENCE_S) == estimate(1)


def test_frames_of_every_number_and_kind_do_not_end_the_reading(stage: Stage) -> None:
    address = b"deadpan/1/default/estimate"
    odd = [
        [address],
        [address, b""],
        [address, b"", b""],
        [address, to_json(estimate(1)), b"more"],
        [b"deadpan/", b"{}"],
    ]
    with deadpan.subscribe(stage.endpoint) as subscription:
        stage.await_subscriptions()
        for frames in odd:
            stage.publish_frames(frames)
        stage.publish(estimate(1))
        assert subscription.receive(PATIENCE_S) == estimate(1)
        assert subscription.unreadable == len(odd)


# Silence


def _silence(endpoint: str, mute: socket.socket | None = None) -> str:
    """What is said of it, once whoever listens there, if anybody does, has been reached."""
    with (
        deadpan.subscribe(endpoint, timeout_s=0.3) as subscription,
        nullcontext() if mute is None else mute.accept()[0],
    ):
        with pytest.raises(deadpan.SilenceError) as caught:
            next(iter(subscription))

        async def listen() -> None:
            async for _ in subscription:
                pass

        with pytest.raises(deadpan.SilenceError):
            asyncio.run(listen())
    return str(caught.value)


def test_nobody_listening_is_said_to_be_that(endpoint: str) -> None:
    assert "nobody listens there: is the agent running? Start it with deadpan run" in _silence(endpoint)


def test_an_agent_that_says_nothing_is_said_to_be_that(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint, timeout_s=0.05, stream="kitchen") as subscription:
        stage.await_subscriptions(5)
        with pytest.raises(deadpan.SilenceError, match=r"there is a connection: .* Is there a stream named kitchen\?"):
            next(iter(subscription))


def test_something_else_that_listens_is_said_to_be_that() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        text = _silence(f"tcp://127.0.0.1:{mute.getsockname()[1]}", mute)
    assert "something listens there, but it is no agent" in text


def test_silence_is_a_timeout_and_one_of_the_stream_s_errors() -> None:
    assert issubclass(deadpan.SilenceError, TimeoutError)
    assert issubclass(deadpan.EndpointError, ValueError)
    family = (deadpan.SilenceError, deadpan.EndpointError, deadpan.SpecError, deadpan.AccessError)
    assert all(issubclass(error, deadpan.StreamError) for error in family)


# Another version


def _as_of(spec: int) -> tuple[bytes, bytes]:
    body = msgspec.json.decode(to_json(estimate(1))) | {"spec": spec, "seq": {"of": "another kind"}}
    return msgspec.json.encode(body), f"deadpan/{spec}/default/estimate".encode()


@pytest.mark.parametrize("stream", [None, "default"])
def test_a_newer_agent_is_an_error_that_names_both_versions_and_what_to_upgrade(
    stage: Stage, stream: str | None
) -> None:
    with deadpan.subscribe(stage.endpoint, timeout_s=PATIENCE_S, stream=stream) as subscription:
        stage.await_subscriptions(1 if stream is None else 13)
        stage.publish_body(*_as_of(2))
        with pytest.raises(deadpan.SpecError, match=r"speaks specification 2 .* this client 1: upgrade this client"):
            next(iter(subscription))


def test_an_older_agent_is_the_one_to_upgrade(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint) as subscription:
        stage.await_subscriptions()
        stage.publish_body(*_as_of(0))
        with pytest.raises(deadpan.SpecError, match=r"specification 0 .* upgrade the agent"):
            subscription.receive(PATIENCE_S)


def test_beside_agents_that_are_understood_others_are_passed_over_and_counted(stage: Stage) -> None:
    with deadpan.subscribe(stage.endpoint) as subscription:
        stage.await_subscriptions()
        stage.publish(estimate(1))
        stage.publish_body(*_as_of(2))
        stage.publish(estimate(2))
        assert [subscription.receive(PATIENCE_S) for _ in range(2)] == [estimate(1), estimate(2)]
        assert subscription.unreadable == 1


def test_an_agent_replaced_by_a_newer_one_is_noticed(endpoint: str) -> None:
    with deadpan.subscribe(endpoint) as subscription:
        stage = Stage(endpoint)
        stage.await_subscriptions()
        stage.publish(estimate(1))
        assert subscription.receive(PATIENCE_S) == estimate(1)
        stage.close()
        stage = Stage(endpoint)
        stage.attract(subscription)
        stage.publish_body(*_as_of(2))
        with pytest.raises(deadpan.SpecError):
            subscription.receive(PATIENCE_S)
        stage.close()


# Keys


@pytest.fixture
def doors() -> Iterator[list[Guarded]]:
    doors: list[Guarded] = []
    yield doors
    for door in doors:
        door.close()


def test_with_the_right_key_the_stream_is_read(tmp_path: Path, doors: list[Guarded]) -> None:
    doors.append(Guarded(admits=True))
    with deadpan.subscribe(doors[0].endpoint, key=key_file(tmp_path, doors[0].public)) as subscription:
        assert doors[0].socket.poll(1000 * int(PATIENCE_S))
        doors[0].socket.send_multipart([b"deadpan/1/default/estimate", to_json(estimate(1))])
        assert subscription.receive(PATIENCE_S) == estimate(1)


def test_a_key_that_was_taken_away_is_refused(tmp_path: Path, doors: list[Guarded]) -> None:
    doors.append(Guarded(admits=False))
    with (
        deadpan.subscribe(doors[0].endpoint, key=key_file(tmp_path, doors[0].public)) as subscription,
        pytest.raises(deadpan.AccessError, match=r"refuses this key \(400\): .* deadpan keys list"),
    ):
        subscription.receive(PATIENCE_S)


def test_who_is_let_in_later_may_go_on_with_the_same_subscription(tmp_path: Path, doors: list[Guarded]) -> None:
    """Though ZeroMQ gives up after a refusal."""
    doors.append(Guarded(admits=False))

    async def listen(subscription: deadpan.Subscription) -> Message | None:
        waiting = asyncio.create_task(subscription.receive_async(PATIENCE_S))
        assert await asyncio.to_thread(doors[0].socket.poll, 1000 * int(PATIENCE_S)), "it has not come back"
        doors[0].socket.send_multipart([b"deadpan/1/default/estimate", to_json(estimate(1))])
        return await waiting

    with deadpan.subscribe(doors[0].endpoint, key=key_file(tmp_path, doors[0].public)) as subscription:
        with pytest.raises(deadpan.AccessError):
            subscription.receive(PATIENCE_S)
        doors[0].admits = True
        assert asyncio.run(listen(subscription)) == estimate(1)


def test_who_asked_for_too_much_is_refused_without_having_needed_a_key(doors: list[Guarded]) -> None:
    doors.append(Guarded(admits=False, with_keys=False))
    with (
        deadpan.subscribe(doors[0].endpoint) as subscription,
        pytest.raises(deadpan.AccessError, match=r"refuses this program for a while \(400\)"),
    ):
        subscription.receive(PATIENCE_S)


def test_another_agent_s_key_is_refused(tmp_path: Path, doors: list[Guarded]) -> None:
    doors.append(Guarded(admits=True))
    with (
        deadpan.subscribe(doors[0].endpoint, key=key_file(tmp_path, zmq.curve_keypair()[0])) as subscription,
        pytest.raises(deadpan.AccessError, match="does not accept this key: it is another agent"),
    ):
        subscription.receive(PATIENCE_S)


def test_without_a_key_one_is_asked_for(doors: list[Guarded]) -> None:
    doors.append(Guarded(admits=True))

    async def listen() -> None:
        async with deadpan.subscribe(doors[0].endpoint) as subscription:
            async for _ in subscription:
                pass

    with pytest.raises(deadpan.AccessError, match=r"refuses a subscriber without a key.* deadpan keys new NAME"):
        asyncio.run(listen())


def test_a_key_where_none_is_wanted_is_said_to_be_that(tmp_path: Path, stage: Stage) -> None:
    with (
        deadpan.subscribe(stage.endpoint, key=key_file(tmp_path, zmq.curve_keypair()[0])) as subscription,
        pytest.raises(deadpan.AccessError, match="or one that asks for no key"),
    ):
        subscription.receive(PATIENCE_S)


def test_a_key_that_is_not_there_is_an_error_at_once(tmp_path: Path, stage: Stage) -> None:
    with pytest.raises(deadpan.AccessError, match="no such key"):
        deadpan.subscribe(stage.endpoint, key=tmp_path / "none.key")


# The end


def test_another_thread_may_end_the_iteration(stage: Stage) -> None:
    subscription = deadpan.subscribe(stage.endpoint)
    stage.await_subscriptions()
    stage.publish(estimate(1), estimate(2))
    heard: list[Message] = []
    for message in subscription:
        heard.append(message)
        if len(heard) == 2:
            threading.Timer(0.05, subscription.close).start()  # while it waits for the next
    assert heard == [estimate(1), estimate(2)]
    assert subscription.receive(PATIENCE_S) is None
    assert list(subscription) == []


def test_another_task_may_end_the_iteration(stage: Stage) -> None:
    async def listen() -> list[Message]:
        subscription = deadpan.subscribe(stage.endpoint)
        stage.await_subscriptions()
        stage.publish(estimate(1))
        heard = []
        async for message in subscription:
            heard.append(message)
            asyncio.get_running_loop().call_later(0.05, subscription.close)
        return heard

    assert asyncio.run(listen()) == [estimate(1)]


def test_a_cancelled_wait_leaves_the_subscription_usable(stage: Stage) -> None:
    async def listen() -> Message | None:
        async with deadpan.subscribe(stage.endpoint) as subscription:
            waiting = asyncio.create_task(subscription.receive_async())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            stage.await_subscriptions()
            stage.publish(estimate(1))
            return await subscription.receive_async(PATIENCE_S)

    assert asyncio.run(listen()) == estimate(1)


def test_subscribing_again_and_again_leaves_nothing_open(stage: Stage) -> None:
    def one() -> None:
        with deadpan.subscribe(stage.endpoint) as subscription:
            subscription.receive(0)

    def is_open() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    one()
    before, deadline_s = is_open(), time.monotonic() + PATIENCE_S
    for _ in range(30):
        one()
    while is_open() > before:  # ZeroMQ closes its sockets in a thread of its own
        assert time.monotonic() < deadline_s

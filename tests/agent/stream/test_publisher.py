from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

from agent.stream.endpoint import PublishError
from agent.stream.publisher import Publisher
from deadpan.messages import Message, from_body, type_name
from tests.deadpan.sent import estimate, every_type, utterance

PATIENCE_MS = 20_000
WELCOME = every_type()[-1]


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    return f"ipc://{tmp_path / 'stream'}"


@pytest.fixture
def publisher(endpoint: str) -> Iterator[Publisher]:
    publisher = Publisher(endpoint, "json")
    yield publisher
    publisher.close()


class Listener:
    """A subscriber's bare socket."""

    def __init__(self, endpoint: str, *topics: bytes, kind: int = zmq.SUB) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self._context.socket(kind)
        self.socket.connect(endpoint)
        for topic in topics:
            self.socket.setsockopt(zmq.SUBSCRIBE, topic)

    def hear(self, count: int) -> list[tuple[bytes, Message]]:
        heard = []
        for _ in range(count):
            assert self.socket.poll(PATIENCE_MS), "nothing was published"
            topic, body = self.socket.recv_multipart()
            heard.append((topic, from_body(body)))
        return heard

    def close(self) -> None:
        self._context.destroy(linger=0)


@pytest.fixture
def listeners() -> Iterator[list[Listener]]:
    listeners: list[Listener] = []
    yield listeners
    for listener in listeners:
        listener.close()


def _greet(publisher: Publisher, listener: Listener) -> None:
    """Answer new subscriptions until this one has its answer."""
    for _ in range(PATIENCE_MS):
        publisher.greet_newcomers(lambda: WELCOME)
        if listener.socket.poll(1):
            return
    raise AssertionError("nobody subscribed, or nobody was answered")


def test_a_late_subscriber_is_welcomed_and_told_the_last_value_of_each_type(
    publisher: Publisher, endpoint: str, listeners: list[Listener]
) -> None:
    for message in (estimate(1), utterance(), estimate(2), estimate(2, revision=1)):
        publisher.publish(message)
    listeners.append(Listener(endpoint, b"deadpan/1/"))
    _greet(publisher, listeners[0])
    heard = listeners[0].hear(3)
    assert heard[0] == (b"deadpan/1/default/welcome", WELCOME)
    assert dict(heard[1:]) == {
        b"deadpan/1/default/estimate": estimate(2, revision=1),
        b"deadpan/1/default/utterance": utterance(),
    }


def test_a_subscriber_to_one_type_is_told_of_that_type_only(
    publisher: Publisher, endpoint: str, listeners: list[Listener]
) -> None:
    publisher.publish(estimate(1))
    publisher.publish(utterance())
    listeners.append(Listener(endpoint, b"deadpan/1/default/utterance"))
    _greet(publisher, listeners[0])
    publisher.publish(utterance(4))
    assert [message.seq for _, message in listeners[0].hear(2)] == [3, 4]
    assert publisher.published == 5  # the welcome too, and no type it had not asked for again


def test_a_subscriber_to_everything_is_welcomed_too(
    publisher: Publisher, endpoint: str, listeners: list[Listener]
) -> None:
    listeners.append(Listener(endpoint, b""))
    _greet(publisher, listeners[0])
    assert listeners[0].hear(1) == [(b"deadpan/1/default/welcome", WELCOME)]


def test_every_message_goes_out_under_its_topic(publisher: Publisher, endpoint: str, listeners: list[Listener]) -> None:
    listeners.append(Listener(endpoint, b""))
    _greet(publisher, listeners[0])
    listeners[0].hear(1)
    for message in every_type():
        publisher.publish(message)
    heard = listeners[0].hear(6)
    assert [message for _, message in heard] == list(every_type())
    assert [topic for topic, _ in heard] == [
        f"deadpan/1/default/{type_name(message)}".encode() for message in every_type()
    ]
    assert publisher.published == 7


def test_msgpack_is_published_when_asked_for(endpoint: str, listeners: list[Listener]) -> None:
    publisher = Publisher(endpoint, "msgpack")
    try:
        publisher.publish(estimate(1))
        listeners.append(Listener(endpoint, b"deadpan/1/default/estimate"))
        _greet(publisher, listeners[0])
        _, body = listeners[0].socket.recv_multipart()
        assert msgspec.msgpack.decode(body)["seq"] == 1
    finally:
        publisher.close()


def test_garbage_instead_of_a_subscription_is_ignored(
    publisher: Publisher, endpoint: str, listeners: list[Listener]
) -> None:
    publisher.publish(estimate(1))
    nuisance = Listener(endpoint, kind=zmq.XSUB)
    listeners.append(nuisance)
    for garbage in (b"\x02nonsense", b"\x01nothing/of/ours", b"\x01" + b"\xff" * 40, b"\x00deadpan/1/", b"hello"):
        nuisance.socket.send(garbage)
    nuisance.socket.send(b"\x01deadpan/1/default/estimate")
    _greet(publisher, nuisance)
    assert nuisance.hear(1) == [(b"deadpan/1/default/estimate", estimate(1))]
    assert publisher.published == 3


def test_publishing_to_nobody_and_greeting_nobody_does_nothing(publisher: Publisher) -> None:
    publisher.publish(estimate(1))
    publisher.greet_newcomers(lambda: WELCOME)
    assert publisher.published == 1


def test_a_subscriber_that_does_not_read_never_blocks_the_publisher(
    publisher: Publisher, endpoint: str, listeners: list[Listener]
) -> None:
    listeners.append(Listener(endpoint, b"deadpan/1/"))
    _greet(publisher, listeners[0])
    for seq in range(3000):
        publisher.publish(estimate(seq))
    told = publisher.counters
    assert told["published"] + told["unsent"] == 3001  # faster than anybody could take them, and all accounted for


def test_a_taken_port_says_so_and_what_to_do() -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    holder = context.socket(zmq.PUB)
    port = holder.bind_to_random_port("tcp://127.0.0.1")
    with pytest.raises(PublishError, match=f"127.0.0.1:{port} is taken: .* Is another deadpan running"):
        Publisher(f"tcp://127.0.0.1:{port}", "json")
    context.destroy(linger=0)


def test_a_folder_that_is_not_there_is_an_error_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=r"cannot publish there: .* there is no folder"):
        Publisher(f"ipc://{tmp_path}/none/stream", "json")

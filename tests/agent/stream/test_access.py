"""Who may read a secured stream: real sockets, real keys, every way in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zmq

import deadpan.keys
from agent.stream.endpoint import PublishError
from agent.stream.keyring import Keyring, own_key
from agent.stream.publisher import Publisher
from deadpan.keys import Keys
from tests.deadpan.sent import estimate, every_type

PATIENCE = 20_000  # milliseconds, one a turn
WELCOME = every_type()[-1]


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    keyring = Keyring.made(tmp_path / "keys")
    keyring.add("ann", tmp_path / "ann.key")
    return keyring


@pytest.fixture
def ann(keyring: Keyring, tmp_path: Path) -> Keys:  # noqa: ARG001 - it wrote the file
    return deadpan.keys.read(tmp_path / "ann.key")


@pytest.fixture(params=["tcp", "ipc"])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "ipc":
        return f"ipc://{tmp_path}/out"
    with zmq.Context() as context, context.socket(zmq.PUB) as free:
        return f"tcp://127.0.0.1:{free.bind_to_random_port('tcp://127.0.0.1')}"


@pytest.fixture
def publisher(endpoint: str, keyring: Keyring, tmp_path: Path) -> Iterator[Publisher]:  # noqa: ARG001 - made the keys
    publisher = Publisher(endpoint, keys=tmp_path / "keys")
    yield publisher
    publisher.close()


@contextmanager
def listening(endpoint: str, keys: Keys | None) -> Iterator[zmq.Socket[bytes]]:
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        if keys is not None:
            socket.setsockopt(zmq.CURVE_SERVERKEY, keys.agent_public)
            socket.setsockopt(zmq.CURVE_PUBLICKEY, keys.public)
            socket.setsockopt(zmq.CURVE_SECRETKEY, keys.secret)
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(endpoint)
        socket.subscribe(b"")
        yield socket


def publish_until(
    publisher: Publisher, socket: zmq.Socket[bytes], reached: Callable[[list[list[bytes]]], bool]
) -> list[list[bytes]]:
    """Publish, a message every millisecond, until what was heard, or happened meanwhile, is enough."""
    heard: list[list[bytes]] = []
    for seq in range(PATIENCE):
        publisher.greet_newcomers(lambda: WELCOME)
        publisher.publish(estimate(seq))
        while socket.poll(0):
            heard.append(socket.recv_multipart())
        if reached(heard):
            return heard
        socket.poll(1)
    raise AssertionError(f"waited in vain: {publisher.counters}")


def test_a_subscriber_with_its_key_reads_the_stream(publisher: Publisher, endpoint: str, ann: Keys) -> None:
    with listening(endpoint, ann) as socket:
        heard = publish_until(publisher, socket, lambda heard: len(heard) > 3)
    read = {topic: deadpan.from_body(body) for topic, body in heard}
    assert read[b"deadpan/1/default/welcome"] == WELCOME
    assert b"deadpan/1/default/estimate" in read


def test_the_agent_s_owner_reads_the_stream(publisher: Publisher, endpoint: str, tmp_path: Path) -> None:
    with listening(endpoint, deadpan.keys.read(own_key(tmp_path / "keys"))) as socket:
        publish_until(publisher, socket, bool)


def _pair(agent_public: bytes) -> Keys:
    return Keys(agent_public, *zmq.curve_keypair())


@pytest.mark.parametrize("stranger", ["no key", "own key", "key of another agent", "removed"])
def test_whoever_holds_no_key_of_this_agent_gets_nothing(
    publisher: Publisher, endpoint: str, ann: Keys, keyring: Keyring, tmp_path: Path, stranger: str
) -> None:
    keys = {
        "no key": None,
        "own key": _pair(ann.agent_public),
        "key of another agent": Keys(zmq.curve_keypair()[0], ann.public, ann.secret),
        "removed": keyring.add("bob", tmp_path / "bob.key"),
    }[stranger]
    keyring.remove("bob")
    with listening(endpoint, keys) as socket, listening(endpoint, ann) as friend:
        publish_until(publisher, friend, lambda heard: publisher.counters["refused"] > 0 and bool(heard))
        assert not socket.poll(0)
    assert publisher.counters["cut_off"] == 0


def test_a_key_taken_away_ends_what_it_had_begun(
    publisher: Publisher, endpoint: str, ann: Keys, keyring: Keyring
) -> None:
    with listening(endpoint, ann) as socket:
        publish_until(publisher, socket, bool)
        keyring.remove("ann")
        publish_until(publisher, socket, lambda _: publisher.counters["refused"] > 0)  # it came back, in vain
        while socket.poll(0):
            socket.recv_multipart()
        for seq in range(100):
            publisher.publish(estimate(seq))
        assert not socket.poll(100)
    assert publisher.counters["cut_off"] == 1


def test_a_key_made_while_the_agent_runs_counts_at_once(
    publisher: Publisher, endpoint: str, keyring: Keyring, tmp_path: Path
) -> None:
    with listening(endpoint, keyring.add("bob", tmp_path / "bob.key")) as socket:
        publish_until(publisher, socket, bool)


def test_keys_that_others_may_read_are_an_error_with_what_to_run(keyring: Keyring, tmp_path: Path) -> None:  # noqa: ARG001 - made the keys
    own_key(tmp_path / "keys").chmod(0o644)
    with pytest.raises(PublishError, match="run: chmod 600"):
        Publisher(f"ipc://{tmp_path}/out", keys=tmp_path / "keys")


def test_with_keys_the_stream_may_leave_the_machine(keyring: Keyring, ann: Keys, tmp_path: Path) -> None:  # noqa: ARG001 - made the keys
    with zmq.Context() as context, context.socket(zmq.PUB) as free:
        port = free.bind_to_random_port("tcp://127.0.0.1")
    with pytest.raises(PublishError, match="refusing to publish"):
        Publisher(f"tcp://0.0.0.0:{port}")
    publisher = Publisher(f"tcp://0.0.0.0:{port}", keys=tmp_path / "keys")
    try:
        with listening(f"tcp://127.0.0.1:{port}", ann) as socket:
            publish_until(publisher, socket, bool)
    finally:
        publisher.close()

"""Several publishers through one proxy: real sockets, turned by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import msgspec
import pytest
import zmq

import deadpan
from agent.stream.endpoint import PublishError
from agent.stream.exchange import Exchange
from agent.stream.keyring import Keyring
from agent.stream.publisher import Publisher
from deadpan.messages import Message
from tests.deadpan.sent import estimate, every_type

TURNS = 5000


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@contextmanager
def turning(exchange: Exchange) -> Iterator[Exchange]:
    """The proxy at work in a thread of its own."""
    ended = threading.Event()

    def turn() -> None:
        while not ended.is_set():
            exchange.turn(5)

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        yield exchange
    finally:
        ended.set()
        thread.join()
        exchange.close()


class Agent:
    """A publisher of one stream, which publishes and greets when it is given a turn."""

    def __init__(
        self, endpoint: str, stream: str, session: str, bus: str | None = None, keys: Path | None = None
    ) -> None:
        self.publisher = Publisher(endpoint, keys=keys, bus=bus)
        self._stream, self._session, self._seq, self._greetings = stream, session, 0, 0

    def turn(self) -> None:
        self.greet()
        self.publisher.publish(self._of(estimate(self._seq)))
        self._seq += 1

    def greet(self) -> None:
        self.publisher.greet_newcomers(self._welcome)

    def _welcome(self) -> Message:
        self._greetings += 1
        return msgspec.structs.replace(self._of(every_type()[-1]), seq=self._greetings)

    def close(self) -> None:
        self.publisher.close()

    def _of(self, message: Message) -> Message:
        return msgspec.structs.replace(message, stream=self._stream, session=self._session)


def heard(
    subscription: deadpan.Subscription, agents: list[Agent], enough: Callable[[list[Message]], bool]
) -> list[Message]:
    """What a subscriber reads while the agents publish."""
    read: list[Message] = []
    for _ in range(TURNS):
        for agent in agents:
            agent.turn()
        while (message := subscription.receive(0.002)) is not None:
            read.append(message)
        if enough(read):
            return read
    raise AssertionError(f"waited in vain; the last of {len(read)}: {read[-1:]}")


def streams(read: list[Message]) -> set[tuple[str, str]]:
    return {(message.stream, message.session) for message in read}


def welcomed(read: list[Message]) -> set[tuple[str, str]]:
    return streams([message for message in read if isinstance(message, deadpan.Welcome)])


BOTH = {("a", "1"), ("b", "2")}
EVERY: tuple[deadpan.subscription.TypeName, ...] = ("estimate", "welcome")


def test_two_agents_one_named_and_one_that_joined_are_read_at_one_endpoint(tmp_path: Path, stack: ExitStack) -> None:
    out, bus, named = (f"ipc://{tmp_path}/{name}" for name in ("out", "bus", "a"))
    exchange = stack.enter_context(turning(Exchange(out, [named], bus)))
    agents = [Agent(named, "a", "1"), Agent(f"ipc://{tmp_path}/b", "b", "2", bus)]
    for agent in agents:
        stack.enter_context(closing(agent))
    with deadpan.subscribe(out, types=EVERY) as subscription:
        read = heard(subscription, agents, lambda read: welcomed(read) >= BOTH and len(read) > 20)
        assert streams(read) == BOTH
        assert not subscription.losses
        assert not subscription.unreadable
    assert exchange.passed_on >= len(read)


def test_one_stream_of_several_can_be_chosen(tmp_path: Path, stack: ExitStack) -> None:
    out, bus = f"ipc://{tmp_path}/out", f"ipc://{tmp_path}/bus"
    stack.enter_context(turning(Exchange(out, bus=bus)))
    agents = [Agent(f"ipc://{tmp_path}/{name}", name, session, bus) for name, session in sorted(BOTH)]
    for agent in agents:
        stack.enter_context(closing(agent))
    with deadpan.subscribe(out, stream="b", types=EVERY) as subscription:
        read = heard(subscription, agents, lambda read: len(read) > 20)
        assert streams(read) == {("b", "2")}


def test_who_comes_late_is_welcomed_by_every_agent_and_told_the_last_values(tmp_path: Path, stack: ExitStack) -> None:
    out, bus = f"ipc://{tmp_path}/out", f"ipc://{tmp_path}/bus"
    stack.enter_context(turning(Exchange(out, bus=bus)))
    agents = [Agent(f"ipc://{tmp_path}/{name}", name, session, bus) for name, session in sorted(BOTH)]
    for agent in agents:
        stack.enter_context(closing(agent))
    with deadpan.subscribe(out, types=EVERY) as first:
        heard(first, agents, lambda read: streams(read) >= BOTH)
        with deadpan.subscribe(out, types=EVERY) as late:
            read: list[Message] = []
            for _ in range(TURNS):  # the agents say nothing new, they only greet
                for agent in agents:
                    agent.greet()
                while (message := late.receive(0.002)) is not None:
                    read.append(message)
                if len(read) >= 4:
                    break
            assert {(message.stream, type(message)) for message in read} == {
                (stream, kind) for stream in "ab" for kind in (deadpan.Welcome, deadpan.Estimate)
            }


def test_an_agent_and_the_proxy_may_be_restarted_in_the_middle(tmp_path: Path, stack: ExitStack) -> None:
    out, bus = f"ipc://{tmp_path}/out", f"ipc://{tmp_path}/bus"
    subscription = stack.enter_context(deadpan.subscribe(out, types=EVERY))
    stays = stack.enter_context(closing(Agent(f"ipc://{tmp_path}/b", "b", "2", bus)))
    with turning(Exchange(out, bus=bus)):
        with closing(Agent(f"ipc://{tmp_path}/a", "a", "1", bus)) as leaves:
            heard(subscription, [leaves, stays], lambda read: streams(read) >= BOTH)
        again = stack.enter_context(closing(Agent(f"ipc://{tmp_path}/a", "a", "3", bus)))
        heard(subscription, [again, stays], lambda read: ("a", "3") in welcomed(read))
    with turning(Exchange(out, bus=bus)):
        heard(subscription, [again, stays], lambda read: welcomed(read) >= {("a", "3"), ("b", "2")})


def test_what_is_no_message_is_counted_and_not_passed_on(tmp_path: Path, stack: ExitStack) -> None:
    out, bus = f"ipc://{tmp_path}/out", f"ipc://{tmp_path}/bus"
    exchange = stack.enter_context(turning(Exchange(out, bus=bus)))
    context: zmq.Context[zmq.Socket[bytes]] = stack.enter_context(zmq.Context())
    nuisance = stack.enter_context(context.socket(zmq.PUB))
    nuisance.setsockopt(zmq.LINGER, 0)
    nuisance.connect(bus)
    with deadpan.subscribe(out, types=EVERY) as subscription:
        agent = stack.enter_context(closing(Agent(f"ipc://{tmp_path}/a", "a", "1", bus)))

        def enough(read: list[Message]) -> bool:
            for frames in ([b"deadpan/1/"], [b"deadpan/1/x", b"y", b"z"], [b"deadpan/1/" + b"x" * 2000, b""]):
                nuisance.send_multipart(frames)
            return bool(read) and exchange.unreadable > 10

        assert streams(heard(subscription, [agent], enough)) == {("a", "1")}


def test_a_proxy_with_keys_lets_in_who_holds_one(tmp_path: Path, stack: ExitStack) -> None:
    Keyring.made(tmp_path / "keys").add("ann", tmp_path / "ann.key")
    out, bus = f"ipc://{tmp_path}/out", f"ipc://{tmp_path}/bus"
    exchange = stack.enter_context(turning(Exchange(out, bus=bus, keys=tmp_path / "keys")))
    agent = stack.enter_context(closing(Agent(f"ipc://{tmp_path}/a", "a", "1", bus)))
    with (
        deadpan.subscribe(out, key=tmp_path / "ann.key") as ann,
        zmq.Context() as context,
        context.socket(zmq.SUB) as stranger,
    ):
        stranger.subscribe(b"")
        stranger.connect(out)
        heard(ann, [agent], lambda read: len(read) > 5 and exchange.counters["refused"] > 0)
        assert not stranger.poll(0)
        stranger.setsockopt(zmq.LINGER, 0)


def test_an_agent_that_wants_keys_may_publish_through_a_proxy_on_its_machine(tmp_path: Path, stack: ExitStack) -> None:
    Keyring.made(tmp_path / "keys")
    out, bus = f"ipc://{tmp_path}/out", f"ipc://{tmp_path}/bus"
    stack.enter_context(turning(Exchange(out, bus=bus)))
    agent = stack.enter_context(closing(Agent(f"ipc://{tmp_path}/a", "a", "1", bus, tmp_path / "keys")))
    with deadpan.subscribe(out, types=EVERY) as subscription:
        heard(subscription, [agent], lambda read: ("a", "1") in welcomed(read))


@pytest.mark.parametrize(
    ("endpoint", "agents", "bus", "reason"),
    [
        ("ipc:///tmp/x", [], None, "a proxy needs agents"),
        ("tcp://0.0.0.0:5", ["ipc:///a"], None, "refusing to publish"),
        ("ipc:///tmp/x", ["tcp://192.168.1.5:5737"], None, "on another machine"),
        ("ipc:///tmp/x", ["nowhere"], None, "cannot"),
        ("ipc:///tmp/x", [], "tcp://0.0.0.0:5738", "on another machine"),
        ("ipc:///nowhere/at/all", ["ipc:///a"], None, "there is no folder"),
    ],
)
def test_what_cannot_be_had_is_an_error_that_says_so(
    endpoint: str, agents: list[str], bus: str | None, reason: str
) -> None:
    with pytest.raises(PublishError, match=reason):
        Exchange(endpoint, agents, bus)

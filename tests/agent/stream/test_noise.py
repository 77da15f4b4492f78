"""Noise on the public socket: whatever arrives there, the next subscriber is answered and the last one goes on."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import deadpan
from agent.stream.publisher import Publisher
from tests.deadpan.sent import estimate
from tests.ports import free_port
from tests.stand_ins.nuisance import GREETING, READY, frame

PATIENCE_S = 20.0
SUBSCRIPTIONS = frame(b"\x01deadpan/1/") + frame(b"\x00deadpan/1/") + frame(b"\x09SUBSCRIBEx", command=True)
SPOKEN = GREETING + frame(READY, command=True) + SUBSCRIPTIONS + frame(b"\x04PING\0\0abc", command=True)


class Place:
    """A publisher that others make noise at, and a subscriber that was there before."""

    def __init__(self, publisher: Publisher, port: int, subscription: deadpan.Subscription) -> None:
        self.publisher, self.port, self.subscription = publisher, port, subscription
        self._seq = 0

    def still_works(self) -> bool:
        """Whether the next message reaches the subscriber."""
        self._seq += 1
        self.publisher.greet_newcomers()
        self.publisher.publish(estimate(self._seq))
        while (message := self.subscription.receive(PATIENCE_S)) is not None:
            if message.seq == self._seq:
                return True
        return False


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    port = free_port()
    publisher = Publisher(f"tcp://127.0.0.1:{port}")
    with deadpan.subscribe(f"tcp://127.0.0.1:{port}") as subscription:
        place = Place(publisher, port, subscription)
        for seq in range(-1000, 0):  # until the subscription has arrived
            publisher.publish(estimate(-seq))
            if subscription.receive(0.02) is not None:
                break
        yield place
    publisher.close()


def _say(port: int, *pieces: bytes) -> None:
    """Connect, say it piece by piece, and leave without listening."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as connection:
        for piece in pieces:
            connection.sendall(piece)


FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(noise=st.lists(st.binary(max_size=400), max_size=4))
def test_bytes_of_any_kind_disturb_nobody(place: Place, noise: list[bytes]) -> None:
    _say(place.port, *noise)
    assert place.still_works()


@FEW
@given(noise=st.lists(st.binary(max_size=400), max_size=4))
def test_bytes_of_any_kind_after_a_handshake_disturb_nobody(place: Place, noise: list[bytes]) -> None:
    _say(place.port, GREETING, frame(READY, command=True), *noise)
    assert place.still_works()


@FEW
@given(data=st.data())
def test_a_conversation_with_bytes_changed_left_out_and_put_in_disturbs_nobody(
    place: Place, data: st.DataObject
) -> None:
    begin = data.draw(st.integers(0, len(SPOKEN)))
    end = data.draw(st.integers(begin, min(begin + 20, len(SPOKEN))))
    changed = SPOKEN[:begin] + data.draw(st.binary(max_size=20)) + SPOKEN[end:]
    cut = data.draw(st.integers(0, len(changed)))
    _say(place.port, changed[:cut], changed[cut:])
    assert place.still_works()


@FEW
@given(requests=st.lists(st.binary(max_size=300), max_size=30))
def test_requests_of_any_kind_disturb_nobody(place: Place, requests: list[bytes]) -> None:
    with zmq.Context() as context, context.socket(zmq.XSUB) as nuisance:
        nuisance.setsockopt(zmq.LINGER, 200)
        nuisance.connect(f"tcp://127.0.0.1:{place.port}")
        for request in requests:
            nuisance.send(request)
    assert place.still_works()

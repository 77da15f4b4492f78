"""The connection to a feed outlasts whatever its feeder does to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

from agent.capture.feed_line import FeedLine
from agent.clock import ManualClock
from deadpan.feed import AUDIO_TOPIC, AudioHeader

_TRIES = 600
_POLL_MS = 50


class RawFeeder:
    """A program that sends what it likes where a feed is awaited."""

    def __init__(self, address: str) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.bind(address)
        self.seq = 0

    def send(self, *frames: bytes) -> None:
        self._socket.send_multipart([AUDIO_TOPIC, *frames])

    def send_sound(self) -> None:
        header = AudioHeader(session="s", seq=self.seq, pts_ns=0, measured=True, sample_rate_hz=16_000, channels=1)
        self.seq += 1
        self.send(msgspec.json.encode(header), b"\0\0")

    def close(self) -> None:
        self._context.destroy(linger=0)


@pytest.fixture
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"ipc://{tmp_path_factory.mktemp('f')}/feed"


@pytest.fixture
def line(address: str) -> Iterator[FeedLine[AudioHeader]]:
    line = FeedLine(address, AUDIO_TOPIC, AudioHeader, ManualClock(), Counter(), 1000)
    line.open()
    yield line
    line.close()


def assert_sound_comes(line: FeedLine[AudioHeader], feeder: RawFeeder) -> None:
    """Sound that is sent from now on; some that was sent before may come first."""
    sent = feeder.seq
    for _ in range(_TRIES):
        feeder.send_sound()
        received = line.receive(_POLL_MS)
        if received is not None and received.header.seq >= sent:
            return
    raise AssertionError("nothing more was heard of the feeder")


def test_it_may_be_opened_before_its_feeder_and_outlasts_it(line: FeedLine[AudioHeader], address: str) -> None:
    assert line.receive(0) is None
    for _ in range(2):
        feeder = RawFeeder(address)
        assert_sound_comes(line, feeder)
        feeder.close()
        Path(address.removeprefix("ipc://")).unlink(missing_ok=True)


def test_a_message_far_too_large_is_the_end_of_that_connection_and_no_more(
    line: FeedLine[AudioHeader], address: str
) -> None:
    feeder = RawFeeder(address)
    assert_sound_comes(line, feeder)
    feeder.send(b"", bytes((1 << 25) + 1))
    assert_sound_comes(line, feeder)  # on another connection: on that one it would come after what is never received
    feeder.close()

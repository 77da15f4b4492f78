"""What a feed sends, whom it lets listen, and what it refuses to send."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

import deadpan
from deadpan.errors import EndpointError
from deadpan.feed import AUDIO_TOPIC, VIDEO_TOPIC, AudioHeader, VideoHeader
from tests.deadpan.listening import listening, received


@pytest.fixture
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"ipc://{tmp_path_factory.mktemp('f')}/feed"


@pytest.fixture
def feed(endpoint: str) -> Iterator[deadpan.Feed]:
    with deadpan.Feed(endpoint) as made:
        yield made


@pytest.fixture
def listener(feed: deadpan.Feed) -> Iterator[zmq.Socket[bytes]]:
    with listening(feed) as heard:
        yield heard


def test_sound_arrives_as_it_was_sent_with_its_moment(feed: deadpan.Feed, listener: zmq.Socket[bytes]) -> None:
    feed.audio(b"\x01\x00\x02\x00", 48_000, channels=2, pts_ns=5_000)
    topic, header, pcm = received(listener)
    sent = msgspec.json.decode(header, type=AudioHeader)
    assert (topic, pcm) == (AUDIO_TOPIC, b"\x01\x00\x02\x00")
    assert (sent.pts_ns, sent.measured, sent.sample_rate_hz, sent.channels) == (5_000, True, 48_000, 2)


def test_a_picture_arrives_as_it_was_sent_with_its_moment(feed: deadpan.Feed, listener: zmq.Socket[bytes]) -> None:
    feed.video(bytes(range(6)), 2, 1, pts_ns=7)
    topic, header, rgb = received(listener)
    sent = msgspec.json.decode(header, type=VideoHeader)
    assert (topic, rgb) == (VIDEO_TOPIC, bytes(range(6)))
    assert (sent.pts_ns, sent.width, sent.height) == (7, 2, 1)


def test_sound_without_a_moment_has_just_ended(
    feed: deadpan.Feed, listener: zmq.Socket[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deadpan.feed.time.monotonic_ns", lambda: 10_000_000_000)
    feed.audio(bytes(2 * 16_000), 16_000)
    sent = msgspec.json.decode(received(listener)[1], type=AudioHeader)
    assert (sent.pts_ns, sent.measured) == (9_000_000_000, False)


def test_sounds_and_pictures_are_numbered_each_by_themselves(feed: deadpan.Feed, listener: zmq.Socket[bytes]) -> None:
    for _ in range(2):
        feed.audio(b"\0\0", 16_000)
        feed.video(bytes(3), 1, 1)
    headers = [msgspec.json.decode(received(listener)[1]) for _ in range(4)]
    (sound, picture), later = ((headers[n]["seq"], headers[n + 1]["seq"]) for n in (0, 2))
    assert later == (sound + 1, picture + 1)
    assert len({header["session"] for header in headers}) == 1


def test_another_run_of_a_feeder_is_another_session(endpoint: str) -> None:
    sessions = set()
    for _ in range(2):
        with deadpan.Feed(endpoint) as feed, listening(feed) as heard:
            feed.audio(b"\0\0", 16_000)
            sessions.add(msgspec.json.decode(received(heard)[1], type=AudioHeader).session)
    assert len(sessions) == 2


def test_no_sound_is_no_message(feed: deadpan.Feed, listener: zmq.Socket[bytes]) -> None:
    feed.audio(b"\1\0", 16_000)
    feed.audio(b"", 16_000)
    feed.audio(b"\2\0", 16_000)
    assert [received(listener)[2] for _ in range(2)] == [b"\1\0", b"\2\0"]


def test_its_file_is_this_user_s_alone_and_goes_with_it(endpoint: str) -> None:
    path = Path(endpoint.removeprefix("ipc://"))
    with deadpan.Feed(endpoint) as feed:
        assert path.is_socket()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        feed.close()
        assert list(path.parent.iterdir()) == []


def test_what_a_dead_feeder_left_behind_gives_way(endpoint: str) -> None:
    path = endpoint.removeprefix("ipc://")
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(path)
    with deadpan.Feed(endpoint) as feed, listening(feed) as heard:
        feed.audio(b"\0\0", 16_000)
        assert received(heard)[2] == b"\0\0"


@pytest.mark.usefixtures("feed")
def test_a_feed_takes_no_one_s_place(endpoint: str, tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match="is taken"):
        deadpan.Feed(endpoint)
    letter = tmp_path / "letter"
    letter.write_text("dear")
    with pytest.raises(EndpointError, match="a file is there"):
        deadpan.Feed(f"ipc://{letter}")
    assert letter.read_text() == "dear"


def test_a_taken_port_is_said_to_be() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        endpoint = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(EndpointError, match="is taken"):
            deadpan.Feed(endpoint)


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("tcp://0.0.0.0:5738", "leads beyond this machine"),
        ("tcp://192.168.1.4:5738", "leads beyond this machine"),
        ("tcp://example.org:5738", "leads beyond this machine"),
        ("tcp://*:5738", "leads beyond this machine"),
        ("tcp://127.0.0.1", "names no port"),
        ("tcp://127.0.0.1:0", "names no port"),
        ("tcp://127.0.0.1:http", "is no number"),
        ("udp://127.0.0.1:5738", "is no endpoint"),
        ("ipc://", "is no endpoint"),
        ("ipc://relative", "is no endpoint"),
        ("/tmp/feed", "is no endpoint"),  # noqa: S108 - not opened
        ("ipc:///no/such/folder/feed", "there is no folder"),
        ("ipc:///" + "long" * 40, "too long"),
    ],
)
def test_sound_and_pictures_stay_on_the_machine(endpoint: str, said: str) -> None:
    with pytest.raises(EndpointError, match=said):
        deadpan.Feed(endpoint)


@pytest.mark.parametrize(
    ("pcm", "rate_hz", "channels", "said"),
    [
        (b"\0\0", 7_999, 1, "sample_rate_hz must be"),
        (b"\0\0", 200_000, 1, "sample_rate_hz must be"),
        (b"\0\0", 16_000, 0, "channels must be"),
        (b"\0\0", 16_000, 9, "channels must be"),
        (b"\0", 16_000, 1, "no whole number of 16 bit samples of 1 channels"),
        (b"\0\0", 16_000, 2, "no whole number"),
        (bytes(2 * 160_001), 16_000, 1, "at most 10 s at a time, not 10.0"),
    ],
)
def test_what_is_no_sound_is_refused(feed: deadpan.Feed, pcm: bytes, rate_hz: int, channels: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        feed.audio(pcm, rate_hz, channels)


@pytest.mark.parametrize(
    ("rgb", "width", "height", "said"),
    [
        (b"", 0, 4, "must have 1 to"),
        (b"", 4, -1, "must have 1 to"),
        (bytes(11), 2, 2, "are 12 bytes, not 11"),
        (b"", 1921, 1080, "scale it down"),
    ],
)
def test_what_is_no_picture_is_refused(feed: deadpan.Feed, rgb: bytes, width: int, height: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        feed.video(rgb, width, height)


def test_a_closed_feed_says_so(endpoint: str) -> None:
    with deadpan.Feed(endpoint) as feed:
        pass
    feed.close()
    with pytest.raises(ValueError, match="is closed"):
        feed.audio(b"\0\0", 16_000)


def test_a_listener_that_never_reads_neither_blocks_the_feeder_nor_another(feed: deadpan.Feed) -> None:
    with listening(feed, depth=4) as stuck, listening(feed) as reader:
        for number in range(400):  # 1.2 GB, of which what waits for one that never reads is a part
            feed.video(bytes(3_000_000), 1000, 1000, pts_ns=number)
            while received(reader)[0] != VIDEO_TOPIC:
                pass
        waiting = 0
        while stuck.poll(200):
            stuck.recv_multipart()
            waiting += 1
        assert waiting < 100

"""What another program feeds becomes the chunks and frames that a device's would have been."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.capture.fed import FedAudio, FedVideo
from agent.capture.feed_line import FeedReader, Received, check_feed, is_feed
from agent.capture.source import CaptureError, Problem
from agent.clock import ManualClock
from deadpan.feed import AUDIO_TOPIC, VIDEO_TOPIC, AudioHeader, VideoHeader
from encoders.samples import NS_PER_S, AudioChunk, VideoFrame

MS = 1_000_000
START_NS = 12_345_678_901_234_567
ADDRESS = "ipc:///not/connected"


class Feeder:
    """Sends int16 [samples, channels] as deadpan.Feed does, straight into the agent's end, at once."""

    def __init__(self, source: FedAudio, reader: FeedReader[AudioHeader], clock: ManualClock) -> None:
        self._source, self._reader, self._clock = source, reader, clock
        self.session, self.seq = "one", 0

    def send(self, pcm: NDArray[np.int16], pts_ns: int, rate_hz: int, *, measured: bool = True) -> list[AudioChunk]:
        header = AudioHeader(
            session=self.session,
            seq=self.seq,
            pts_ns=pts_ns,
            measured=measured,
            sample_rate_hz=rate_hz,
            channels=pcm.shape[1],
        )
        self.seq += 1
        self._clock.advance_to_ns(pts_ns)
        frames = [AUDIO_TOPIC, msgspec.json.encode(header), pcm.astype("<i2").tobytes()]
        received = self._reader.read(frames, self._clock.now_ns())
        return [] if received is None else self._source.push(received)


def fed() -> tuple[FedAudio, Feeder]:
    clock = ManualClock()
    source = FedAudio(ADDRESS, clock)
    return source, Feeder(source, FeedReader(AudioHeader, source.losses), clock)


def sound(seconds: float, rate_hz: int, channels: int = 1) -> NDArray[np.int16]:
    samples = np.random.default_rng(5).integers(-20_000, 20_000, (round(seconds * rate_hz), channels))
    return samples.astype(np.int16)


def send_all(
    feeder: Feeder, pcm: NDArray[np.int16], rate_hz: int, sizes: Sequence[int], *, start_ns: int = START_NS
) -> list[AudioChunk]:
    """In pieces of these sizes, over and over, each with its true time."""
    chunks: list[AudioChunk] = []
    first = 0
    for size in itertools.cycle(sizes):
        if first >= len(pcm):
            return chunks
        chunks += feeder.send(pcm[first : first + size], start_ns + first * NS_PER_S // rate_hz, rate_hz)
        first += size
    raise AssertionError


def heard(chunks: Sequence[AudioChunk]) -> NDArray[np.float32]:
    return np.concatenate([chunk.pcm for chunk in chunks])


@settings(max_examples=30)
@given(
    sizes=st.lists(st.integers(1, 50_000), min_size=1, max_size=12).filter(lambda sizes: sum(sizes) / len(sizes) > 50),
    rate_hz=st.sampled_from([8_000, 16_000, 44_100, 48_000]),
    channels=st.integers(1, 3),
)
def test_the_pieces_sizes_do_not_change_what_is_heard(sizes: list[int], rate_hz: int, channels: int) -> None:
    pcm = sound(2.0, rate_hz, channels)
    expected = send_all(fed()[1], pcm, rate_hz, [rate_hz // 50])
    source, feeder = fed()
    chunks = send_all(feeder, pcm, rate_hz, sizes)
    assert len(chunks) >= len(expected) > 55
    for chunk, wanted in zip(chunks, expected, strict=False):
        assert chunk.seq == wanted.seq
        assert np.array_equal(chunk.pcm, wanted.pcm)
        assert chunk.pts_ns == pytest.approx(wanted.pts_ns, abs=1_000)
    assert not source.losses


def test_sound_that_needs_no_resampling_is_passed_on_sample_by_sample() -> None:
    pcm = sound(0.5, 16_000)
    chunks = send_all(fed()[1], pcm, 16_000, [320])
    assert np.array_equal(heard(chunks), pcm[: 15 * 512, 0].astype(np.float32) / 32768)
    assert [chunk.pts_ns - START_NS for chunk in chunks] == pytest.approx([32 * MS * n for n in range(15)], abs=100)


def test_channels_are_mixed() -> None:
    stereo = np.full((512, 2), (8192, -4096), np.int16)
    [chunk] = fed()[1].send(stereo, START_NS, 16_000)
    assert np.all(chunk.pcm == np.float32(2048 / 32768))


def test_a_piece_that_was_lost_leaves_a_hole_of_its_length() -> None:
    source, feeder = fed()
    pcm = sound(1.0, 16_000)
    chunks = send_all(feeder, pcm[:4096], 16_000, [1024])
    feeder.seq += 4
    chunks += send_all(feeder, pcm[8192:], 16_000, [1024], start_ns=START_NS + 512 * MS)
    holes = [late.pts_ns - early.interval.end_ns for early, late in itertools.pairwise(chunks)]
    assert max(holes) == pytest.approx(256 * MS, abs=1_000)
    assert sorted(holes)[-2] < 1_000
    assert [chunk.seq for chunk in chunks] == list(range(len(chunks)))
    assert source.losses == {"missed": 4}


def test_measured_sound_that_pauses_leaves_a_hole_at_once() -> None:
    source, feeder = fed()
    chunks = send_all(feeder, sound(0.32, 16_000), 16_000, [320])
    chunks += send_all(feeder, sound(0.32, 16_000), 16_000, [320], start_ns=START_NS + 400 * MS)
    assert chunks[10].pts_ns == pytest.approx(START_NS + 400 * MS, abs=1_000)
    assert not source.losses


def test_a_busy_feeder_s_hiccup_moves_nothing() -> None:
    source, feeder = fed()
    pcm = sound(2.0, 16_000)
    chunks: list[AudioChunk] = []
    for n in range(100):
        late_ns = (60 - n) * 20 * MS if 40 <= n < 60 else 0  # 400 ms of sound come all at once
        chunks += feeder.send(pcm[n * 320 : (n + 1) * 320], START_NS + n * 20 * MS + late_ns, 16_000, measured=False)
    assert np.array_equal(heard(chunks), pcm[: 62 * 512, 0].astype(np.float32) / 32768)
    off_ns = [chunk.pts_ns - START_NS - chunk.seq * 32 * MS for chunk in chunks]
    assert max(map(abs, off_ns)) < 5 * MS
    assert not source.losses


def test_a_feeder_without_times_of_its_own_that_was_silent_goes_on_where_it_is_now() -> None:
    _, feeder = fed()
    pcm = sound(0.32, 16_000)
    before = [
        chunk
        for n in range(16)
        for chunk in feeder.send(pcm[n * 320 : (n + 1) * 320], START_NS + n * 20 * MS, 16_000, measured=False)
    ]
    [*_, after] = feeder.send(pcm[:1024], START_NS + 3000 * MS, 16_000, measured=False)
    assert before[-1].interval.end_ns == pytest.approx(START_NS + 320 * MS, abs=1_000)
    assert after.pts_ns == pytest.approx(START_NS + 3032 * MS, abs=1_000)


@pytest.mark.parametrize("session", ["two", "one"], ids=["another session", "numbers from 0"])
def test_a_feeder_that_was_restarted_is_placed_anew(session: str) -> None:
    source, feeder = fed()
    chunks = send_all(feeder, sound(0.33, 16_000), 16_000, [320])
    feeder.session, feeder.seq = session, 0
    chunks += send_all(feeder, sound(0.32, 48_000), 48_000, [960], start_ns=START_NS + 345 * MS)
    assert source.losses == {"feeder_restarted": 1}
    assert [len(chunk.pcm) for chunk in chunks[:11]] == [512] * 10 + [160]  # what was left of the first
    assert chunks[11].pts_ns == pytest.approx(START_NS + 345 * MS, abs=1_000)
    assert [chunk.seq for chunk in chunks] == list(range(len(chunks)))


def test_what_is_heard_never_goes_back_in_time() -> None:
    source, feeder = fed()
    chunks = send_all(feeder, sound(1.0, 16_000), 16_000, [320])
    feeder.session, feeder.seq = "two", 0
    chunks += send_all(feeder, sound(1.0, 16_000), 16_000, [320], start_ns=START_NS + 500 * MS)
    assert all(late.pts_ns >= early.interval.end_ns - MS for early, late in itertools.pairwise(chunks))
    assert source.losses["overlapping"] > 10


def test_a_feeder_that_lies_about_its_rate_is_not_believed() -> None:
    source, feeder = fed()
    pcm = sound(8.0, 48_000)  # and calls it 16 kHz
    for n in range(400):
        feeder.send(pcm[n * 960 : (n + 1) * 960], START_NS + n * 20 * MS, 16_000, measured=False)
    assert source.losses["false_rate"] == 1


def header(**changed: object) -> bytes:
    known: dict[str, object] = {
        "session": "one",
        "seq": 0,
        "pts_ns": START_NS,
        "measured": True,
        "sample_rate_hz": 16_000,
        "channels": 1,
    }
    return msgspec.json.encode(known | changed)


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [AUDIO_TOPIC],
        [AUDIO_TOPIC, header()],
        [AUDIO_TOPIC, header(), b"\0\0", b""],
        [AUDIO_TOPIC, b"", b"\0\0"],
        [AUDIO_TOPIC, b"\xff\xfe", b"\0\0"],
        [AUDIO_TOPIC, header(session="?").replace(b"?", b"\xa7"), b"\0\0"],
        [AUDIO_TOPIC, b"[" * 100_000, b"\0\0"],
        [AUDIO_TOPIC, b"{}", b"\0\0"],
        [AUDIO_TOPIC, header(seq=-1), b"\0\0"],
        [AUDIO_TOPIC, header(pts_ns="now"), b"\0\0"],
        [AUDIO_TOPIC, header(pts_ns=1.5), b"\0\0"],
        [AUDIO_TOPIC, header(sample_rate_hz=1), b"\0\0"],
        [AUDIO_TOPIC, header(channels=0), b"\0\0"],
        [AUDIO_TOPIC, header(), b""],
        [AUDIO_TOPIC, header(), b"\0"],
        [AUDIO_TOPIC, header(channels=2), b"\0\0"],
        [AUDIO_TOPIC, header(), bytes(2 * 160_001)],
    ],
    ids=range(18),
)
def test_what_is_no_message_is_counted(frames: list[bytes]) -> None:
    source, _ = fed()
    assert FeedReader(AudioHeader, source.losses).read(frames, START_NS) is None
    assert source.losses == {"malformed": 1}


@given(frames=st.lists(st.binary(max_size=200), max_size=5), fields=st.dictionaries(st.text(max_size=9), st.integers()))
def test_whatever_comes_is_taken_or_counted(frames: list[bytes], fields: dict[str, int]) -> None:
    source, _ = fed()
    reader = FeedReader(AudioHeader, source.losses)
    for received in (reader.read(frames, 0), reader.read([AUDIO_TOPIC, header(**fields), *frames[:1]], START_NS)):
        if received is not None:
            source.push(received)


def test_a_number_that_has_been_passed_is_left_out() -> None:
    source, feeder = fed()
    chunks = send_all(feeder, sound(0.32, 16_000), 16_000, [512])
    feeder.seq = 5
    assert feeder.send(sound(0.032, 16_000), START_NS + 320 * MS, 16_000) == []
    assert len(chunks) == 10
    assert source.losses == {"out_of_order": 1}


@pytest.mark.parametrize("off_s", [-61, 2, 1_700_000_000], ids=["long ago", "yet to come", "the calendar's"])
def test_a_moment_by_another_clock_is_left_out(off_s: int) -> None:
    source, _ = fed()
    reader = FeedReader(AudioHeader, source.losses)
    frames = [AUDIO_TOPIC, header(pts_ns=START_NS + off_s * NS_PER_S), b"\0\0"]
    assert reader.read(frames, START_NS) is None
    assert source.losses == {"off_clock": 1}
    after = reader.read([AUDIO_TOPIC, header(seq=1), b"\0\0"], START_NS)
    assert after is not None
    assert not after.follows


def pictures(source: FedVideo, times_ms: Sequence[int], size: tuple[int, int] = (4, 2)) -> Iterator[VideoFrame]:
    """The frames made of pictures taken at these times, each of one grey."""
    width, height = size
    for seq, time_ms in enumerate(times_ms):
        sent = VideoHeader(session="one", seq=seq, pts_ns=START_NS + time_ms * MS, width=width, height=height)
        yield from source.push(Received(sent, bytes([seq]) * (3 * width * height), follows=True))


def test_pictures_keep_their_moment_and_are_thinned_evenly() -> None:
    source = FedVideo(ADDRESS, ManualClock(), rate_hz=10)
    frames = list(pictures(source, range(0, 1000, 20)))
    assert len(frames) == pytest.approx(10, abs=1)
    assert [frame.seq for frame in frames] == list(range(len(frames)))
    assert all(frame.pts_ns == START_NS + int(frame.rgb[0, 0, 0]) * 20 * MS for frame in frames)
    assert frames[0].rgb.shape == (2, 4, 3)


def test_large_pictures_are_scaled_down() -> None:
    [frame] = pictures(FedVideo(ADDRESS, ManualClock()), [0], size=(1280, 720))
    assert frame.rgb.shape == (360, 640, 3)


def test_a_picture_taken_before_the_last_is_left_out() -> None:
    source = FedVideo(ADDRESS, ManualClock(), rate_hz=60)
    assert [int(frame.rgb[0, 0, 0]) for frame in pictures(source, [0, 100, 50, 100, 200])] == [0, 1, 4]
    assert source.losses == {"out_of_order": 2}


@pytest.mark.parametrize(("width", "height", "size"), [(2, 2, 11), (3000, 1000, 9_000_000), (2, 2, 0)])
def test_what_is_no_picture_is_counted(width: int, height: int, size: int) -> None:
    source = FedVideo(ADDRESS, ManualClock())
    sent = VideoHeader(session="one", seq=0, pts_ns=START_NS, width=width, height=height)
    frames = [VIDEO_TOPIC, msgspec.json.encode(sent), bytes(size)]
    assert FeedReader(VideoHeader, source.losses).read(frames, START_NS) is None
    assert source.losses == {"malformed": 1}


@pytest.mark.parametrize(
    "address", ["tcp://192.168.0.7:5738", "tcp://0.0.0.0:5738", "ipc://relative", "tcp://localhost"]
)
def test_a_feed_from_elsewhere_is_refused(address: str) -> None:
    with pytest.raises(CaptureError, match="cannot be fed") as caught:
        check_feed(address)
    assert caught.value.problem is Problem.UNSUPPORTED
    with pytest.raises(CaptureError, match="cannot be fed"):
        FedVideo(address, ManualClock())


@pytest.mark.parametrize(
    ("device", "named"),
    [("ipc:///a", True), ("tcp://[::1]:5", True), ("rtsp://camera", False), ("/dev/video0", False), (0, False)],
)
def test_a_feed_is_known_by_its_address(device: str | int, named: bool) -> None:
    assert is_feed(device) is named

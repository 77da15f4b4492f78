from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.processes.wire import Absorbed, Bound, Condition, Ended, Pulse, Told, Value, pack, pack_apart, unpack
from deadpan.messages import Pace, WorkerHealth
from encoders.samples import AudioChunk, Cue, Embedding, Interval, Modality, Reading, Transcript, VideoFrame, Word

PCM = np.linspace(-1, 1, 160, dtype=np.float32)
WORD = Word("great…", Interval(5, 9), 0.75, "estimated")
READING = Reading(0.8, -0.2, (Cue("flat_pitch", Modality.VOICE, -1.4, 0.12),))

SCALAR: list[Value] = [
    Transcript(3, 2, Interval(0, 9), (WORD,), (), final=False),
    Bound(Modality.TEXT, 12_345_678_901_234),
    Ended("camera"),
    Pulse("face", "running", 12, 3.5, {"sent": 4}, "because", 0.5),
    Condition({"face": WorkerHealth(state="failed", reason="no model", counters={"sent": 3})}),
    Absorbed("speech", 12, 14.5),
    Absorbed("speech", 12, 14.5, 1.5),
    Told(b'{"type":"event"}'),
    Condition({}, Pace(level=1, step_s=1.0, face_rate_hz=15.0), "speech was late"),
]
SAMPLES: list[Value] = [
    VideoFrame(1, 2, np.arange(24, dtype=np.uint8).reshape(2, 4, 3)),
    AudioChunk(1, 2, 16_000, PCM),
    Embedding(1, Modality.VOICE, Interval(0, 9), PCM, 0.9, READING),
]
FRAMES = st.sampled_from([pack(value) for value in SCALAR + SAMPLES])


def _name(value: Value) -> str:
    return type(value).__name__


@pytest.mark.parametrize("value", SCALAR, ids=_name)
def test_values_arrive_as_they_were_sent(value: Value) -> None:
    assert unpack(pack(value)) == value


@pytest.mark.parametrize("rgb", [SAMPLES[0].rgb, SAMPLES[0].rgb[::-1, ::2]])  # type: ignore[union-attr]  # a frame
def test_a_frame_arrives_with_its_picture_contiguous_or_not(
    rgb: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> None:
    arrived = unpack(pack(VideoFrame(7, 8, rgb)))
    assert isinstance(arrived, VideoFrame)
    assert (arrived.seq, arrived.pts_ns) == (7, 8)
    assert arrived.rgb.dtype == np.uint8
    np.testing.assert_array_equal(arrived.rgb, rgb)


@pytest.mark.parametrize("rgb", [SAMPLES[0].rgb, SAMPLES[0].rgb[::-1, ::2]])  # type: ignore[union-attr]  # a frame
def test_a_picture_apart_is_copied_by_nobody_and_changed_by_nobody(
    rgb: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> None:
    head, pixels = pack_apart(VideoFrame(7, 8, rgb))
    assert isinstance(head, bytes)
    assert isinstance(pixels, memoryview)
    assert np.shares_memory(np.frombuffer(pixels, np.uint8), rgb) == rgb.flags.c_contiguous
    arrived = unpack(head, pixels)
    assert isinstance(arrived, VideoFrame)
    assert (arrived.seq, arrived.pts_ns) == (7, 8)
    np.testing.assert_array_equal(arrived.rgb, rgb)
    assert np.shares_memory(arrived.rgb, np.frombuffer(pixels, np.uint8))
    assert not arrived.rgb.flags.writeable


@pytest.mark.parametrize("value", SCALAR, ids=_name)
def test_what_is_no_picture_is_one_frame(value: Value) -> None:
    (frame,) = pack_apart(value)
    assert frame == pack(value)
    with pytest.raises(ValueError, match="1 frames more than"):
        unpack(pack(value), memoryview(b"more"))


@pytest.mark.parametrize("apart", [[b""], [b"too few bytes"], [bytes(4000)] * 2], ids=["none", "too few", "too many"])
def test_a_picture_apart_from_other_bytes_than_its_own_is_refused(apart: list[bytes]) -> None:
    head, _ = pack_apart(SAMPLES[0])
    with pytest.raises(ValueError, match=r"reshape|frames more than"):
        unpack(bytes(head), *[memoryview(each) for each in apart])


@given(st.lists(st.floats(width=32)))
def test_audio_arrives_bit_for_bit(samples: list[float]) -> None:
    pcm = np.array(samples, np.float32)
    arrived = unpack(pack(AudioChunk(1, 2, 16_000, pcm)))
    assert isinstance(arrived, AudioChunk)
    assert arrived.pcm.dtype == np.float32
    assert arrived.pcm.tobytes() == pcm.tobytes()


@pytest.mark.parametrize("reading", [None, READING])
def test_an_embedding_arrives_with_its_reading(reading: Reading | None) -> None:
    arrived = unpack(pack(Embedding(1, Modality.VOICE, Interval(0, 9), PCM, 0.9, reading)))
    assert isinstance(arrived, Embedding)
    assert (arrived.modality, arrived.interval, arrived.confidence) == (Modality.VOICE, Interval(0, 9), 0.9)
    assert arrived.reading == reading
    np.testing.assert_array_equal(arrived.vector, PCM)


def test_numbers_of_numpy_travel_as_numbers() -> None:
    arrived = unpack(pack(Bound(Modality.FACE, np.int64(5))))  # type: ignore[arg-type]  # what an encoder may well send
    assert arrived == Bound(Modality.FACE, 5)


def test_what_is_no_value_of_ours_does_not_travel() -> None:
    with pytest.raises(NotImplementedError, match="object does not travel"):
        pack(Ended(object()))  # type: ignore[arg-type]  # the mistake is the test


@given(st.binary())
def test_random_bytes_are_damaged(frame: bytes) -> None:
    with pytest.raises(ValueError, match=r"damaged|unknown kind"):
        unpack(frame)


@given(st.sampled_from(b"VAETBXFPLC"), st.binary())
def test_random_bytes_of_a_known_kind_are_damaged(kind: int, rest: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        unpack(bytes([kind]) + rest)


@given(FRAMES, st.data())
@settings(max_examples=50)
def test_a_frame_cut_short_is_damaged(frame: bytes, data: st.DataObject) -> None:
    with pytest.raises(ValueError, match=r"damaged|unknown kind"):
        unpack(frame[: data.draw(st.integers(0, len(frame) - 1))])


@given(FRAMES, st.data())
def test_a_frame_with_a_byte_changed_is_a_value_or_damaged_and_nothing_worse(frame: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(frame) - 1))
    try:
        unpack(frame[:at] + bytes([data.draw(st.integers(0, 255))]) + frame[at + 1 :])
    except ValueError as error:
        assert str(error)  # noqa: PT017 - that nothing else is raised is the test


@pytest.mark.parametrize(
    "rgb",
    [
        None,
        5,
        ["|u1"],
        ["|u1", [2, 2], b"123"],
        ["|u1", "ab", b"1234"],
        ["|u1", [2**40, 2**40], b""],
        ["O", [1], b"12345678"],
        ["f4,(", [1], b"1234"],
        ["V0", [1], b"1234"],
        ["|u1", [4], "1234"],
        ["", [4], b"1234"],
    ],
    ids=str,
)
def test_an_array_that_is_none_is_damaged(rgb: object) -> None:
    with pytest.raises(ValueError, match="a damaged VideoFrame frame"):
        unpack(b"V" + msgspec.msgpack.encode({"seq": 1, "pts_ns": 2, "rgb": rgb}))


def test_a_frame_nested_without_end_is_damaged() -> None:
    with pytest.raises(ValueError, match="a damaged Condition frame"):
        unpack(b"C\x81\xa1x" + b"\x91" * 100_000)


def test_a_value_that_breaks_its_own_rule_is_damaged() -> None:
    with pytest.raises(ValueError, match=r"damaged Transcript frame: interval ends \(0\) before it starts \(9\)"):
        unpack(
            pack(SCALAR[0])
            .replace(b"\xa6end_ns\x09", b"\xa6end_ns\x00", 1)
            .replace(b"start_ns\x00", b"start_ns\x09", 1)
        )

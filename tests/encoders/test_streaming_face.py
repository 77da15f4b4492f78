"""The face stream is the same however it is continued, broken off or begun again: one picture is its unit."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from encoders.face import FaceEncoder, FaceModel
from encoders.head import Head
from encoders.samples import Embedding, VideoFrame

FACES = Path(__file__).parents[3] / "shared" / "data" / "faces"
MS = 1_000_000


class FollowedFace:
    """Landmarks made of a picture's colour and, as of a face that is followed, of the picture before. Black: none."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None

    def locate(self, rgb: NDArray[np.uint8], /) -> NDArray[np.float32] | None:
        if not rgb.any():
            self._before = None
            return None
        drawn = np.random.default_rng(int(rgb[0, 0, 0])).uniform(0, 100, (478, 3)).astype(np.float32)
        self._before = drawn if self._before is None else 0.5 * (self._before + drawn)
        return self._before

    def restart(self) -> None:
        self._before = None


@pytest.fixture(scope="module")
def shipped() -> FaceModel:
    return FaceModel.load()


def _encoder(shipped: FaceModel) -> FaceEncoder:
    return FaceEncoder(FaceModel(FollowedFace(), shipped.expression, shipped.scale, shipped.head))


def _frame(seq: int, pts_ms: int, colour: int) -> VideoFrame:
    return VideoFrame(seq, pts_ms * MS, np.full((2, 2, 3), colour, np.uint8))


def _as_bytes(embeddings: list[Embedding]) -> list[tuple[object, ...]]:
    return [(e.seq, e.interval, e.vector.tobytes(), e.confidence, e.reading) for e in embeddings]


def _encode(encoder: FaceEncoder, frames: list[VideoFrame]) -> list[tuple[object, ...]]:
    pushed = [embedding for frame in frames for embedding in encoder.push(frame)]
    return _as_bytes([*pushed, *encoder.flush()])


@st.composite
def films(draw: st.DrawFn) -> list[VideoFrame]:
    """Pictures at uneven times, some not later than the one before; colour 0 is a picture without a face."""
    at_ms = draw(st.integers(0, 100))
    steps = st.tuples(st.sampled_from([66, 66, 67, 33, 1, 200, 900, 0, -40]), st.sampled_from([0, 1, 2, 3, 4, 5]))
    frames = []
    for seq, (step_ms, colour) in enumerate(draw(st.lists(steps, min_size=1, max_size=40))):
        at_ms = max(0, at_ms + step_ms)
        frames.append(_frame(seq, at_ms, colour))
    return frames


@given(films(), st.integers(0, 40))
@settings(max_examples=25)
def test_later_pictures_never_change_what_was_returned(shipped: FaceModel, film: list[VideoFrame], kept: int) -> None:
    whole, part = _encode(_encoder(shipped), film), _encode(_encoder(shipped), film[:kept])
    assert whole[: len(part)] == part


@given(films(), films())
@settings(max_examples=25)
def test_a_reset_stream_is_a_new_one_whatever_it_saw_before(
    shipped: FaceModel, before: list[VideoFrame], film: list[VideoFrame]
) -> None:
    encoder = _encoder(shipped)
    _encode(encoder, before)
    encoder.reset()
    assert _encode(encoder, film) == _encode(_encoder(shipped), film)


@given(films(), films())
@settings(max_examples=25)
def test_two_streams_side_by_side_do_not_touch_each_other(
    shipped: FaceModel, one: list[VideoFrame], other: list[VideoFrame]
) -> None:
    encoders = _encoder(shipped), _encoder(shipped)
    told: tuple[list[Embedding], list[Embedding]] = ([], [])
    for number in range(max(len(one), len(other))):
        for encoder, film, into in zip(encoders, (one, other), told, strict=True):
            into += [e for frame in film[number : number + 1] for e in encoder.push(frame)]
    assert [_as_bytes(each) for each in told] == [_encode(_encoder(shipped), film) for film in (one, other)]


@given(films())
@settings(max_examples=25)
def test_each_picture_later_than_the_last_has_one_embedding_from_its_own_time_on(
    shipped: FaceModel, film: list[VideoFrame]
) -> None:
    encoder = _encoder(shipped)
    latest_ns = -1
    for frame in film:
        starts = [embedding.interval.start_ns for embedding in encoder.push(frame)]
        assert starts == ([frame.pts_ns] if frame.pts_ns > latest_ns else [])
        latest_ns = max(latest_ns, frame.pts_ns)


def test_what_the_stream_remembers_does_not_grow(shipped: FaceModel) -> None:
    encoder = _encoder(shipped)
    held = []
    for seq in range(300):
        encoder.push(_frame(seq, 66 * seq, 1 + seq % 5))
        held.append(len(encoder.window._rows))
    assert max(held) == held[-1] <= 5000 // 66 + 1


@pytest.mark.skipif(not FACES.is_dir(), reason="the recorded faces are not at hand")
def test_a_real_face_broken_off_and_begun_again_is_the_same_to_the_bit(shipped: FaceModel) -> None:
    assert isinstance(shipped.head, Head)
    with av.open(str(FACES / "single_face.mp4")) as container:
        pictures = [
            frame.to_ndarray(format="rgb24") for frame, _ in zip(container.decode(video=0), range(24), strict=False)
        ]
    film = [VideoFrame(seq, (66 * seq + 5 * (seq % 3)) * MS, np.asarray(rgb)) for seq, rgb in enumerate(pictures)]
    whole = _encode(FaceEncoder(shipped), film)
    assert _encode(FaceEncoder(shipped), film[:13]) == whole[:13]
    blind = [VideoFrame(f.seq, f.pts_ns, np.zeros_like(f.rgb)) for f in film[13:]]
    assert _encode(FaceEncoder(shipped), film[:13] + blind)[:13] == whole[:13]
    encoder = FaceEncoder(shipped)
    _encode(encoder, film[5:])
    encoder.reset()
    assert _encode(encoder, film) == whole

"""The face stream: recorded faces where they are at hand, made-up landmarks otherwise."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.expression import POSE_DIMS, ExpressionModel, align, frame_points
from encoders.face import FACE_DIMS, FaceEncoder, FaceModel
from encoders.face_statistics import CHANNELS, FACE_STATISTICS, ChannelMap, ChannelScale
from encoders.samples import Embedding, VideoFrame

FACES = Path(__file__).parents[3] / "shared" / "data" / "faces"
SPACING_NS = 66_000_000

recorded = pytest.mark.skipif(not FACES.is_dir(), reason="the recorded faces are not at hand")


@pytest.fixture(scope="module")
def model() -> FaceModel:
    return FaceModel.load()


def read_frames(name: str, count: int) -> list[VideoFrame]:
    frames = []
    with av.open(str(FACES / name)) as container:
        for seq, frame in enumerate(container.decode(video=0)):
            if seq == count:
                break
            frames.append(VideoFrame(seq, seq * SPACING_NS, np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)))
    return frames


def encode(model: FaceModel, frames: list[VideoFrame]) -> list[Embedding]:
    encoder = FaceEncoder(model)
    return [embedding for frame in frames for embedding in encoder.push(frame)]


def black(seq: int, pts_ns: int, height: int = 120, width: int = 160) -> VideoFrame:
    return VideoFrame(seq, pts_ns, np.zeros((height, width, 3), np.uint8))


def as_bytes(embeddings: list[Embedding]) -> list[tuple[object, ...]]:
    return [(e.seq, e.interval, e.vector.tobytes(), e.confidence, e.reading) for e in embeddings]


@recorded
def test_the_face_is_followed_in_every_frame_and_read_after_a_second(model: FaceModel) -> None:
    embeddings = encode(model, read_frames("single_face.mp4", 20))
    assert [e.confidence for e in embeddings] == [1.0] * 20
    assert embeddings[0].reading is None
    assert embeddings[-1].reading is not None


@recorded
def test_no_face_gives_confidence_zero_and_a_zero_vector(model: FaceModel) -> None:
    for embedding in encode(model, read_frames("no_face.mp4", 5)):
        assert embedding.confidence == 0.0
        assert not embedding.vector.any()


@recorded
def test_a_laughing_photo_reads_as_a_smile(model: FaceModel) -> None:
    embedding = encode(model, read_frames("single_face.jpg", 1))[0]
    assert embedding.vector[FACE_DIMS.index("mouthSmileLeft")] > 0.5
    assert embedding.vector[FACE_DIMS.index("mouthFrownLeft")] < 0.2


@recorded
def test_a_new_stream_and_a_reset_one_start_alike(model: FaceModel) -> None:
    frames = read_frames("single_face.mp4", 4)
    encoder = FaceEncoder(model)
    first = [embedding for frame in frames for embedding in encoder.push(frame)]
    encoder.reset()
    again = [embedding for frame in frames for embedding in encoder.push(frame)]
    assert as_bytes(first) == as_bytes(again) == as_bytes(encode(model, frames))


@pytest.mark.parametrize("size", [(120, 160), (1, 1), (3, 200), (0, 0)])
def test_a_black_picture_of_any_size_has_no_face(model: FaceModel, size: tuple[int, int]) -> None:
    assert encode(model, [black(0, 0, *size)])[0].confidence == 0.0


def test_a_frame_not_later_than_the_last_is_ignored(model: FaceModel) -> None:
    embeddings = encode(model, [black(0, 100), black(1, 100), black(2, 50), black(3, 200)])
    assert [e.interval.start_ns for e in embeddings] == [100, 200]


def test_an_interval_lasts_as_long_as_the_last_spacing_but_at_most_200_ms(model: FaceModel) -> None:
    frames = [black(0, 0), black(1, 50_000_000), black(2, 1_000_000_000)]
    assert [e.interval.duration_ns for e in encode(model, frames)] == [66_666_666, 50_000_000, 200_000_000]


class StillFace:
    """A landmark model that always finds the same face."""

    def __init__(self, landmarks: NDArray[np.float32]) -> None:
        self._landmarks = landmarks

    def locate(self, rgb: NDArray[np.uint8], /) -> NDArray[np.float32] | None:
        del rgb
        return self._landmarks

    def restart(self) -> None:
        pass


def test_a_still_face_soon_shows_no_deviation_from_its_own_baseline(model: FaceModel) -> None:
    landmarks = np.random.default_rng(0).uniform(0, 100, (478, 3)).astype(np.float32)
    encoder = FaceEncoder(FaceModel(StillFace(landmarks), model.expression, model.scale, None))
    for seq in range(40 * 5):
        encoder.push(black(seq, seq * 200_000_000, 2, 2))
    measured = encoder.window.measure()
    assert measured is not None
    by_name = dict(zip((statistic.name for statistic in FACE_STATISTICS), measured.tolist(), strict=True))
    assert by_name["mouth_movement"] == pytest.approx(0.0, abs=1e-9)
    assert abs(by_name["smile"]) < 0.5


def test_the_vector_tells_how_far_the_face_is_from_its_own_baseline(model: FaceModel) -> None:
    landmarks = np.random.default_rng(0).uniform(0, 100, (478, 3)).astype(np.float32)
    encoder = FaceEncoder(FaceModel(StillFace(landmarks), model.expression, model.scale, None))
    first, *_, last = [e for seq in range(200) for e in encoder.push(black(seq, seq * 200_000_000, 2, 2))]
    deviations = FACE_DIMS.index("smile_sd")
    assert np.abs(first.vector[deviations:]).max() > 0.5
    assert np.abs(last.vector[deviations:]).max() < 0.2 * np.abs(first.vector[deviations:]).max()
    np.testing.assert_array_equal(first.vector[:deviations], last.vector[:deviations])


def test_coefficients_do_not_depend_on_where_the_face_is_or_how_large() -> None:
    expression = ExpressionModel.load()
    landmarks = np.random.default_rng(1).uniform(0, 100, (1, 478, 3)).astype(np.float32)
    np.testing.assert_allclose(expression.express(landmarks), expression.express(3.0 * landmarks + 40.0), atol=1e-3)
    assert frame_points(landmarks[:, :146, :2]).shape == (1, 292)


@pytest.mark.parametrize(("axis", "name"), [(1, "head_yaw"), (2, "head_roll")])
def test_turning_the_head_moves_only_that_angle(axis: int, name: str) -> None:
    expression = ExpressionModel.load()
    angle = np.radians(20.0)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array(
        [[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]] if axis == 1 else [[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]]
    )
    face = np.zeros((478, 3))
    face[list(rigid_points())] = expression.rigid
    names = expression.names + POSE_DIMS
    angles = dict(zip(names, expression.describe((face @ turn).astype(np.float32)).tolist(), strict=True))
    for other in ("head_yaw", "head_pitch", "head_roll"):
        expected = 20.0 if other == name else 0.0
        assert abs(angles[other]) == pytest.approx(expected, abs=0.1)


def rigid_points() -> tuple[int, ...]:
    from encoders.expression import RIGID

    return RIGID


def test_alignment_undoes_turning_scaling_and_moving() -> None:
    expression = ExpressionModel.load()
    face = np.random.default_rng(2).normal(size=(478, 3))
    face[list(rigid_points())] = expression.rigid
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    aligned, _ = align((5.0 * face @ turn + 30.0).astype(np.float32), expression.rigid)
    np.testing.assert_allclose(aligned, face, atol=1e-4)


def test_channels_average_left_and_right_and_keep_their_difference() -> None:
    vector = np.zeros(len(FACE_DIMS), np.float32)
    vector[FACE_DIMS.index("mouthSmileLeft")] = 0.8
    channels = dict(zip(CHANNELS, ChannelMap(FACE_DIMS).pick(vector).tolist(), strict=True))
    assert channels["smile"] == pytest.approx(0.4)
    assert channels["one_sided"] == pytest.approx(0.8)


def test_the_shipped_scale_fits_the_channels() -> None:
    scale = ChannelScale.load()
    assert scale.mean.shape == scale.spread.shape == (len(CHANNELS),)
    assert (scale.spread > 0).all()

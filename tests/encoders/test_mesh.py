"""Landmarks as MediaPipe hands them over."""

from __future__ import annotations

import numpy as np
import pytest
from mediapipe.framework.formats.landmark_pb2 import NormalizedLandmark, NormalizedLandmarkList

from encoders.mesh import LANDMARKS, points_in


def written(points: np.ndarray[tuple[int, int], np.dtype[np.float32]], **more: float) -> bytes:
    """Points [n, 3] as protobuf writes them."""
    landmarks = [NormalizedLandmark(x=x, y=y, z=z, **more) for x, y, z in points.tolist()]
    return bytes(NormalizedLandmarkList(landmark=landmarks).SerializeToString())


def test_landmarks_are_read_as_protobuf_itself_reads_them() -> None:
    points = np.random.default_rng(0).normal(size=(LANDMARKS, 3)).astype(np.float32)
    points[7] = 0.0  # written all the same
    np.testing.assert_array_equal(points_in(written(points)), points)


@pytest.mark.parametrize(
    ("count", "more"),
    [(LANDMARKS - 10, {}), (LANDMARKS, {"visibility": 1.0}), (LANDMARKS - 10, {"presence": 0.5})],
    ids=["fewer", "with more to each", "fewer, with more"],
)
def test_landmarks_laid_out_otherwise_are_refused(count: int, more: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="mediapipe's landmarks are laid out as"):
        points_in(written(np.ones((count, 3), np.float32), **more))

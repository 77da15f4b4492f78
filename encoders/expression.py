"""Face landmarks in, named expression coefficients, gaze and head pose out.

The coefficients carry ARKit's blendshape names. A small network on the landmarks gives them, distilled from
MediaPipe's own blendshape model (see training/delivery/blendshapes.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.shipped import shipped

# Points on bone: they move with the head and hardly with the expression.
RIGID = (
    *(10, 338, 297, 332, 284, 251, 109, 67, 103, 54, 21, 168, 6),
    *(197, 195, 5, 4, 33, 263, 133, 362, 127, 356, 234, 454),
)
# The points an expression moves: those that the blendshape model reads (face_blendshapes_graph.cc in MediaPipe).
POINTS = (
    *(0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55),
    *(58, 61, 63, 65, 66, 67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109),
    *(127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163),
    *(168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276, 282, 283),
    *(284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321, 323, 324, 332, 334),
    *(336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387, 388, 389),
    *(390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477),
)
POSE_DIMS = ("gaze_x", "gaze_y", "head_yaw", "head_pitch", "head_roll")

_EYES = ((33, 133, 468), (362, 263, 473))  # corner, corner, iris centre
_RIGID, _POINTS = np.array(RIGID), np.array(POINTS)


@dataclass(frozen=True, slots=True)
class ExpressionModel:
    """Fully connected layers with relu between them; the last one's output is clipped to [0, 1].

    `rigid` [25, 3] holds the RIGID points of the mean face, frontal, of unit size. `layers` are pairs of weights [in,
    out] and bias [out]; the first takes the POINTS, centred and scaled to unit size, x and y only, flattened [292].
    """

    names: tuple[str, ...]
    rigid: NDArray[np.float64]
    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]

    @classmethod
    def load(cls) -> ExpressionModel:
        """The shipped weights."""
        with (
            shipped("encoders", "face_expression.npz") as folder,
            np.load(folder / "face_expression.npz", allow_pickle=False) as stored,
        ):
            count = sum(name.startswith("weights_") for name in stored)
            layers = tuple((stored[f"weights_{i}"], stored[f"bias_{i}"]) for i in range(count))
            return cls(tuple(stored["names"].tolist()), stored["rigid"].astype(np.float64), layers)

    def describe(self, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Coefficients in [0, 1] in the order of `names`, then POSE_DIMS, for landmarks [478, 3] in pixels.

        Gaze is in half eye widths from the middle of the eye, right and up of the picture positive; yaw, pitch and roll
        are in degrees: face turned to the picture's right, up, and head leaning clockwise in the picture positive.
        """
        aligned, rotation = align(landmarks, self.rigid)
        coefficients = self.express(landmarks[None])[0]
        return np.concatenate([coefficients, measure_gaze(aligned), measure_pose(rotation)], dtype=np.float32)

    def express(self, landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
        """Coefficients [n, names] for landmarks [n, 478, 3]."""
        activity = frame_points(landmarks[:, _POINTS, :2])
        for i, (weights, bias) in enumerate(self.layers):
            activity = (np.maximum(activity, 0.0) if i else activity) @ weights + bias
        return np.clip(activity, 0.0, 1.0)


def frame_points(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points [n, 146, 2] in pixels, centred, scaled to unit size and flattened: what the network takes [n, 292]."""
    centred = points - points.mean(axis=1, keepdims=True)
    size = np.sqrt(np.square(centred).sum(axis=2).mean(axis=1))
    framed = centred / np.maximum(size, 1e-9)[:, None, None]
    return np.asarray(framed.reshape(len(points), -1), np.float32)


def align(
    landmarks: NDArray[np.float32], rigid: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Landmarks [478, 3] turned, scaled and moved so that their RIGID points fit `rigid` [25, 3], and the rotation
    [3, 3] used.

    Least squares over similarities (Umeyama 1991); aligned = scale * (landmarks - centre) @ rotation.
    """
    source = landmarks[_RIGID].astype(np.float64)
    centre, aim = source.sum(axis=0) / len(source), rigid.sum(axis=0) / len(rigid)
    spanned = source - centre
    left, spread, right = np.linalg.svd(spanned.T @ (rigid - aim))
    turn = np.array([1.0, 1.0, _handedness(left @ right)])
    rotation = (left * turn) @ right
    scale = float(spread @ turn) / max(float(np.square(spanned).sum()), 1e-12)
    return scale * (landmarks - centre) @ rotation + aim, rotation


def _handedness(matrix: NDArray[np.float64]) -> float:
    """The sign of the determinant of [3, 3]: -1 where it mirrors."""
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    return math.copysign(1.0, a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))


def measure_gaze(aligned: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean offset [2] of the irises from the middle of the eye corners, in half eye widths; right and up positive."""
    offsets = []
    for eye in _EYES:
        (first_x, first_y), (second_x, second_y), (iris_x, iris_y) = aligned[list(eye), :2].tolist()
        half = max(math.hypot(second_x - first_x, second_y - first_y) / 2.0, 1e-9)
        offsets.append(((iris_x - (first_x + second_x) / 2.0) / half, (iris_y - (first_y + second_y) / 2.0) / half))
    (left_x, left_y), (right_x, right_y) = offsets
    return np.array([(left_x + right_x) / 2.0, -(left_y + right_y) / 2.0])


def measure_pose(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Yaw, pitch and roll [3] in degrees of the rotation that takes the observed face to the frontal one."""
    (x, _, backward_x), (y, _, backward_y), (_, _, backward_z) = rotation.tolist()
    yaw = math.atan2(-backward_x, backward_z)
    pitch = math.asin(max(-1.0, min(1.0, backward_y)))
    roll = math.atan2(y, x)
    return np.array([math.degrees(yaw), math.degrees(pitch), math.degrees(roll)])

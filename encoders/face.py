"""Video frames in, one face embedding per frame out, with the face head's reading.

The vector (FACE_DIMS) holds raw coefficients, so that a subscriber may read them by name, then their channels relative
to the person's own running baseline (exponential, 20 s, starting from the training clips' mean): what the head sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.expression import POSE_DIMS, ExpressionModel
from encoders.face_statistics import DEVIATION_DIMS, FACE_STATISTICS, ChannelMap, ChannelScale, FaceWindow
from encoders.head import Head
from encoders.mesh import FaceMeshLandmarks, LandmarkModel
from encoders.recent import Recent
from encoders.samples import NS_PER_S, Embedding, Interval, Modality, Reading, VideoFrame

NOMINAL_SPACING_NS = NS_PER_S // 15
LONGEST_SPACING_NS = NS_PER_S // 5

FACE_DIMS = (
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "eyeBlinkLeft",
    "eyeBlinkRight",
    "eyeLookDownLeft",
    "eyeLookDownRight",
    "eyeLookInLeft",
    "eyeLookInRight",
    "eyeLookOutLeft",
    "eyeLookOutRight",
    "eyeLookUpLeft",
    "eyeLookUpRight",
    "eyeSquintLeft",
    "eyeSquintRight",
    "eyeWideLeft",
    "eyeWideRight",
    "jawLeft",
    "jawOpen",
    "jawRight",
    "mouthClose",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthFunnel",
    "mouthLeft",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthPucker",
    "mouthRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    *POSE_DIMS,
    *DEVIATION_DIMS,
)


@dataclass(frozen=True, slots=True)
class FaceModel:
    """The landmark model, the expression model, and the channels' scale and the face head.

    The landmark model follows a face from picture to picture, so a face model serves one stream at a time.
    """

    landmarks: LandmarkModel
    expression: ExpressionModel
    scale: ChannelScale
    head: Head | None

    @classmethod
    def load(cls) -> FaceModel:
        """The shipped weights. Raises ValueError when they were trained for other dimensions or statistics."""
        expression = ExpressionModel.load()
        if expression.names + POSE_DIMS + DEVIATION_DIMS != FACE_DIMS:
            raise ValueError(f"the expression model gives {expression.names}")
        head = Head.load(Modality.FACE, FACE_STATISTICS, FACE_DIMS)
        return cls(FaceMeshLandmarks(), expression, ChannelScale.load(), head)


class FaceEncoder:
    """One camera's stream. An instance of `Encoder[VideoFrame]`."""

    modality = Modality.FACE
    dim = len(FACE_DIMS)

    def __init__(self, model: FaceModel) -> None:
        self._model = model
        self._channels = ChannelMap(FACE_DIMS)
        self._window = FaceWindow(model.scale)
        self._recent = Recent(len(FACE_DIMS))
        self._seq = 0
        self._last_ns: int | None = None
        model.landmarks.restart()  # an earlier stream may have left a face behind

    @property
    def window(self) -> FaceWindow:
        """What the head reads; training measures it in the same way."""
        return self._window

    def push(self, frame: VideoFrame, /) -> Sequence[Embedding]:
        """One embedding, from the frame's time to the next one expected; none for a frame not later than the last.

        Confidence is 1 with a face, 0 (and a zero vector) without. Any picture size goes.
        """
        spacing_ns = NOMINAL_SPACING_NS
        if self._last_ns is not None:
            if frame.pts_ns <= self._last_ns:
                return ()
            spacing_ns = min(frame.pts_ns - self._last_ns, LONGEST_SPACING_NS)
        self._last_ns = frame.pts_ns
        landmarks = self._model.landmarks.locate(frame.rgb)
        seen = landmarks is not None
        vector = np.zeros(self.dim, np.float32)
        if landmarks is not None:
            vector[: -len(DEVIATION_DIMS)] = self._model.expression.describe(landmarks)
        channels = self._channels.pick(vector) if seen else None
        deviations = self._window.push(frame.pts_ns / NS_PER_S, spacing_ns / NS_PER_S, channels)
        vector[-len(DEVIATION_DIMS) :] = deviations
        reading = self._read(frame.pts_ns, vector if seen else None)
        interval = Interval(frame.pts_ns, frame.pts_ns + spacing_ns)
        embedding = Embedding(self._seq, self.modality, interval, vector, float(seen), reading)
        self._seq += 1
        return (embedding,)

    def _read(self, pts_ns: int, vector: NDArray[np.float32] | None) -> Reading | None:
        """What the head makes of the face up to this frame; None before a second of it was seen."""
        if self._model.head is None:
            return None
        self._recent.push(pts_ns, vector)
        measured = self._window.measure()
        return None if measured is None else self._model.head.read(measured, self._recent)

    def flush(self) -> Sequence[Embedding]:
        """Nothing is held back."""
        return ()

    def reset(self) -> None:
        self._model.landmarks.restart()
        self._window.reset()
        self._recent.reset()
        self._seq = 0
        self._last_ns = None

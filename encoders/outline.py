"""Face landmarks in, the lines that draw a face out: what eyes want of a face beside its scores, and no picture of it.

The strokes follow the contours of MediaPipe's face mesh. Left and right are the person's own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from encoders.mesh import LandmarkModel
from encoders.samples import Embedding, Outline

STROKES: dict[str, tuple[int, ...]] = {
    "face": (
        *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152),
        *(148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109, 10),
    ),
    "left_brow": (276, 283, 282, 295, 285, 336, 296, 334, 293, 300, 276),
    "right_brow": (46, 53, 52, 65, 55, 107, 66, 105, 63, 70, 46),
    "left_eye": (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466, 263),
    "right_eye": (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, 33),
    "left_iris": (474, 475, 476, 477, 474),
    "right_iris": (469, 470, 471, 472, 469),
    "nose": (168, 6, 197, 195, 5, 4),
    "nostrils": (98, 97, 2, 326, 327),
    "outer_lips": (
        *(61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
        *(409, 270, 269, 267, 0, 37, 39, 40, 185, 61),
    ),
    "inner_lips": (
        *(78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
        *(415, 310, 311, 312, 13, 82, 81, 80, 191, 78),
    ),
}
"""The landmarks along each line; one that comes back to where it began is closed."""
POINTS = sum(map(len, STROKES.values()))
_ORDER = np.array([landmark for stroke in STROKES.values() for landmark in stroke])


class OutlinedLandmarks:
    """A `LandmarkModel` that remembers what it found last. Beside a face encoder it gives each embedding's outline."""

    def __init__(self, model: LandmarkModel) -> None:
        self._model = model
        self._points = np.zeros((0, 2), np.float32)
        self._aspect = 1.0

    def locate(self, rgb: NDArray[np.uint8], /) -> NDArray[np.float32] | None:
        """See LandmarkModel."""
        found = self._model.locate(rgb)
        height, width = rgb.shape[:2]
        self._aspect = height / width if width else 1.0
        self._points = np.zeros((0, 2), np.float32) if found is None else found[_ORDER, :2] / np.float32(width)
        return found

    def restart(self) -> None:
        """See LandmarkModel."""
        self._model.restart()

    def outline(self, embedding: Embedding) -> Outline:
        """The face in the picture that the embedding was made of; without points where none was seen."""
        return Outline(embedding.interval.start_ns, self._aspect, self._points)

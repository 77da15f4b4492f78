"""What only eyes want, beside the encoders that find it by the way."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.contour import FRAME_NS, ContouredPitch
from encoders.mesh import LANDMARKS
from encoders.outline import POINTS, STROKES, OutlinedLandmarks
from encoders.pitch import PitchModel
from encoders.prosody import ProsodyEncoder, ProsodyModel
from encoders.samples import AudioChunk, Contour, Embedding, Interval, Modality

S = 1_000_000_000
RATE_HZ = 16_000


class Mesh:
    """Landmark n at (n, 2 n) in every picture that is not black."""

    def locate(self, rgb: NDArray[np.uint8], /) -> NDArray[np.float32] | None:
        n = np.arange(LANDMARKS, dtype=np.float32)
        return np.stack([n, 2 * n, 0 * n], axis=1) if rgb.any() else None

    def restart(self) -> None:
        """It follows nobody."""


def _embedding(start_ns: int = 0, end_ns: int = 1) -> Embedding:
    return Embedding(0, Modality.FACE, Interval(start_ns, end_ns), np.zeros(1, np.float32), 1.0)


def test_an_outline_is_the_landmarks_along_its_strokes_in_widths_of_the_picture() -> None:
    landmarks = OutlinedLandmarks(Mesh())
    landmarks.locate(np.ones((50, 100, 3), np.uint8))
    outline = landmarks.outline(_embedding(3, 9))
    assert (outline.pts_ns, outline.aspect, outline.points.shape) == (3, 0.5, (POINTS, 2))
    along = [landmark for stroke in STROKES.values() for landmark in stroke]
    assert np.allclose(outline.points, [(n / 100, 2 * n / 100) for n in along])


def test_a_picture_without_a_face_has_an_outline_without_points() -> None:
    landmarks = OutlinedLandmarks(Mesh())
    landmarks.locate(np.ones((50, 100, 3), np.uint8))
    landmarks.locate(np.zeros((50, 100, 3), np.uint8))
    assert landmarks.outline(_embedding()).points.shape == (0, 2)


def test_no_stroke_asks_for_a_landmark_that_there_is_not_and_each_fits_a_message() -> None:
    assert all(0 <= landmark < LANDMARKS for stroke in STROKES.values() for landmark in stroke)
    assert all(1 < len(stroke) <= 64 for stroke in STROKES.values())


def _heard(pcm: NDArray[np.float32], chunk: int) -> tuple[list[Embedding], list[Contour]]:
    model = ProsodyModel(PitchModel.load(), None, None)
    pitch = ContouredPitch(model.pitch)
    encoder = ProsodyEncoder(replace(model, pitch=pitch))
    made: list[Embedding] = []
    for seq, at in enumerate(range(0, len(pcm), chunk)):
        made += encoder.push(AudioChunk(seq, S + at * S // RATE_HZ, RATE_HZ, pcm[at : at + chunk]))
    return made, [pitch.contour(each) for each in made]


@pytest.fixture(scope="module")
def hum() -> NDArray[np.float32]:
    """A second of a voice at 200 Hz with overtones, then a second of nothing."""
    t = np.arange(RATE_HZ) / RATE_HZ
    voice = sum(np.sin(2 * np.pi * 200 * n * t) / n for n in range(1, 8)) * 0.1
    return np.asarray(np.concatenate([voice, np.zeros(RATE_HZ)]), np.float32)


def test_a_contour_follows_the_pitch_and_is_silent_where_nobody_speaks(hum: NDArray[np.float32]) -> None:
    _, contours = _heard(hum, 512)
    spoken = [c for c in contours if c.interval.start_ns > S + S // 5 and c.interval.end_ns < S + S * 4 // 5]
    pitch_hz = np.concatenate([each.pitch_hz for each in spoken])
    assert len(pitch_hz) > 20
    assert np.allclose(pitch_hz, 200, rtol=0.03)
    silent = np.concatenate([c.pitch_hz for c in contours if c.interval.start_ns > S + S * 5 // 4])
    assert len(silent) > 20
    assert not silent.any()


def test_contours_follow_one_another_without_a_gap_and_end_before_the_sound_they_came_with(
    hum: NDArray[np.float32],
) -> None:
    made, contours = _heard(hum, 512)
    assert len(made) == len(contours) == 20
    told = [each for each in contours if len(each.pitch_hz)]
    assert told[0].interval.start_ns == S
    assert all(abs(a.interval.end_ns - b.interval.start_ns) < 1000 for a, b in itertools.pairwise(told))
    assert all(len(each.pitch_hz) * FRAME_NS == each.interval.duration_ns for each in told)
    assert all(c.interval.end_ns < e.interval.end_ns for e, c in zip(made, contours, strict=True) if len(c.pitch_hz))


def test_the_encoder_hears_the_same_with_its_pitch_remembered_and_however_the_sound_was_cut(
    hum: NDArray[np.float32],
) -> None:
    bare = ProsodyEncoder(ProsodyModel(PitchModel.load(), None, None))
    alone = bare.push(AudioChunk(0, S, RATE_HZ, hum))
    for chunk in (512, 5000):
        made, contours = _heard(hum, chunk)
        assert [each.vector.tobytes() for each in made] == [each.vector.tobytes() for each in alone]
        assert (
            np.concatenate([each.pitch_hz for each in contours]).tobytes()
            == np.concatenate([each.pitch_hz for each in _heard(hum, len(hum))[1]]).tobytes()
        )

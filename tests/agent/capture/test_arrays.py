"""Arrays of other programs are taken as they are, or refused with what would do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.capture.arrays import picture_of, sound_of


@pytest.mark.parametrize(
    ("pcm", "expected"),
    [
        (np.array([0, 16384, -32768], np.int16), [[0.0], [0.5], [-1.0]]),
        (np.array([[0, 16384]], np.int16), [[0.0, 0.5]]),
        (np.array([0.25, -0.5], np.float32), [[0.25], [-0.5]]),
        (np.array([[0.25, -0.5]], np.float64), [[0.25, -0.5]]),
        (np.zeros(0, np.int16), np.zeros((0, 1))),
        (np.arange(6, dtype=np.int16)[::2] * 8192, [[0.0], [0.5], [1.0 - 2.0]]),
    ],
    ids=["int16", "int16 stereo", "float32", "float64 stereo", "nothing", "strided"],
)
def test_sound_of_any_kind_becomes_floats_by_channel(pcm: NDArray[Any], expected: Any) -> None:
    sound = sound_of(pcm, 16_000)
    assert sound.dtype == np.float32
    assert np.array_equal(sound, np.array(expected, np.float32))


@pytest.mark.parametrize(
    ("pcm", "rate_hz", "error", "said"),
    [
        (np.zeros(4, np.int32), 16_000, TypeError, r"int16 or floats, not int32 \[4\]"),
        (np.zeros(4, np.uint8), 16_000, TypeError, "int16 or floats, not uint8"),
        ([0.0, 0.1], 16_000, TypeError, "not list"),
        (b"\0\0", 16_000, TypeError, "not bytes"),
        (np.zeros((2, 3, 1), np.int16), 16_000, ValueError, "channels"),
        (np.zeros((4, 9), np.int16), 16_000, ValueError, r"1 to 8 channels\], not int16 \[4, 9\]"),
        (np.zeros((4, 0), np.int16), 16_000, ValueError, "channels"),
        (np.float32(1.0), 16_000, TypeError, "not float32"),
        (np.zeros(4, np.int16), 4_000, ValueError, "sample_rate_hz must be 8000 to 192000, not 4000"),
        (np.zeros(4, np.int16), 400_000, ValueError, "sample_rate_hz"),
    ],
)
def test_what_is_no_sound_is_refused(pcm: Any, rate_hz: int, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        sound_of(pcm, rate_hz)


def test_a_picture_is_taken_as_it_is() -> None:
    picture = np.zeros((2, 3, 3), np.uint8)
    assert picture_of(picture) is picture


@pytest.mark.parametrize(
    ("rgb", "error", "said"),
    [
        (np.zeros((2, 3, 3), np.float32), TypeError, r"uint8, not float32 \[2, 3, 3\]"),
        (b"rgb", TypeError, "not bytes"),
        (np.zeros((2, 3), np.uint8), ValueError, "RGB"),
        (np.zeros((2, 3, 4), np.uint8), ValueError, r"\[height, width, 3\], not uint8 \[2, 3, 4\]"),
        (np.zeros((0, 3, 3), np.uint8), ValueError, "RGB"),
    ],
)
def test_what_is_no_picture_is_refused(rgb: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        picture_of(rgb)

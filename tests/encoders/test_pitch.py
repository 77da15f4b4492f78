"""The pitch of made-up voices, beside the wheel's own stream."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from swift_f0 import SwiftF0

from encoders.pitch import FRAME, Pitch, PitchModel

RATE_HZ = 16_000
BOUNDS_HZ = (60.0, 600.0)


@pytest.fixture(scope="module")
def model() -> PitchModel:
    return PitchModel.load()


def voice(seconds: float, seed: int) -> NDArray[np.float32]:
    """A tone that wanders between 90 and 400 Hz, with noise, and with silence in its second quarter."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ)
    semitones = np.cumsum(random.normal(0.0, 0.02, count))
    pitch_hz = np.clip(180.0 * 2.0 ** (semitones / 12.0), 90.0, 400.0)
    sound = 0.3 * np.sin(2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ) + random.normal(0.0, 0.01, count)
    sound[count // 4 : count // 2] = 0.0
    return np.asarray(sound, np.float32)


def together(found: list[Pitch]) -> list[bytes]:
    return [
        np.concatenate([getattr(each, name) for each in found]).tobytes()
        for name in ("pitch_hz", "confidence", "loudness_db")
    ]


@pytest.mark.parametrize(("piece", "seed"), [(1600, 1), (1600, 2), (512, 3), (4001, 4)])
def test_the_frames_are_those_of_the_wheel_s_own_stream_to_the_byte(model: PitchModel, piece: int, seed: int) -> None:
    sound = voice(2.0, seed)
    stream, theirs = model.stream(*BOUNDS_HZ), SwiftF0(threads=1, spin=False).stream(*BOUNDS_HZ)
    found, expected = list[Pitch](), list[Pitch]()
    for first in range(0, len(sound), piece):
        found.append(stream.push(sound[first : first + piece]))
        told = theirs.push(sound[first : first + piece], RATE_HZ)
        expected.append(Pitch(found[-1].first, told.pitch_hz, told.confidence, told.loudness_db))
        assert len(found[-1].pitch_hz) == len(told.pitch_hz)
        assert not len(told.timestamps) or told.timestamps[0] == found[-1].first * (FRAME / RATE_HZ)
    assert together(found) == together(expected)


def test_a_buzz_is_found_where_it_is_and_silence_is_no_voice(model: PitchModel) -> None:
    time = np.arange(RATE_HZ) / RATE_HZ
    buzz = sum(0.1 * np.sin(2 * np.pi * 200.0 * harmonic * time) / harmonic for harmonic in range(1, 11))
    found = model.stream(*BOUNDS_HZ).push(np.concatenate([buzz, np.zeros(RATE_HZ)]).astype(np.float32))
    sung, silent = slice(10, 50), slice(70, None)
    assert found.pitch_hz[sung] == pytest.approx(200.0, rel=0.01)
    assert (found.confidence[sung] >= 0.5).all()
    assert found.loudness_db[sung] == pytest.approx(20 * np.log10(np.std(buzz)), abs=0.5)
    assert (found.confidence[silent] == 0.0).all()

"""Speech said another way: that what was asked for moved, by as much, and nothing else did."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("parselmouth", reason="the training extra is not installed")

from encoders.samples import NS_PER_S
from training.evaluate.manipulation import (
    Pcm,
    add_noise,
    amplify,
    chain,
    find_pauses,
    flatten_pitch,
    lengthen_pauses,
    make_room,
    measure_pitch,
    move_pitch,
    stretch,
)

RATE_HZ = 16_000


def buzz(pitch_hz: NDArray[np.float64]) -> Pcm:
    """A glottal buzz with three formants' worth of colour, following `pitch_hz` [samples]."""
    phase = np.cumsum(pitch_hz) / RATE_HZ
    waves = sum(np.sin(2 * np.pi * k * phase) / k for k in range(1, 12))
    return (0.1 * np.asarray(waves)).astype(np.float32)


@pytest.fixture(scope="module")
def voice() -> Pcm:
    """Two seconds that rise and fall between 110 and 160 Hz."""
    return buzz(135 + 25 * np.sin(2 * np.pi * 1.5 * np.arange(2 * RATE_HZ) / RATE_HZ))


@pytest.mark.parametrize("factor", [0.85, 1.088])
def test_pitch_moves_by_the_factor_and_time_stays(voice: Pcm, factor: float) -> None:
    moved = move_pitch(voice, factor)
    assert np.median(measure_pitch(moved.pcm)) == pytest.approx(factor * np.median(measure_pitch(voice)), rel=0.01)
    assert len(moved.pcm) == pytest.approx(len(voice), abs=RATE_HZ // 100)


def test_a_contour_half_as_wide_keeps_its_middle(voice: Pcm) -> None:
    def spread(pcm: Pcm) -> float:
        return float(np.log(measure_pitch(pcm)).std())

    flat = flatten_pitch(voice, 0.5).pcm
    assert spread(flat) == pytest.approx(0.5 * spread(voice), rel=0.1)
    assert spread(flatten_pitch(voice, 1.0).pcm) < 0.1 * spread(voice)
    assert np.median(measure_pitch(flat)) == pytest.approx(np.median(measure_pitch(voice)), rel=0.02)


def test_stretching_takes_longer_at_the_same_pitch(voice: Pcm) -> None:
    long = stretch(voice, 1.3)
    assert len(long.pcm) == pytest.approx(1.3 * len(voice), rel=0.01)
    assert np.median(measure_pitch(long.pcm)) == pytest.approx(np.median(measure_pitch(voice)), rel=0.02)
    assert long.move(np.array([NS_PER_S, 3 * NS_PER_S])) == pytest.approx([1.3 * NS_PER_S, 3.6 * NS_PER_S])


def test_pauses_grow_and_words_do_not(monkeypatch: pytest.MonkeyPatch, voice: Pcm) -> None:
    half = len(voice) // 2
    pcm = np.concatenate([voice[:half], np.zeros(RATE_HZ // 2, np.float32), voice[half:]])
    # A buzz is no speech to Silero, which finds pauses in recordings.
    monkeypatch.setattr("training.evaluate.manipulation.find_pauses", lambda _: [(1.0, 1.5)])
    paused = lengthen_pauses(pcm, 1.49)
    assert len(paused.pcm) / RATE_HZ == pytest.approx(2.5 + 0.49 * 0.5, abs=0.02)
    quiet = np.abs(paused.pcm[int(1.02 * RATE_HZ) : int(1.72 * RATE_HZ)])
    assert quiet.max() < 0.01
    moments_ns = np.array([0.5, 1.25, 2.0, 2.5]) * NS_PER_S
    assert paused.move(moments_ns.astype(np.int64)) / NS_PER_S == pytest.approx([0.5, 1.3725, 2.245, 2.745])


def test_changes_follow_each_other_in_sound_and_in_time(monkeypatch: pytest.MonkeyPatch, voice: Pcm) -> None:
    monkeypatch.setattr("training.evaluate.manipulation.find_pauses", lambda _: [(0.5, 1.0)])
    told = chain(voice, lambda pcm: lengthen_pauses(pcm, 2.0), lambda pcm: stretch(pcm, 1.3))
    assert len(told.pcm) / RATE_HZ == pytest.approx(1.3 * 2.5, abs=0.03)
    moments_ns = (np.array([0.25, 0.75, 1.5]) * NS_PER_S).astype(np.int64)
    assert told.move(moments_ns) / NS_PER_S == pytest.approx([1.3 * 0.25, 1.3 * 1.0, 1.3 * 2.0], abs=0.01)


def test_silence_has_no_pause_between_words_and_no_pitch_to_move() -> None:
    silence = np.zeros(RATE_HZ, np.float32)
    assert find_pauses(silence) == []
    assert np.array_equal(move_pitch(silence, 1.1).pcm, silence)
    assert np.array_equal(lengthen_pauses(silence, 1.5).pcm, silence)


def test_gain_never_clips(voice: Pcm) -> None:
    quiet = make_room(3 * voice, 6.0)
    loud = amplify(quiet, 6.0)
    assert np.abs(loud).max() <= 1.0
    assert 20 * np.log10(np.abs(loud).max() / np.abs(quiet).max()) == pytest.approx(6.0, abs=0.01)


def test_noise_lies_as_far_below_the_speech_as_asked(voice: Pcm) -> None:
    pcm = np.concatenate([voice, np.zeros_like(voice)])
    noise = add_noise(pcm, 20.0) - pcm
    speech_db = 10 * np.log10(float(np.square(voice).mean()))
    assert speech_db - 10 * np.log10(float(np.square(noise).mean())) == pytest.approx(20.0, abs=0.5)
    assert np.array_equal(add_noise(pcm, 20.0), add_noise(pcm, 20.0))

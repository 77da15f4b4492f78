"""A length of time in; silence, white noise and music of that length out, in which there is no word to be heard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.speech.corpora import Pcm
from encoders.speech.recognizer import SAMPLE_RATE_HZ

_Signal = NDArray[np.float64]

LEVELS_DB = (-50.0, -40.0, -30.0, -20.0, -12.0)
"""Root mean square of noise and music, in dB below full scale; each lasts a fifth of the whole."""
_ROOM_DB = -75.0
_BAR_S = 2.0
_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))  # C, A minor, F, G: semitones above middle C
_SCALE = (12, 14, 16, 19, 21, 24)  # C pentatonic
_MIDDLE_C_HZ = 261.63


@dataclass(frozen=True, slots=True)
class Speechless:
    """Sound without speech: float32 [n] at 16 kHz."""

    name: str
    pcm: Pcm


def speechless(minutes: float, *, seed: int = 3) -> Iterator[Speechless]:
    """Silence (half of it digital zeros, half a room at -75 dB), white noise, and music, each of so many minutes.

    Music is a progression of four chords of decaying tones with harmonics and vibrato, a melody picked from a
    pentatonic scale, bass and three drums (a falling sine, a noise burst, a hiss), in bars of two seconds.
    """
    chance = np.random.default_rng(seed)
    samples = round(minutes * 60 * SAMPLE_RATE_HZ)
    room = chance.standard_normal(samples - samples // 2)
    yield Speechless("silence", np.concatenate([np.zeros(samples // 2, np.float32), _at_level(room, _ROOM_DB)]))
    yield Speechless("white noise", _in_levels(chance.standard_normal(samples)))
    bars = [_bar(_CHORDS[bar % 4], chance) for bar in range(int(np.ceil(samples / (_BAR_S * SAMPLE_RATE_HZ))))]
    yield Speechless("music", _in_levels(np.concatenate(bars)[:samples]))


def _bar(chord: tuple[int, ...], chance: np.random.Generator) -> _Signal:
    length = round(_BAR_S * SAMPLE_RATE_HZ)
    sound = np.zeros(length)
    for semitones in chord:
        sound += 0.3 * _tone(semitones, _BAR_S)
    sound += 0.5 * _tone(chord[0] - 24, _BAR_S)
    beat = length // 8
    for eighth in range(8):
        start = eighth * beat
        if chance.random() < 0.7:
            _add(sound, start, 0.6 * _tone(int(chance.choice(_SCALE)), float(chance.choice([0.25, 0.5]))))
        if eighth % 4 == 0:
            _add(sound, start, _drum(chance, fall_hz=90.0, noise=0.0, last_s=0.2))
        if eighth % 4 == 2:
            _add(sound, start, 0.6 * _drum(chance, fall_hz=180.0, noise=1.0, last_s=0.15))
        _add(sound, start, 0.15 * _drum(chance, fall_hz=0.0, noise=1.0, last_s=0.04))
    return sound


def _tone(semitones: int, last_s: float) -> _Signal:
    """A decaying tone of six harmonics with a vibrato of 5 Hz."""
    at_s = np.arange(round(last_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    pitch_hz = _MIDDLE_C_HZ * 2 ** (semitones / 12)
    phase = 2 * np.pi * pitch_hz * at_s + 0.2 * np.sin(2 * np.pi * 5.0 * at_s)
    wave = np.sum([np.sin(phase * harmonic) / harmonic**1.5 for harmonic in range(1, 7)], axis=0)
    shaped: _Signal = wave * np.minimum(at_s / 0.01, 1.0) * np.exp(-1.5 * at_s / last_s)
    return shaped


def _drum(chance: np.random.Generator, *, fall_hz: float, noise: float, last_s: float) -> _Signal:
    at_s = np.arange(round(last_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    skin = np.sin(2 * np.pi * fall_hz * at_s * np.exp(-at_s / last_s))
    hit: _Signal = (skin + noise * chance.standard_normal(len(at_s))) * np.exp(-5 * at_s / last_s)
    return hit


def _add(sound: _Signal, start: int, part: _Signal) -> None:
    end = min(len(sound), start + len(part))
    sound[start:end] += part[: end - start]


def _in_levels(sound: _Signal) -> Pcm:
    parts = np.array_split(sound, len(LEVELS_DB))
    return np.concatenate([_at_level(part, level_db) for part, level_db in zip(parts, LEVELS_DB, strict=True)])


def _at_level(sound: _Signal, level_db: float) -> Pcm:
    gain = 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2))
    pcm: Pcm = np.clip(sound * gain, -1.0, 1.0).astype(np.float32)
    return pcm

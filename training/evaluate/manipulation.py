"""Speech in, the same words said another way out: pitch and time moved by PSOLA, pauses, gain and noise by themselves.

PSOLA is Praat's (pitch-synchronous overlap and add, Moulines & Charpentier 1990), asked through parselmouth. Sounds
are float32 [n] in [-1, 1], mono, 16 kHz. What moves time says where each moment has gone, so that a face can follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import parselmouth
from numpy.typing import NDArray
from parselmouth.praat import call

from encoders.samples import NS_PER_S
from encoders.speech.recognizer import SAMPLE_RATE_HZ
from encoders.speech.voice_activity import WINDOW_SAMPLES, Hysteresis, VoiceActivity

FLOOR_HZ, CEILING_HZ = 75.0, 500.0
LEAST_PAUSE_S = 0.15  # shorter silences are stops and affricates, part of words
FULL_SCALE = 0.99

_STEP_S = 0.01
_SHORTEST = round(3 / FLOOR_HZ * SAMPLE_RATE_HZ)  # three periods, or Praat finds no pitch
_CERTAIN_VOICE = Hysteresis(0.5, 0.35)  # Silero's own pair: what it doubts may be lengthened too

Pcm = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Retold:
    """A manipulated sound, and the knots of the piecewise linear way from the old time axis to the new."""

    pcm: Pcm
    old_s: NDArray[np.float64]
    new_s: NDArray[np.float64]

    @classmethod
    def in_place(cls, pcm: Pcm) -> Retold:
        """A sound that is where it was."""
        here = np.array([0.0, len(pcm) / SAMPLE_RATE_HZ])
        return cls(pcm, here, here)

    @property
    def moved(self) -> bool:
        """Whether anything is at another time than before."""
        return not np.array_equal(self.old_s, self.new_s)

    def move(self, times_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where moments of the old sound are in the new one; beyond its end time goes on as before."""
        times_s = times_ns / NS_PER_S
        moved_s = np.interp(times_s, self.old_s, self.new_s) + np.maximum(0.0, times_s - self.old_s[-1])
        return np.asarray(np.round(moved_s * NS_PER_S), np.int64)


def move_pitch(pcm: Pcm, factor: float) -> Retold:
    """Every pitch times `factor`; formants and time stay."""
    return _reshape(pcm, lambda tier: call(tier, "Multiply frequencies", 0, len(pcm) / SAMPLE_RATE_HZ, factor))


def flatten_pitch(pcm: Pcm, share: float) -> Retold:
    """The contour drawn towards its median, in semitones, by `share` of each distance: 1 is monotone."""

    def draw_in(tier: Any) -> None:
        count = int(call(tier, "Get number of points"))
        pitches_hz = [float(call(tier, "Get value at index", i + 1)) for i in range(count)]
        times_s = [float(call(tier, "Get time from index", i + 1)) for i in range(count)]
        if not count:
            return
        middle = float(np.median(np.log(pitches_hz)))
        call(tier, "Remove points between", 0, len(pcm) / SAMPLE_RATE_HZ)
        for time_s, pitch_hz in zip(times_s, pitches_hz, strict=True):
            call(tier, "Add point", time_s, float(np.exp(middle + (1 - share) * (np.log(pitch_hz) - middle))))

    return _reshape(pcm, draw_in)


def stretch(pcm: Pcm, factor: float) -> Retold:
    """All of it `factor` times as long; pitch and formants stay."""
    length_s = len(pcm) / SAMPLE_RATE_HZ
    return _retime(pcm, [(0.0, length_s)], factor)


def lengthen_pauses(pcm: Pcm, factor: float) -> Retold:
    """Each pause between two stretches of speech `factor` times as long; the speech stays as it is."""
    return _retime(pcm, find_pauses(pcm), factor)


def chain(pcm: Pcm, *changes: Callable[[Pcm], Retold]) -> Retold:
    """One change after the other."""
    told = Retold.in_place(pcm)
    for change in changes:
        changed = change(told.pcm)
        # A knot of the later change stands on the axis that the earlier ones made.
        knots_s = np.union1d(told.old_s, np.interp(changed.old_s, told.new_s, told.old_s))
        moved_s = np.interp(np.interp(knots_s, told.old_s, told.new_s), changed.old_s, changed.new_s)
        told = Retold(changed.pcm, knots_s, moved_s)
    return told


def find_pauses(pcm: Pcm) -> list[tuple[float, float]]:
    """Silences of at least LEAST_PAUSE_S between two stretches of speech, as (start, end) in seconds."""
    voice = VoiceActivity(_CERTAIN_VOICE)
    clipped = np.clip(pcm, -1.0, 1.0)
    starts = range(0, len(pcm) - WINDOW_SAMPLES + 1, WINDOW_SAMPLES)
    spoken = [start for start in starts if voice.push(clipped[start : start + WINDOW_SAMPLES])]
    return [
        ((before + WINDOW_SAMPLES) / SAMPLE_RATE_HZ, after / SAMPLE_RATE_HZ)
        for before, after in pairwise(spoken)
        if after - before - WINDOW_SAMPLES >= LEAST_PAUSE_S * SAMPLE_RATE_HZ
    ]


def make_room(pcm: Pcm, gain_db: float) -> Pcm:
    """The sound so quiet that `gain_db` more stays within full scale: clipping is another change than gain."""
    most = FULL_SCALE * 10 ** (-gain_db / 20)
    peak = float(np.abs(pcm).max(initial=0.0))
    return pcm if peak <= most else pcm * np.float32(most / peak)


def amplify(pcm: Pcm, gain_db: float) -> Pcm:
    """The sound `gain_db` louder, unclipped."""
    return pcm * np.float32(10 ** (gain_db / 20))


def add_noise(pcm: Pcm, snr_db: float, seed: int = 0) -> Pcm:
    """White noise `snr_db` below the power of the sound's louder half (its speech, whatever the pauses)."""
    frames = pcm[: len(pcm) // WINDOW_SAMPLES * WINDOW_SAMPLES].reshape(-1, WINDOW_SAMPLES)
    powers = np.sort(np.square(frames.astype(np.float64)).mean(axis=1))
    speech = float(powers[len(powers) // 2 :].mean()) if len(powers) else 0.0
    noise = np.random.default_rng(seed).normal(0.0, np.sqrt(speech * 10 ** (-snr_db / 10)), len(pcm))
    return np.clip(pcm + noise, -1.0, 1.0).astype(np.float32)


def measure_pitch(pcm: Pcm) -> NDArray[np.float64]:
    """Praat's pitch of the voiced frames, in Hz."""
    found = _sound(pcm).to_pitch_ac(None, FLOOR_HZ, 15, False, 0.03, 0.45, 0.01, 0.35, 0.14, CEILING_HZ)
    pitches_hz: NDArray[np.float64] = found.selected_array["frequency"]
    return pitches_hz[pitches_hz > 0]


def _reshape(pcm: Pcm, change: Callable[[Any], None]) -> Retold:
    """PSOLA with another pitch contour. A sound too short or too silent to have one stays."""
    if len(pcm) < _SHORTEST:
        return Retold.in_place(pcm)
    manipulation = call(_sound(pcm), "To Manipulation", _STEP_S, FLOOR_HZ, CEILING_HZ)
    tier = call(manipulation, "Extract pitch tier")
    if not call(tier, "Get number of points"):
        return Retold.in_place(pcm)
    change(tier)
    call([tier, manipulation], "Replace pitch tier")
    return Retold.in_place(_resynthesise(manipulation, len(pcm)))


def _retime(pcm: Pcm, spans: list[tuple[float, float]], factor: float) -> Retold:
    """PSOLA with the given spans `factor` times as long."""
    if not spans or len(pcm) < _SHORTEST:
        return Retold.in_place(pcm)
    length_s = len(pcm) / SAMPLE_RATE_HZ
    manipulation = call(_sound(pcm), "To Manipulation", _STEP_S, FLOOR_HZ, CEILING_HZ)
    tier = call("Create DurationTier", "time", 0, length_s)
    edge_s = 1e-4  # a tier is linear between its points: two close together make a step
    for start_s, end_s in spans:
        if start_s > 0:
            call(tier, "Add point", start_s - edge_s, 1.0)
        call(tier, "Add point", start_s, factor)
        call(tier, "Add point", end_s - edge_s, factor)
        if end_s < length_s:
            call(tier, "Add point", end_s, 1.0)
    call([tier, manipulation], "Replace duration tier")
    old_s = [0.0, *(edge for span in spans for edge in span), length_s]
    rates = [1.0 + (factor - 1.0) * (i % 2) for i in range(len(old_s) - 1)]
    steps = [0.0, *(rate * (after - before) for rate, (before, after) in zip(rates, pairwise(old_s), strict=True))]
    new_s = np.cumsum(steps)
    return Retold(_resynthesise(manipulation, round(float(new_s[-1]) * SAMPLE_RATE_HZ)), np.array(old_s), new_s)


def _sound(pcm: Pcm) -> parselmouth.Sound:
    return parselmouth.Sound(pcm.astype(np.float64), SAMPLE_RATE_HZ)


def _resynthesise(manipulation: Any, length: int) -> Pcm:
    """Exactly `length` samples: Praat may give one more or less."""
    values = call(manipulation, "Get resynthesis (overlap-add)").values[0][:length]
    return np.clip(np.pad(values, (0, length - len(values))), -1.0, 1.0).astype(np.float32)

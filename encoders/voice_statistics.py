"""Pitch frames and hops of the last seconds in, the voice head's named statistics out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from encoders.head import Statistic

FRAME_S = 0.016  # the pitch model's frame
WINDOW_FRAMES = 375  # 6 s
LEAST_VOICED_FRAMES = 31  # half a second of voicing is about one second of speech
PAUSE_FRAMES = 13  # 208 ms without voicing is a pause, less is a consonant

VOICE_STATISTICS = (
    Statistic("pitch_level", "low_pitch", "high_pitch"),
    Statistic("pitch_range", "flat_pitch", "wide_pitch"),
    Statistic("pitch_movement", "level_pitch", "lively_pitch"),
    Statistic("pitch_end", "falling_pitch", "rising_pitch"),
    Statistic("loudness_range", "even_loudness", "varied_loudness"),
    Statistic("loudness_peak", "no_emphasis", "strong_emphasis"),
    Statistic("tempo", "slow_tempo", "fast_tempo"),
    Statistic("vowel_length", "clipped_vowels", "drawn_out_vowels"),
    Statistic("pauses", "few_pauses", "many_pauses"),
    Statistic("tilt", "dark_voice", "bright_voice"),
    Statistic("clarity", "rough_voice", "clear_voice"),
    Statistic("flux", "smooth_articulation", "crisp_articulation"),
)


@dataclass(frozen=True, slots=True)
class PitchFrame:
    """16 ms of voice. `semitones` is relative to the speaker's median and means something only where `voiced`."""

    semitones: float
    clarity: float
    loudness_db: float
    voiced: bool
    nucleus: bool
    tilt: float  # of its hop, relative to the speaker's baseline, dB per octave
    flux: float  # of its hop, dB


class VoiceWindow:
    """The last six seconds of pitch frames."""

    def __init__(self) -> None:
        self._frames: deque[PitchFrame] = deque(maxlen=WINDOW_FRAMES)

    def reset(self) -> None:
        self._frames.clear()

    def push(self, frame: PitchFrame) -> None:
        self._frames.append(frame)

    def skip(self, frames: int) -> None:
        """Forget what a gap of that many frames in the sound has pushed out of the window."""
        for _ in range(min(frames, len(self._frames))):
            self._frames.popleft()

    def measure(self) -> NDArray[np.float64] | None:
        """VOICE_STATISTICS [12] in semitones, st/s, dB, syllables/s, seconds and fractions; None before 1 s of
        speech.
        """
        table = np.array([(f.semitones, f.clarity, f.loudness_db, f.tilt, f.flux) for f in self._frames]).reshape(-1, 5)
        voiced = np.array([frame.voiced for frame in self._frames], bool)
        spoken = table[voiced]
        if len(spoken) < LEAST_VOICED_FRAMES:
            return None
        pitch, loudness = np.sort(spoken[:, 0]), np.sort(spoken[:, 2])
        steps = np.abs(np.diff(table[:, 0]))[voiced[1:] & voiced[:-1]]
        runs = run_lengths(voiced)
        pause_frames = sum(length for on, length in runs if not on and length >= PAUSE_FRAMES)
        vowels = [length for on, length in runs if on]
        articulation_s = max(1, len(table) - pause_frames) * FRAME_S
        return np.array(
            [
                _quantile(pitch, 0.5),
                _quantile(pitch, 0.9) - _quantile(pitch, 0.1),
                # Steps above 3 semitones in 16 ms are octave errors of the tracker.
                float(np.minimum(steps, 3.0).mean()) / FRAME_S if len(steps) else 0.0,
                float(np.median(spoken[-LEAST_VOICED_FRAMES:, 0])) - _quantile(pitch, 0.5),
                _quantile(loudness, 0.9) - _quantile(loudness, 0.1),
                _quantile(loudness, 0.95) - float(loudness.mean()),
                sum(frame.nucleus for frame in self._frames) / articulation_s,
                float(np.mean(vowels)) * FRAME_S,
                pause_frames / len(table),
                float(spoken[:, 3].mean()),
                float(spoken[:, 1].mean()),
                float(spoken[:, 4].mean()),
            ]
        )


def run_lengths(mask: NDArray[np.bool_]) -> list[tuple[bool, int]]:
    """Consecutive equal values of `mask` [n] as (value, length)."""
    if not len(mask):
        return []
    edges = np.flatnonzero(np.diff(mask)) + 1
    bounds = [0, *edges.tolist(), len(mask)]
    return [(bool(mask[start]), end - start) for start, end in pairwise(bounds)]


def _quantile(ordered: NDArray[np.float64], share: float) -> float:
    return float(ordered[round(share * (len(ordered) - 1))])

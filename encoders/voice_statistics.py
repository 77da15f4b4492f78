"""Pitch frames and hops of the last seconds in, the voice head's named statistics out."""

from __future__ import annotations

from collections.abc import Iterable
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


SEMITONES, CLARITY, LOUDNESS_DB, TILT, FLUX, VOICED, NUCLEUS = range(7)
"""The columns of pitch frames, each 16 ms of voice. The pitch is relative to the speaker's median and means something
only where voiced (0 or 1); tilt (relative to the speaker's, dB per octave) and flux (dB) are those of the frame's hop;
nucleus is 1 where a syllable's became certain."""
FRAME_COLUMNS = 7


class VoiceWindow:
    """The last six seconds of pitch frames."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._frames = np.zeros((0, FRAME_COLUMNS))

    def push(self, frames: NDArray[np.float64]) -> None:
        """Take the next frames [n, FRAME_COLUMNS]."""
        self._frames = np.concatenate([self._frames, frames])[-WINDOW_FRAMES:]

    def skip(self, frames: int) -> None:
        """Forget what a gap of that many frames in the sound has pushed out of the window."""
        self._frames = self._frames[min(frames, len(self._frames)) :]

    def measure(self) -> NDArray[np.float64] | None:
        """VOICE_STATISTICS [12] in semitones, st/s, dB, syllables/s, seconds and fractions; None before 1 s of
        speech.
        """
        frames = self._frames
        voiced = frames[:, VOICED] > 0
        spoken = frames[voiced]
        if len(spoken) < LEAST_VOICED_FRAMES:
            return None
        pitch, loudness = np.sort(spoken[:, SEMITONES]), np.sort(spoken[:, LOUDNESS_DB])
        steps = np.abs(frames[1:, SEMITONES] - frames[:-1, SEMITONES])[voiced[1:] & voiced[:-1]]
        runs = run_lengths(voiced)
        pause_frames = sum(length for on, length in runs if not on and length >= PAUSE_FRAMES)
        vowels = [length for on, length in runs if on]
        articulation_s = max(1, len(frames) - pause_frames) * FRAME_S
        return np.array(
            [
                _quantile(pitch, 0.5),
                _quantile(pitch, 0.9) - _quantile(pitch, 0.1),
                # Steps above 3 semitones in 16 ms are octave errors of the tracker.
                mean(np.minimum(steps, 3.0)) / FRAME_S if len(steps) else 0.0,
                middle(spoken[-LEAST_VOICED_FRAMES:, SEMITONES].tolist()) - _quantile(pitch, 0.5),
                _quantile(loudness, 0.9) - _quantile(loudness, 0.1),
                _quantile(loudness, 0.95) - mean(loudness),
                float(np.add.reduce(frames[:, NUCLEUS])) / articulation_s,
                sum(vowels) / len(vowels) * FRAME_S,
                pause_frames / len(frames),
                mean(spoken[:, TILT]),
                mean(spoken[:, CLARITY]),
                mean(spoken[:, FLUX]),
            ]
        )


def run_lengths(mask: NDArray[np.bool_]) -> list[tuple[bool, int]]:
    """Consecutive equal values of `mask` [n] as (value, length)."""
    if not len(mask):
        return []
    (edges,) = (mask[1:] != mask[:-1]).nonzero()
    bounds = [0, *(edges + 1).tolist(), len(mask)]
    first = bool(mask[0])
    return [(first != bool(turn % 2), end - start) for turn, (start, end) in enumerate(pairwise(bounds))]


def mean(values: NDArray[np.float64]) -> float:
    """Of at least one value [n]: the same to the byte as numpy's own, which takes three times as long of few."""
    return float(np.add.reduce(values) / len(values))


def middle(values: Iterable[float]) -> float:
    """The median of at least one value: of few, numpy takes ten times as long."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _quantile(ordered: NDArray[np.float64], share: float) -> float:
    return float(ordered[round(share * (len(ordered) - 1))])

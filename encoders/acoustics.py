"""Samples of one hop in, its loudness, spectral tilt and spectral flux out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
HOP = 1600  # samples: 100 ms
FRAME = 400  # samples: 25 ms
STEP = 160  # samples: 10 ms
HISTORY = FRAME  # samples before the hop: one frame, so that the first flux has a predecessor
SILENCE_PEAK = 1e-3  # below it a hop is digital silence: the pitch model's own limit

_FFT = 512
_FLOOR = 1e-10  # power: -100 dB re full scale
_EMPTY = 1e-6  # of the hop's mean band power: -60 dB
_WINDOW = np.hanning(FRAME).astype(np.float32)
_CENTRES_HZ = 125.0 * 2.0 ** (np.arange(17) / 3.0)  # third octaves, 125 Hz to 5 kHz: where speech has its tilt


def _third_octaves() -> NDArray[np.float32]:
    frequencies = np.fft.rfftfreq(_FFT, 1.0 / SAMPLE_RATE_HZ)
    octaves = np.abs(np.log2(np.maximum(frequencies, 1.0)[:, None] / _CENTRES_HZ[None, :]))
    bands = np.maximum(0.0, 1.0 - octaves * 3.0)
    # The lowest bands are narrower than one bin: each takes at least its nearest.
    bands[np.argmin(octaves, axis=0), np.arange(len(_CENTRES_HZ))] = 1.0
    return np.asarray(bands / bands.sum(axis=0), np.float32)


_BANDS = _third_octaves()
_OCTAVES = np.log2(_CENTRES_HZ) - np.log2(_CENTRES_HZ).mean()


class Acoustics(NamedTuple):
    """One hop's sound. `silent` hops have no tilt and no flux: both are 0."""

    loudness_db: float  # mean power, dB re full scale
    tilt_db_oct: float  # slope of the mean third-octave spectrum, dB per octave
    flux_db: float  # mean absolute change of the band levels from frame to frame (10 ms), dB
    silent: bool


def analyse_hop(samples: NDArray[np.float32]) -> Acoustics:
    """Acoustics of the last HOP of `samples` [HISTORY + HOP]. Tilt and flux do not depend on gain."""
    hop = samples[HISTORY:]
    loudness_db = float(10.0 * np.log10(np.mean(np.square(hop, dtype=np.float64)) + _FLOOR))
    if float(np.abs(hop).max()) < SILENCE_PEAK:
        return Acoustics(loudness_db, 0.0, 0.0, True)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::STEP] * _WINDOW
    power = np.square(np.abs(np.fft.rfft(frames, _FFT, axis=1))) @ _BANDS
    # The floor follows the hop's own power: an empty band stands as far below a soft voice as below a loud one.
    power += _EMPTY * power.mean()
    levels_db = 10.0 * np.log10(power)
    mean_db = 10.0 * np.log10(power[1:].mean(axis=0))
    tilt = float(_OCTAVES @ mean_db / (_OCTAVES @ _OCTAVES))
    return Acoustics(loudness_db, tilt, float(np.abs(np.diff(levels_db, axis=0)).mean()), False)

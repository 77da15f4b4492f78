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


def _third_octaves() -> NDArray[np.float64]:
    frequencies = np.fft.rfftfreq(_FFT, 1.0 / SAMPLE_RATE_HZ)
    octaves = np.abs(np.log2(np.maximum(frequencies, 1.0)[:, None] / _CENTRES_HZ[None, :]))
    bands = np.maximum(0.0, 1.0 - octaves * 3.0)
    # The lowest bands are narrower than one bin: each takes at least its nearest.
    bands[np.argmin(octaves, axis=0), np.arange(len(_CENTRES_HZ))] = 1.0
    rounded = (bands / bands.sum(axis=0)).astype(np.float32)  # as what reads the tilt has learnt it
    return np.asarray(rounded, np.float64)


_BANDS = _third_octaves()
_OCTAVES = np.log2(_CENTRES_HZ) - np.log2(_CENTRES_HZ).mean()
_SPREAD = _OCTAVES @ _OCTAVES
_PLACES = np.arange(0, HISTORY + HOP - FRAME + 1, STEP)[:, None] + np.arange(FRAME)  # of each frame's samples


class Acoustics(NamedTuple):
    """One hop's sound. `silent` hops have no tilt and no flux: both are 0."""

    loudness_db: float  # mean power, dB re full scale
    tilt_db_oct: float  # slope of the mean third-octave spectrum, dB per octave
    flux_db: float  # mean absolute change of the band levels from frame to frame (10 ms), dB
    silent: bool


def analyse_hop(samples: NDArray[np.float32]) -> Acoustics:
    """Acoustics of the last HOP of `samples` [HISTORY + HOP]. Tilt and flux do not depend on gain.

    Sums are taken by numpy's own reductions: its methods for them find the same in several times the time, of so few.
    """
    hop = samples[HISTORY:]
    loudness_db = float(10.0 * np.log10(np.add.reduce(np.square(hop, dtype=np.float64)) / HOP + _FLOOR))
    if np.maximum.reduce(np.abs(hop)) < SILENCE_PEAK:
        return Acoustics(loudness_db, 0.0, 0.0, True)
    power = np.square(np.abs(np.fft.rfft(samples[_PLACES] * _WINDOW, _FFT))) @ _BANDS
    # The floor follows the hop's own power: an empty band stands as far below a soft voice as below a loud one.
    power += _EMPTY * (np.add.reduce(power, axis=None) / power.size)
    levels_db = 10.0 * np.log10(power)
    mean_db = 10.0 * np.log10(np.add.reduce(power[1:]) / (len(power) - 1))
    changes_db = np.abs(levels_db[1:] - levels_db[:-1])
    flux_db = float(np.add.reduce(changes_db, axis=None) / changes_db.size)
    return Acoustics(loudness_db, float(_OCTAVES @ mean_db / _SPREAD), flux_db, False)

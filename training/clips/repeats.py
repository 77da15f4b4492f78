"""Clips in, those whose sound is another clip's too, out.

Sound is compared by how its spectrum changes: the third octaves' levels, in differences from band to band and from step
to step (after Haitsma & Kalker 2002, "A Highly Robust Audio Fingerprinting System"), so that loudness, equalisation and
coding do not matter. Two clips are correlated at every shift at once, by Fourier transforms.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.clips.corpora import VARIOUS, Clip
from training.clips.media import SAMPLE_RATE_HZ, decode_audio

WINDOW = 2048  # samples, 128 ms
STEP = 512  # samples, 32 ms
BANDS = 17
LEAST_OVERLAP_S = 1.5
LEAST_CORRELATION = 0.42  # of 217 clips tried, those that share nothing stay below 0.33, repeats begin at 0.52

Floats = NDArray[np.float32]


def fingerprint(pcm: NDArray[np.float32]) -> Floats:
    """Signs [steps, BANDS - 1] of how each band's level changes against its neighbour's, 0 in digital silence."""
    if len(pcm) < WINDOW + STEP:
        return np.zeros((0, BANDS - 1), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(pcm, WINDOW)[::STEP] * np.hanning(WINDOW).astype(np.float32)
    power = np.square(np.abs(np.fft.rfft(frames, axis=1)))
    edges_hz = 200.0 * 2.0 ** (np.arange(BANDS + 1) / 4.0)  # 200 Hz to 3.8 kHz: what every coding keeps
    bins = np.round(edges_hz * WINDOW / SAMPLE_RATE_HZ).astype(int)
    bands = np.add.reduceat(power, bins, axis=1)[:, :BANDS]
    levels = np.log(bands + 1e-9)
    change = np.diff(np.diff(levels, axis=1), axis=0)
    heard = frames[1:].std(axis=1) > 1e-4
    return np.asarray(np.sign(change) * heard[:, None], np.float32)


def correlate(prints: Sequence[Floats]) -> Floats:
    """The greatest correlation [n, n] of each pair of fingerprints at any shift with LEAST_OVERLAP_S in common (or all
    of the shorter one); 1 means alike, chance lies around 0.
    """
    size = 2 * max((len(one) for one in prints), default=1)
    spectra = np.stack([np.fft.rfft(one, size, axis=0) for one in prints]).astype(np.complex64)
    energy = np.stack([np.fft.rfft(np.abs(one).sum(axis=1), size) for one in prints]).astype(np.complex64)
    presence = np.stack([np.fft.rfft(np.ones(len(one)), size) for one in prints]).astype(np.complex64)
    best = np.zeros((len(prints), len(prints)), np.float32)
    for i, one in enumerate(prints):
        shared = np.fft.irfft(presence * presence[i].conj(), size, axis=1)
        agreement = np.fft.irfft(np.einsum("nfb,fb->nf", spectra, spectra[i].conj()), size, axis=1)
        common = np.fft.irfft(energy * presence[i].conj() + presence * energy[i].conj(), size, axis=1) / 2.0
        least = np.minimum(LEAST_OVERLAP_S * SAMPLE_RATE_HZ / STEP, [min(len(one), len(other)) for other in prints])
        enough = shared >= np.maximum(least, 1.0)[:, None] - 0.5
        best[i] = np.where(enough & (common > 1.0), agreement / np.maximum(common, 1.0), 0.0).max(axis=1)
    np.fill_diagonal(best, 0.0)
    return best


def find_repeats(clips: Sequence[Clip], cache: Path) -> Mapping[str, str]:
    """For each various clip to leave out, the key of the clip that it repeats: one of the corpora's, or an earlier
    various one. Their fingerprints are kept in `cache`.
    """
    if not any(clip.corpus == VARIOUS for clip in clips):
        return {}
    ordered = sorted(clips, key=lambda clip: (clip.corpus == VARIOUS, clip.key))
    prints = [_read_fingerprint(clip, cache) for clip in ordered]
    digest = hashlib.sha256(b"".join([Path(__file__).read_bytes(), *(one.tobytes() for one in prints)])).hexdigest()
    target = cache / f"repeats-{digest[:12]}.json"
    if not target.exists():
        target.write_text(json.dumps(_find_repeats(ordered, correlate(prints)), indent=1), encoding="utf-8")
    repeats: dict[str, str] = json.loads(target.read_text(encoding="utf-8"))
    return repeats


def _find_repeats(ordered: Sequence[Clip], best: Floats) -> dict[str, str]:
    repeats: dict[str, str] = {}
    for i, clip in enumerate(ordered):
        earlier = [j for j in range(i) if ordered[j].key not in repeats and best[i, j] >= LEAST_CORRELATION]
        if clip.corpus == VARIOUS and earlier:
            repeats[clip.key] = ordered[max(earlier, key=lambda j: float(best[i, j]))].key
    return repeats


def _read_fingerprint(clip: Clip, cache: Path) -> Floats:
    target = cache / f"{clip.key}.npy"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        np.save(target, fingerprint(decode_audio(clip.path).pcm).astype(np.int8))
    stored: NDArray[np.int8] = np.load(target, allow_pickle=False)
    return stored.astype(np.float32)

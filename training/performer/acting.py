"""Spoken lines in, a pose for every frame out: what a face does while a voice says something in some way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.samples import NS_PER_S, Interval, Word
from training.performer.delivery import NEUTRAL, Delivery
from training.performer.pose import FacePose
from training.performer.voice import SAMPLE_RATE_HZ, Phone

_LEAD_S = 0.30  # a face takes on its expression before the first word
_HOLD_S = 0.35  # and keeps it a little after the last
_EASE_S = 0.12
_BLINK_S = 0.24
_FINE_HZ = 100

# How far a sound opens the jaw and purses the lips: rough phonetics, enough to look spoken.
_OPENNESS = {
    "aa": 1.0, "ae": 0.95, "ah": 0.7, "ao": 0.85, "aw": 0.95, "ax": 0.5, "ay": 0.95, "eh": 0.75, "er": 0.45, "ey": 0.6,
    "ih": 0.45, "iy": 0.35, "ow": 0.65, "oy": 0.75, "uh": 0.45, "uw": 0.35, "hh": 0.4, "l": 0.4, "r": 0.35, "w": 0.2,
    "y": 0.3, "th": 0.2, "dh": 0.2, "m": 0.0, "b": 0.0, "p": 0.0, "f": 0.05, "v": 0.08, "pau": 0.0,
}  # fmt: skip
_OTHER_OPENNESS = 0.18
_ROUNDING = {
    "uw": 0.9, "w": 0.9, "ow": 0.7, "ao": 0.5, "uh": 0.5, "oy": 0.4, "sh": 0.5, "ch": 0.5, "r": 0.3, "iy": -0.4,
    "ey": -0.3, "s": -0.2,
}  # fmt: skip
_EXPRESSION = (
    "smile", "brow_raise", "brow_down", "droop", "lip_asymmetry", "gaze_x", "gaze_y", "head_sway", "jaw", "emphasis",
    "blink_rate_hz",
)  # fmt: skip

Tracks = dict[str, NDArray[np.float64]]
"""Each pose parameter over the frames."""


@dataclass(frozen=True, slots=True)
class PerformedLine:
    """What was said, how, and when: from the first word's start to the last word's end."""

    text: str
    delivery: Delivery
    interval: Interval
    words: tuple[Word, ...]


def act(
    lines: Sequence[PerformedLine],
    phones: Sequence[Phone],
    pcm: NDArray[np.float32],
    at_s: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[tuple[FacePose, ...], tuple[int, ...]]:
    """The pose at each of the times (evenly spaced, in seconds) and the midpoints of the blinks in nanoseconds."""
    tracks = _expression(lines, at_s)
    _articulate(tracks, phones, pcm, at_s)
    _emphasise(tracks, lines, at_s)
    _drift(tracks, at_s, rng)
    blinks = _blink(tracks, at_s, rng)
    return tuple(_poses(tracks, len(at_s))), tuple(round(blink * NS_PER_S) for blink in blinks)


def _expression(lines: Sequence[PerformedLine], at_s: NDArray[np.float64]) -> Tracks:
    """Every line's delivery over its stretch of time, the neutral face elsewhere, eased from one to the other."""
    tracks: Tracks = {}
    for field in _EXPRESSION:
        wanted = np.full(len(at_s), float(getattr(NEUTRAL, field)))
        for line in lines:
            start, end = line.interval.start_ns / NS_PER_S, line.interval.end_ns / NS_PER_S
            wanted[(at_s >= start - _LEAD_S) & (at_s <= end + _HOLD_S)] = getattr(line.delivery, field)
        tracks[field] = _ease(wanted, at_s, _EASE_S)
    return tracks


def _ease(track: NDArray[np.float64], at_s: NDArray[np.float64], sigma_s: float) -> NDArray[np.float64]:
    """Gaussian smoothing, the ends held."""
    step = at_s[1] - at_s[0] if len(at_s) > 1 else 1.0
    reach = max(1, round(3 * sigma_s / step))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / sigma_s) ** 2)
    return np.convolve(np.pad(track, reach, mode="edge"), kernel / kernel.sum(), mode="valid")


def _articulate(tracks: Tracks, phones: Sequence[Phone], pcm: NDArray[np.float32], at_s: NDArray[np.float64]) -> None:
    """The mouth follows the phones, and opens as far as the voice is loud."""
    hop = SAMPLE_RATE_HZ // _FINE_HZ
    fine = np.arange(len(pcm) // hop) / _FINE_HZ
    openness, rounding = np.zeros(len(fine)), np.zeros(len(fine))
    for phone in phones:
        a, b = (round(edge / NS_PER_S * _FINE_HZ) for edge in (phone.interval.start_ns, phone.interval.end_ns))
        openness[a:b] = _OPENNESS.get(phone.name, _OTHER_OPENNESS)
        rounding[a:b] = _ROUNDING.get(phone.name, 0.0)
    power = np.square(pcm[: len(fine) * hop].astype(np.float64)).reshape(-1, hop).mean(axis=1)
    loudness = np.sqrt(_ease(power, fine, 0.03))
    loudness = np.clip(loudness / max(float(np.quantile(loudness, 0.95)), 1e-6), 0, 1)
    opening = _ease(openness, fine, 0.025) * (0.35 + 0.65 * loudness)
    tracks["jaw"] = tracks["jaw"] * np.interp(at_s, fine, opening)
    tracks["rounding"] = 0.8 * np.interp(at_s, fine, _ease(rounding, fine, 0.04))


def _emphasise(tracks: Tracks, lines: Sequence[PerformedLine], at_s: NDArray[np.float64]) -> None:
    """Brow flash and nod on each word that takes longer than its line's average: the stressed ones mostly do."""
    flash = np.zeros(len(at_s))
    for line in lines:
        mean = sum(w.interval.duration_ns for w in line.words) / len(line.words)
        for word in line.words:
            if word.interval.duration_ns > 1.2 * mean:
                centre = (word.interval.start_ns + word.interval.end_ns) / 2 / NS_PER_S
                flash = np.maximum(flash, np.exp(-0.5 * ((at_s - centre) / 0.13) ** 2))
    tracks["brow_raise"] = tracks["brow_raise"] + 0.5 * tracks["emphasis"] * flash
    tracks["pitch"] = 0.35 * tracks["emphasis"] * flash


def _drift(tracks: Tracks, at_s: NDArray[np.float64], rng: np.random.Generator) -> None:
    """Nobody holds a head or an eye still: slow sway from a few incommensurate sines, small darting glances."""
    for axis, reach in (("yaw", 0.45), ("pitch", 0.25), ("roll", 0.35)):
        sway = np.zeros(len(at_s))
        for rate_hz in (0.13, 0.31, 0.57):
            sway += np.sin(2 * np.pi * (rate_hz * at_s + rng.random())) / 3
        tracks[axis] = tracks.get(axis, np.zeros(len(at_s))) + reach * tracks["head_sway"] * sway
    glance_every_s = 0.9
    n_glances = int(len(at_s) and at_s[-1] / glance_every_s) + 1
    for axis in ("gaze_x", "gaze_y"):
        glances = rng.normal(0, 0.06, n_glances)
        tracks[axis] = tracks[axis] + glances[(at_s / glance_every_s).astype(int)]


def _blink(tracks: Tracks, at_s: NDArray[np.float64], rng: np.random.Generator) -> list[float]:
    """Blinks at the delivery's rate, irregular as people's are; returns their midpoints in seconds."""
    blinks: list[float] = []
    due = float(rng.uniform(0.3, 0.9))
    for now, rate in zip(at_s, tracks["blink_rate_hz"], strict=True):
        due -= rate * (at_s[1] - at_s[0])
        if due <= 0:
            blinks.append(float(now))
            due = float(rng.uniform(0.5, 1.5))
    lids = tracks["droop"].copy()
    for middle in blinks:
        lids = np.maximum(lids, np.clip(1.5 * (1 - np.abs(at_s - middle) / (_BLINK_S / 2)), 0, 1))
    tracks["blink"] = lids
    return blinks


def _poses(tracks: Tracks, n_frames: int) -> Iterator[FacePose]:
    asymmetry = tracks["lip_asymmetry"]
    for k in range(n_frames):
        signed = {
            name: float(np.clip(tracks[name][k], -1, 1))
            for name in ("smile", "rounding", "gaze_x", "gaze_y", "yaw", "pitch", "roll")
        }
        unsigned = {name: float(np.clip(tracks[name][k], 0, 1)) for name in ("jaw", "brow_raise", "brow_down", "blink")}
        yield FacePose(**signed, **unsigned, asymmetry=float(np.clip(asymmetry[k], -1, 1)))

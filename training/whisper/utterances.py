"""Spoken words in, utterances out: joined with pauses, louder or softer, in noise, their boundaries known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from encoders.speech.recognizer import SAMPLE_RATE_HZ

Spoken = dict[str, NDArray[np.float32]]
MAX_WORDS = 5


@dataclass(frozen=True, slots=True)
class Utterance:
    """Float32 [n] samples at 16 kHz, and where each word begins and ends in them, in seconds. No words: no speech."""

    pcm: NDArray[np.float32]
    language: str
    words: tuple[str, ...]
    spans_s: tuple[tuple[float, float], ...]


def join(
    rng: np.random.Generator, spoken: Spoken, language: str, words: Sequence[str], *, longest_lead_s: float = 0.8
) -> Utterance:
    """Words one after the other, nearly half of them without a pause between, others after up to half a second."""
    parts = [np.zeros(_samples(rng.uniform(0.05, longest_lead_s)), np.float32)]
    spans = []
    at = len(parts[0])
    for word in words:
        sound = spoken[word] * np.float32(10 ** (rng.uniform(-4, 0) / 20))
        spans.append((at / SAMPLE_RATE_HZ, (at + len(sound)) / SAMPLE_RATE_HZ))
        pause = np.zeros(_samples(rng.uniform(0.0, 0.05) if rng.random() < 0.4 else rng.uniform(0.05, 0.5)), np.float32)
        parts += [sound, pause]
        at += len(sound) + len(pause)
    parts[-1] = np.zeros(_samples(rng.uniform(0.15, 0.5)), np.float32)
    return Utterance(np.concatenate(parts), language, tuple(words), tuple(spans))


def no_speech(rng: np.random.Generator, language: str, length_s: float) -> Utterance:
    """Silence or noise of one kind or another: nothing is said."""
    pcm = np.zeros(_samples(length_s), np.float32)
    kind = rng.integers(4)
    if kind > 0:
        pcm = _noise(rng, len(pcm)) * np.float32(10 ** (rng.uniform(-70, -6) / 20))
    if kind == 2:  # a hum
        times_s = np.arange(len(pcm)) / SAMPLE_RATE_HZ
        pcm += np.float32(0.3 * rng.random()) * np.sin(2 * np.pi * rng.uniform(40, 1500) * times_s).astype(np.float32)
    if kind == 3:  # knocks
        for _ in range(rng.integers(1, 6)):
            at = int(rng.integers(max(1, len(pcm) - 1600)))
            knock = rng.standard_normal(min(1600, len(pcm) - at)) * np.exp(-np.arange(min(1600, len(pcm) - at)) / 160)
            pcm[at : at + len(knock)] += (0.3 * rng.random() * knock).astype(np.float32)
    return Utterance(pcm, language, (), ())


def vary(rng: np.random.Generator, utterance: Utterance) -> Utterance:
    """The same words by a smaller or larger throat, through a duller or brighter microphone, softer, in noise."""
    factor = rng.uniform(0.88, 1.14)
    pcm = np.asarray(soxr.resample(utterance.pcm, SAMPLE_RATE_HZ * factor, SAMPLE_RATE_HZ, "LQ"), np.float32)
    tilt = np.float32(rng.uniform(-0.6, 0.6))
    pcm = np.append(pcm[:1], pcm[1:] + tilt * pcm[:-1])
    pcm *= np.float32(10 ** (rng.uniform(-26, -2) / 20)) / max(float(np.abs(pcm).max(initial=0.0)), 1e-3)
    if rng.random() < 0.8:
        level = float(np.sqrt(np.mean(pcm**2))) * 10 ** (-rng.uniform(10, 45) / 20)
        pcm = pcm + _noise(rng, len(pcm)) * np.float32(level)
    spans = tuple((start / factor, end / factor) for start, end in utterance.spans_s)
    return Utterance(np.clip(pcm, -1, 1), utterance.language, utterance.words, spans)


def _noise(rng: np.random.Generator, length: int) -> NDArray[np.float32]:
    """White to brownish noise of level 1."""
    noise = rng.standard_normal(length).astype(np.float32)
    memory = rng.uniform(0.0, 0.95)
    smooth = np.float32(memory) ** np.arange(64, dtype=np.float32)
    noise = np.convolve(noise, smooth, "full")[:length].astype(np.float32)
    return noise / max(float(np.sqrt(np.mean(noise**2))) if length else 1.0, 1e-6)


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)

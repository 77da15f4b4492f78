"""What both Whisper engines share. Samples in: how much to encode; aligned words in: the words heard, with times.

Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision", arXiv 2212.04356.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.samples import NS_PER_S, Interval
from encoders.speech.recognizer import SAMPLE_RATE_HZ, HeardWord

HOP_SAMPLES = 160  # between two mel frames
MIN_SAMPLES = SAMPLE_RATE_HZ // 10
"""Less than 0.1 s has no word in it, and is less than the alignment's median filter needs."""

# Whisper was trained on windows of 30 s. Encoding less saves most of the work, but too little breaks it: 10 s, or the
# speech and 2 s, is the least that was found to cost no accuracy.
_MIN_CONTEXT_S, _SLACK_S, _MAX_CONTEXT_S = 10, 2, 30

# whisper.transcribe's defaults (Radford et al. 2022, section 4.5).
_NO_SPEECH, _LEAST_LOG_PROBABILITY, _MOST_COMPRESSION = 0.6, -1.0, 2.4

# A bound on a decoder that loops, above what any language says: English has about 6 tokens a second.
_TOKENS_PER_S, _SPARE_TOKENS = 20, 8

# A word ends where it is 30 dB below its loudest, or a fifth of the way from the utterance's quietest tenth to that.
# On the aligned recordings, with noise 25 dB below, that halves the error at pauses (74 to 40 ms) against 30 dB alone.
_LEVEL_SAMPLES = SAMPLE_RATE_HZ // 100
_QUIET_DB, _QUIETEST_PERCENT, _ABOVE_QUIETEST = 30.0, 10, 0.2


@dataclass(frozen=True, slots=True)
class AlignedWord:
    """A word as an engine aligned it: its text as it stands in the sentence, and seconds from the first sample."""

    text: str
    tokens: tuple[int, ...]
    start_s: float
    end_s: float
    probability: float


def context_samples(length: int) -> int:
    """How many samples to encode for so many samples of speech, in whole seconds. Raises ValueError above 30 s."""
    if length > _MAX_CONTEXT_S * SAMPLE_RATE_HZ:
        raise ValueError(f"Whisper hears at most {_MAX_CONTEXT_S} s at once, got {length / SAMPLE_RATE_HZ:.1f} s")
    whole_s = math.ceil(length / SAMPLE_RATE_HZ) + _SLACK_S
    return min(max(_MIN_CONTEXT_S, whole_s), _MAX_CONTEXT_S) * SAMPLE_RATE_HZ


def most_tokens(length: int, ceiling: int) -> int:
    """How many tokens so many samples may be read as."""
    return min(ceiling, math.ceil(length / SAMPLE_RATE_HZ * _TOKENS_PER_S) + _SPARE_TOKENS)


def is_invented(text: str, no_speech: float, log_probability: float) -> bool:
    """Whisper's own guard: nobody spoke and the text is unlikely, or the text repeats itself.

    `log_probability` is the mean over the text's tokens and its end.
    """
    if no_speech > _NO_SPEECH and log_probability < _LEAST_LOG_PROBABILITY:
        return True
    spelled = text.encode()
    return len(spelled) / len(zlib.compress(spelled)) > _MOST_COMPRESSION


def heard_words(aligned: Iterable[AlignedWord], pcm: NDArray[np.float32]) -> tuple[HeardWord, ...]:
    """Words in order, inside the samples, none before the one it follows. What has no letter or digit joins on.

    Whisper gives every moment to some word, the first one from 0 on: pauses are taken off its words here.
    """
    words: list[HeardWord] = []
    length_ns = len(pcm) * NS_PER_S // SAMPLE_RATE_HZ
    earliest_ns = 0
    levels_db = _levels_db(pcm)
    for word in aligned:
        text = word.text.strip()
        if not any(character.isalnum() for character in text):
            if words and text:
                last = words[-1]
                words[-1] = HeardWord(last.text + text, last.probability, last.interval, last.tokens + word.tokens)
            continue
        start_s, end_s = _sounding(levels_db, word.start_s, word.end_s)
        start_ns = min(max(round(start_s * NS_PER_S), earliest_ns), length_ns)
        end_ns = min(max(round(end_s * NS_PER_S), start_ns), length_ns)
        probability = min(max(word.probability, 0.0), 1.0)
        words.append(HeardWord(text, probability, Interval(start_ns, end_ns), word.tokens))
        earliest_ns = end_ns
    return tuple(words)


def _levels_db(pcm: NDArray[np.float32]) -> NDArray[np.float64]:
    """The level of every whole 10 ms."""
    whole = len(pcm) // _LEVEL_SAMPLES
    pieces = pcm[: whole * _LEVEL_SAMPLES].astype(np.float64).reshape(whole, _LEVEL_SAMPLES)
    return np.asarray(10 * np.log10(np.mean(pieces**2, axis=1) + 1e-12))


def _sounding(levels_db: NDArray[np.float64], start_s: float, end_s: float) -> tuple[float, float]:
    """A stretch without what is quiet at its ends."""
    step_s = _LEVEL_SAMPLES / SAMPLE_RATE_HZ
    first, last = max(round(start_s / step_s), 0), min(round(end_s / step_s), len(levels_db))
    if last - first < 2:
        return start_s, end_s
    loudest = levels_db[first:last].max()
    quietest = np.percentile(levels_db, _QUIETEST_PERCENT)
    threshold = max(loudest - _QUIET_DB, quietest + _ABOVE_QUIETEST * (loudest - quietest))
    loud = np.flatnonzero(levels_db[first:last] >= threshold)
    return (first + int(loud[0])) * step_s, (first + int(loud[-1]) + 1) * step_s

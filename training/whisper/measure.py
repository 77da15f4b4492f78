"""A recognizer and test utterances in, its word errors, languages and word times out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import jiwer
import numpy as np
from numpy.typing import NDArray

from encoders.samples import NS_PER_S
from encoders.speech.agreement import spelling
from encoders.speech.recognizer import SAMPLE_RATE_HZ, HeardWord, Recognizer
from training.whisper.utterances import Utterance


class LanguageDetector(Protocol):
    """What both Whisper engines can do besides."""

    def detect_language(self, pcm: NDArray[np.float32]) -> tuple[str, float]: ...


@dataclass(frozen=True, slots=True)
class Figures:
    """`word_error_rate` and `languages_right` are shares; `boundary_errors_s` is sorted: starts and ends of the words
    of all utterances that were heard without an error.
    """

    words: int
    word_error_rate: float
    languages_right: float
    boundary_errors_s: NDArray[np.float64]

    def __str__(self) -> str:
        if not len(self.boundary_errors_s):
            return f"{self.words} words, word error rate {self.word_error_rate:.3f}, no utterance without an error"
        median_s, ninth_s = np.quantile(self.boundary_errors_s, [0.5, 0.9])
        return (
            f"{self.words} words, word error rate {self.word_error_rate:.3f}, language right "
            f"{self.languages_right:.3f}, word boundaries off by {1000 * median_s:.0f} ms (median), "
            f"{1000 * ninth_s:.0f} ms (90 %)"
        )


def measure(
    recognizers: Mapping[str, Recognizer],
    detector: LanguageDetector,
    utterances: Sequence[Utterance],
    pad_to_s: int = 0,
) -> Figures:
    """Each utterance by the recognizer of its language. `pad_to_s` lengthens all with silence, up to 30 s."""
    said, read, errors_s = [], [], []
    right = 0
    for utterance in utterances:
        pcm = np.pad(utterance.pcm, (0, max(0, pad_to_s * SAMPLE_RATE_HZ - len(utterance.pcm))))
        heard = recognizers[utterance.language].transcribe(pcm)
        said.append(" ".join(utterance.words))
        read.append(" ".join(spelling(word.text) for word in heard))
        right += detector.detect_language(pcm)[0] == utterance.language
        if said[-1] == read[-1]:
            errors_s += boundary_errors_s(heard, utterance)
    return Figures(
        sum(len(utterance.words) for utterance in utterances),
        float(jiwer.wer(said, read)),
        right / len(utterances),
        np.sort(np.array(errors_s)),
    )


def boundary_errors_s(heard: Sequence[HeardWord], utterance: Utterance) -> list[float]:
    """How far each start and end is off, in seconds. Raises ValueError when the words are not as many, or untimed."""
    errors_s = []
    for word, span_s in zip(heard, utterance.spans_s, strict=True):
        if word.interval is None:
            raise ValueError(f"{word.text!r} has no interval")
        for found_ns, true_s in zip((word.interval.start_ns, word.interval.end_ns), span_s, strict=True):
            errors_s.append(abs(found_ns / NS_PER_S - true_s))
    return errors_s

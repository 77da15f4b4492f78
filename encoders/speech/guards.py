"""Words a recognizer gave for an utterance in; those it may have heard, and why others were refused, out.

Recognizers invent: they loop, they fill laughter and music with phrases, they find a sentence in a cough. The rules are
the field's: a cap on repetitions and on the rate of speech (Moonshine caps its tokens, too), and a floor under the
engine's own probability, after Whisper's avg_logprob (Radford et al. 2022, arXiv 2212.04356, section 4.5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from encoders.speech.agreement import spelling
from encoders.speech.recognizer import HeardWord
from encoders.speech.word_timing import syllables

Doubt: TypeAlias = Literal["nothing_understood", "improbable", "too_fast"]

_LONGEST_LOOP_WORDS = 8
_LOOP_TIMES = 3
_EVEN_ODDS = 0.5
_LOOP_TIMES_ONE_WORD = 6  # "no, no, no, no" is said


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """When words are refused."""

    least_log_probability: float = -1.0
    """Mean natural logarithm of the words' probabilities, weighted by their letters, below which none is believed."""
    most_syllables_per_s: float = 12.0
    """Faster than anyone speaks (the record is about 14; conversation peaks at 8), per second of voice."""


def without_loops(words: Sequence[HeardWord]) -> tuple[HeardWord, ...]:
    """The words with every loop cut down to its first round.

    A loop is a run of up to eight words said three times or more one after the other; a single word six times.
    """
    kept = list(words)
    at = 0
    while at < len(kept):
        for length in range(1, _LONGEST_LOOP_WORDS + 1):
            times = _times(kept, at, length)
            if times >= (_LOOP_TIMES_ONE_WORD if length == 1 else _LOOP_TIMES):
                del kept[at + length : at + length * times]
        at += 1
    return tuple(kept)


def doubt(words: Sequence[HeardWord], voiced_s: float, settings: GuardSettings) -> Doubt | None:
    """Why these words cannot have been said in so much voice; None when they can."""
    if not words:
        return "nothing_understood"
    if sum(syllables(word.text) for word in words) > settings.most_syllables_per_s * voiced_s:
        return "too_fast"
    if mean_log_probability(words) < settings.least_log_probability:
        return "improbable"
    return None


def believable(words: Sequence[HeardWord]) -> tuple[HeardWord, ...]:
    """The words of an unfinished decode up to the first that the engine itself thinks less likely than not.

    What is said next often changes that one and all after it: on 209 clips of television, telling only these takes
    two unnecessary changes of three out of partial text (see docs/speech.md).
    """
    sure = next((n for n, word in enumerate(words) if word.probability < _EVEN_ODDS), len(words))
    return tuple(words[:sure])


def mean_log_probability(words: Sequence[HeardWord]) -> float:
    """The words' mean natural log-probability, weighted by their letters. Raises ValueError without words."""
    letters = [max(1, len(spelling(word.text))) for word in words]
    if not letters:
        raise ValueError("no words have no probability")
    weighted = sum(n * math.log(max(word.probability, 1e-9)) for n, word in zip(letters, words, strict=True))
    return weighted / sum(letters)


def _times(words: Sequence[HeardWord], at: int, length: int) -> int:
    """How often the `length` words from `at` on are said one after the other."""
    first = [spelling(word.text) for word in words[at : at + length]]
    times = 1
    while [spelling(w.text) for w in words[at + length * times : at + length * (times + 1)]] == first:
        times += 1
    return times if len(first) == length else 0

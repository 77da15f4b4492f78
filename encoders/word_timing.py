"""Words and the voiced spans they were spoken in, in; an estimated interval per word out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from encoders.samples import Interval

_VOWELS = re.compile(r"[aeiouy]+")


def syllables(word: str) -> int:
    """Syllables by vowel groups, a silent final e left out; at least 1. Digits count one each."""
    letters = "".join(character for character in word.lower() if character.isalnum())
    if any(character.isdigit() for character in letters):
        return max(1, sum(character.isdigit() for character in letters))
    groups = len(_VOWELS.findall(letters))
    if letters.endswith("e") and not letters.endswith("le") and groups > 1:
        groups -= 1
    return max(1, groups)


def spread_words(words: Sequence[str], voiced: Sequence[Interval]) -> tuple[Interval, ...]:
    """Spread words over the voiced time by their weight: a constant for onset and coda plus the syllables.

    `voiced` is in time order and does not overlap. A word never covers the pause between two spans unless it has to
    bridge it. Raises ValueError when there are words but no voiced time.
    """
    if not words:
        return ()
    total_ns = sum(span.duration_ns for span in voiced)
    if total_ns <= 0:
        raise ValueError("words need voiced time to lie in")
    weights = [0.5 + syllables(word) for word in words]
    scale = total_ns / sum(weights)
    intervals: list[Interval] = []
    spoken = 0.0
    for weight in weights:
        start_ns = _time_at(spoken * scale, voiced, at_start=True)
        spoken += weight
        intervals.append(Interval(start_ns, max(start_ns, _time_at(spoken * scale, voiced, at_start=False))))
    return tuple(intervals)


def _time_at(voiced_ns: float, voiced: Sequence[Interval], *, at_start: bool) -> int:
    """The session time at which so much voiced time has passed: the later end of a pause for a word's start."""
    left_ns = round(voiced_ns)
    for span in voiced:
        if left_ns < span.duration_ns or (left_ns == span.duration_ns and not at_start):
            return span.start_ns + left_ns
        left_ns -= span.duration_ns
    return voiced[-1].end_ns

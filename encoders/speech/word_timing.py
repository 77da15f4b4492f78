"""Words and the voiced spans they were spoken in, in; an estimated interval per word out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from encoders.samples import Interval

_VOWELS = re.compile(r"[aeiouy]+")
_FUNCTION_WORDS = frozenset(
    {"a", "an", "and", "as", "at", "be", "been", "but", "for", "had", "have", "he", "her", "his", "i", "in", "is"}
    | {"it", "of", "on", "or", "that", "the", "them", "they", "to", "was", "we", "with", "you"}
)
_UNSTRESSED, _DRAWN_OUT = 0.6, 1.3
_PAUSES = tuple(",.;:?!-")


def syllables(word: str) -> int:
    """Syllables by vowel groups, a silent final e left out; at least 1. Digits count one each."""
    letters = "".join(character for character in word.lower() if character.isalnum())
    if any(character.isdigit() for character in letters):
        return max(1, sum(character.isdigit() for character in letters))
    groups = len(_VOWELS.findall(letters))
    if letters.endswith("e") and not letters.endswith("le") and groups > 1:
        groups -= 1
    return max(1, groups)


def weight(word: str, *, before_pause: bool) -> float:
    """How long a word lasts beside others: its letters and one, spelling being nearer to duration than syllables are.

    Function words are short for their letters, a word before a pause is drawn out (Klatt 1976, "Linguistic uses of
    segmental duration in English", JASA 59), and a digit is read as a word of four letters.
    """
    letters = "".join(character for character in word.lower() if character.isalnum() or character == "'")
    length = 1.0 + sum(5 if character.isdigit() else character.isalpha() for character in letters)
    length *= _UNSTRESSED if letters in _FUNCTION_WORDS else 1.0
    return length * (_DRAWN_OUT if before_pause else 1.0)


def spread_words(words: Sequence[str], voiced: Sequence[Interval]) -> tuple[Interval, ...]:
    """Spread words over the voiced time by their weight.

    `voiced` is in time order and does not overlap. A word never covers the pause between two spans unless it has to
    bridge it. Raises ValueError when there are words but no voiced time.
    """
    if not words:
        return ()
    total_ns = sum(span.duration_ns for span in voiced)
    if total_ns <= 0:
        raise ValueError("words need voiced time to lie in")
    last = len(words) - 1
    weights = [weight(word, before_pause=n == last or word[-1:] in _PAUSES) for n, word in enumerate(words)]
    scale = total_ns / sum(weights)
    intervals: list[Interval] = []
    spoken = 0.0
    for each in weights:
        start_ns = _time_at(spoken * scale, voiced, at_start=True)
        spoken += each
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

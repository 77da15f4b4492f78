"""Words that were spoken and words that were heard in; which of them match, and how many do not, out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import jiwer

from bench.speech.spoken import spoken, spoken_by_word


@dataclass(frozen=True, slots=True)
class Errors:
    """Word errors of one text against its reference of `words` words."""

    substitutions: int
    deletions: int
    insertions: int
    words: int

    @property
    def total(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        return self.total / self.words if self.words else float("nan")


def word_errors(reference: str, heard: str) -> Errors:
    """Errors after both are written as spoken. A reference without words makes every heard word an insertion."""
    said, got = spoken(reference), spoken(heard)
    if not said:
        return Errors(0, 0, len(got), 0)
    counts = jiwer.process_words(" ".join(said), " ".join(got))
    return Errors(counts.substitutions, counts.deletions, counts.insertions, len(said))


def matches(reference: Sequence[str], heard: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of indices (reference, heard) of written words that align and sound the same, in order.

    A word that is spoken as several ("F2", "don't") is left out: no time of a part of it is known.
    """
    said, got = spoken_by_word(list(reference)), spoken_by_word(list(heard))
    whole = _single(said), _single(got)
    pairs = [(said[one][1], got[other][1]) for one, other in _equal(said, got)]
    return [pair for pair in pairs if pair[0] in whole[0] and pair[1] in whole[1]]


def unmatched(words: Sequence[str], others: Sequence[str]) -> set[int]:
    """Indices of the written words of which some sound has no equal in the other text."""
    said, got = spoken_by_word(list(words)), spoken_by_word(list(others))
    found = {one for one, _ in _equal(said, got)}
    return {index for at, (_, index) in enumerate(said) if at not in found}


def corpus_rate(errors: Sequence[Errors]) -> float:
    """Word error rate over all files: all errors over all words."""
    words = sum(one.words for one in errors)
    return sum(one.total for one in errors) / words if words else float("nan")


def interval_of_rate(errors: Sequence[Errors], *, draws: int = 2000, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the corpus rate: files drawn again with replacement (Bisani and Ney 2004), fixed seed."""
    return _interval([(one.total, one.words) for one in errors], draws, seed)


def interval_of_difference(
    one: Sequence[Errors], other: Sequence[Errors], *, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of rate(one) - rate(other), the same files drawn for both."""
    return _interval([(a.total - b.total, b.words) for a, b in zip(one, other, strict=True)], draws, seed)


def _interval(files: list[tuple[int, int]], draws: int, seed: int) -> tuple[float, float]:
    chance = random.Random(seed)  # noqa: S311 - a bootstrap, not a secret
    rates = []
    for _ in range(draws):
        drawn = chance.choices(files, k=len(files))
        words = sum(count for _, count in drawn)
        rates.append(sum(total for total, _ in drawn) / words if words else 0.0)
    rates.sort()
    return rates[round(0.025 * (draws - 1))], rates[round(0.975 * (draws - 1))]


def _equal(said: list[tuple[str, int]], got: list[tuple[str, int]]) -> list[tuple[int, int]]:
    """Places (in one, in the other) of sounds that align and are the same."""
    if not said or not got:
        return []
    alignment = jiwer.process_words(" ".join(sound for sound, _ in said), " ".join(sound for sound, _ in got))
    return [
        (part.ref_start_idx + step, part.hyp_start_idx + step)
        for part in alignment.alignments[0]
        if part.type == "equal"
        for step in range(part.ref_end_idx - part.ref_start_idx)
    ]


def _single(tokens: list[tuple[str, int]]) -> set[int]:
    written = [index for _, index in tokens]
    return {index for index in written if written.count(index) == 1}

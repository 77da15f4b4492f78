"""Errors are counted in spoken words, matches in written ones."""

from __future__ import annotations

import pytest

from bench.speech.errors import (
    Errors,
    corpus_rate,
    interval_of_difference,
    interval_of_rate,
    matches,
    unmatched,
    word_errors,
)


def test_a_missing_a_wrong_and_an_extra_word_are_told_apart() -> None:
    assert word_errors("one two three four five", "one too four five six") == Errors(1, 1, 1, 5)


def test_writing_alone_is_no_error() -> None:
    assert word_errors("It is 2 o'clock.", "it's two o’clock").total == 0


def test_hearing_nothing_misses_every_word() -> None:
    assert word_errors("two words", "") == Errors(0, 2, 0, 2)


def test_a_reference_without_words_makes_every_heard_word_extra() -> None:
    assert word_errors("...", "thank you") == Errors(0, 0, 2, 0)


def test_words_match_around_a_word_left_out_and_one_put_in() -> None:
    assert matches(["had", "a", "a", "dog"], ["Had", "a", "big", "dog."]) == [(0, 0), (1, 1), (3, 3)]


def test_a_word_spoken_as_several_matches_none() -> None:
    assert matches(["we", "don't", "know"], ["We", "don't", "know."]) == [(0, 0), (2, 2)]


def test_nothing_matches_nothing() -> None:
    assert matches(["a"], []) == matches([], ["a"]) == []


def test_a_word_is_unmatched_when_a_part_of_it_sounds_otherwise() -> None:
    assert unmatched(["Uh,", "it's", "don't", "won't"], ["It", "is", "don't", "want"]) == {3}
    assert unmatched(["gone"], []) == {0}


def test_long_files_weigh_more_in_the_corpus_rate() -> None:
    assert corpus_rate([Errors(1, 0, 0, 1), Errors(0, 0, 0, 9)]) == pytest.approx(0.1)


def test_the_interval_of_files_that_are_alike_is_a_point() -> None:
    assert interval_of_rate([Errors(1, 0, 0, 10)] * 5) == (0.1, 0.1)


def test_the_interval_holds_the_rate_and_widens_with_the_files_spread() -> None:
    files = [Errors(errors, 0, 0, 10) for errors in (0, 1, 2, 3, 9)]
    low, high = interval_of_rate(files)
    assert low < corpus_rate(files) < high
    assert high - low > 0.1


def test_a_difference_that_every_file_shares_has_no_spread() -> None:
    one = [Errors(errors + 1, 0, 0, 10) for errors in (0, 5, 9)]
    other = [Errors(errors, 0, 0, 10) for errors in (0, 5, 9)]
    assert interval_of_difference(one, other) == (0.1, 0.1)

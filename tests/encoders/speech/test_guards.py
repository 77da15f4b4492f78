from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.speech.guards import GuardSettings, believable, doubt, mean_log_probability, without_loops
from encoders.speech.recognizer import HeardWord

SETTINGS = GuardSettings()


def _heard(text: str, probability: float = 0.9) -> tuple[HeardWord, ...]:
    return tuple(HeardWord(word, probability) for word in text.split())


def _text(words: tuple[HeardWord, ...]) -> str:
    return " ".join(word.text for word in words)


@pytest.mark.parametrize(
    ("heard", "kept"),
    [
        ("thank you. Thank you. thank you", "thank you."),
        ("so I was I was late", "so I was I was late"),
        ("no no no no no", "no no no no no"),
        ("no No, no no no no! well", "no well"),
        ("go on a b c a b c a b c d", "go on a b c d"),
        ("", ""),
    ],
)
def test_a_loop_is_cut_down_to_its_first_round(heard: str, kept: str) -> None:
    assert _text(without_loops(_heard(heard))) == kept


@given(st.lists(st.sampled_from("abc"), max_size=24))
def test_what_is_kept_is_some_of_what_was_heard_in_order_and_has_no_loop(letters: list[str]) -> None:
    kept = without_loops(_heard(" ".join(letters)))
    rest = iter(letters)
    assert all(word.text in rest for word in kept)
    assert "a" * 6 not in "".join(word.text for word in kept)


def test_words_that_fit_the_voice_and_are_likely_are_believed() -> None:
    assert doubt(_heard("oh great thanks a lot"), 1.2, SETTINGS) is None


@pytest.mark.parametrize(
    ("heard", "probability", "voiced_s", "reason"),
    [
        ("", 0.9, 1.0, "nothing_understood"),
        ("I have never understood anything of it", 0.9, 0.3, "too_fast"),
        ("thanks for watching", 0.2, 2.0, "improbable"),
    ],
)
def test_what_cannot_have_been_said_is_doubted_with_a_reason(
    heard: str, probability: float, voiced_s: float, reason: str
) -> None:
    assert doubt(_heard(heard, probability), voiced_s, SETTINGS) == reason


def test_the_mean_probability_counts_letters() -> None:
    words = (HeardWord("a", 1.0), HeardWord("sesquipedalian", math.exp(-1)))
    assert mean_log_probability(words) == pytest.approx(-14 / 15)
    with pytest.raises(ValueError, match="no words"):
        mean_log_probability(())


def test_what_is_believable_ends_before_the_first_word_less_likely_than_not() -> None:
    words = (*_heard("oh great"), *_heard("tanks", 0.49), *_heard("a lot"))
    assert _text(believable(words)) == "oh great"
    assert believable(_heard("um", 0.2)) == ()
    assert _text(believable(_heard("all of it", 0.5))) == "all of it"

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.agreement import LocalAgreement, spelling
from encoders.recognizer import HeardWord

hypotheses = st.lists(st.lists(st.sampled_from("abcd"), max_size=6), max_size=8)


def _heard(*texts: str) -> tuple[HeardWord, ...]:
    return tuple(HeardWord(text, 0.9) for text in texts)


def _texts(words: tuple[HeardWord, ...]) -> list[str]:
    return [word.text for word in words]


def test_a_first_hypothesis_is_all_tentative() -> None:
    committed, tentative = LocalAgreement().push(_heard("oh", "great"))
    assert (_texts(committed), _texts(tentative)) == ([], ["oh", "great"])


def test_words_two_hypotheses_agree_on_are_committed_up_to_the_first_they_do_not() -> None:
    agreement = LocalAgreement()
    agreement.push(_heard("oh", "great", "thank"))
    committed, tentative = agreement.push(_heard("oh", "great", "thanks", "a"))
    assert (_texts(committed), _texts(tentative)) == (["oh", "great"], ["thanks", "a"])


def test_a_word_after_one_disagreed_on_is_not_committed_even_when_agreed_on() -> None:
    agreement = LocalAgreement()
    agreement.push(_heard("a", "great", "day"))
    committed, _ = agreement.push(_heard("the", "great", "day"))
    assert committed == ()


def test_agreement_must_be_between_successive_hypotheses() -> None:
    agreement = LocalAgreement()
    for text in ("one", "won", "one", "won"):
        committed, _ = agreement.push(_heard(text))
        assert committed == ()


def test_case_and_punctuation_do_not_keep_words_from_agreeing_and_the_newest_spelling_is_kept() -> None:
    agreement = LocalAgreement()
    agreement.push(_heard("Oh", "great."))
    committed, _ = agreement.push(_heard("oh,", "Great", "thanks."))
    assert _texts(committed) == ["oh,", "Great"]


@given(hypotheses)
def test_committed_words_only_grow(every: list[list[str]]) -> None:
    agreement = LocalAgreement()
    before: tuple[HeardWord, ...] = ()
    for hypothesis in every:
        committed, _ = agreement.push(_heard(*hypothesis))
        assert committed[: len(before)] == before
        before = committed


@given(hypotheses)
def test_tentative_is_what_the_newest_hypothesis_has_beyond_the_committed(every: list[list[str]]) -> None:
    agreement = LocalAgreement()
    for hypothesis in every:
        committed, tentative = agreement.push(_heard(*hypothesis))
        assert _texts(tentative) == hypothesis[len(committed) :]


@given(st.lists(st.sampled_from("abcd"), min_size=1))
def test_the_same_hypothesis_twice_is_committed_whole(hypothesis: list[str]) -> None:
    agreement = LocalAgreement()
    agreement.push(_heard(*hypothesis))
    committed, tentative = agreement.push(_heard(*hypothesis))
    assert (_texts(committed), tentative) == (hypothesis, ())


@pytest.mark.parametrize(("word", "spelled"), [("Don't,", "don't"), ("GREAT!", "great"), ("...", ""), ("é", "é")])
def test_spelling_is_a_word_without_case_and_punctuation(word: str, spelled: str) -> None:
    assert spelling(word) == spelled

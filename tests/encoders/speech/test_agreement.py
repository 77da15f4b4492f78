from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.speech.agreement import LocalAgreement, contradicted, matching, spelling
from encoders.speech.recognizer import HeardWord

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
def test_tentative_is_how_the_newest_hypothesis_ends(every: list[list[str]]) -> None:
    agreement = LocalAgreement()
    for hypothesis in every:
        committed, tentative = agreement.push(_heard(*hypothesis))
        assert _texts(tentative) == hypothesis[len(hypothesis) - len(tentative) :]
        if _texts(committed) == hypothesis[: len(committed)]:
            assert len(tentative) == len(hypothesis) - len(committed)


def test_a_word_heard_in_front_of_the_committed_ones_shows_none_of_them_twice() -> None:
    agreement = LocalAgreement()
    agreement.push(_heard("the", "cat"))
    agreement.push(_heard("the", "cat", "sat"))
    committed, tentative = agreement.push(_heard("well", "the", "cat", "sat"))
    assert (_texts(committed), _texts(tentative)) == (["the", "cat", "sat"], [])


@given(st.lists(st.sampled_from("abcd")), st.lists(st.sampled_from("abcd")))
def test_nothing_is_contradicted_by_words_that_begin_alike_and_only_committed_words_can_be(
    committed: list[str], more: list[str]
) -> None:
    assert contradicted(_heard(*committed), _heard(*committed, *more)) == ()
    assert matching(_heard(*committed), _heard(*committed, *more)) >= len(committed) - 1
    places = [at for at, _ in contradicted(_heard(*committed), _heard(*more))]
    assert places == sorted(set(places))
    assert all(0 <= at < len(committed) for at in places)


@pytest.mark.parametrize(
    ("committed", "heard", "told"),
    [
        ("what a grape day", "What a great day!", ((2, "great"),)),
        ("oh no thanks", "oh thanks for that", ((1, ""),)),
        ("store it", "The story", ((0, "The"), (1, "story"))),
        ("it's over", "well it's over", ()),
        ("gone", "", ((0, ""),)),
    ],
)
def test_a_committed_word_heard_otherwise_is_told_with_what_is_heard_instead(
    committed: str, heard: str, told: tuple[tuple[int, str], ...]
) -> None:
    assert contradicted(_heard(*committed.split()), _heard(*heard.split())) == told


@given(st.lists(st.sampled_from("abcd"), min_size=1))
def test_the_same_hypothesis_twice_is_committed_whole(hypothesis: list[str]) -> None:
    agreement = LocalAgreement()
    agreement.push(_heard(*hypothesis))
    committed, tentative = agreement.push(_heard(*hypothesis))
    assert (_texts(committed), tentative) == (hypothesis, ())


@pytest.mark.parametrize(("word", "spelled"), [("Don't,", "don't"), ("GREAT!", "great"), ("...", ""), ("é", "é")])
def test_spelling_is_a_word_without_case_and_punctuation(word: str, spelled: str) -> None:
    assert spelling(word) == spelled

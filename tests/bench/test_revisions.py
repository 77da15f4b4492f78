"""Transcripts written by hand: how steady, how soon and how well timed they are."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from bench.speech.corpora import AlignedWord
from bench.speech.hearing import Shown
from bench.speech.revisions import (
    Delay,
    Edits,
    commit_delays,
    contradicted,
    edits,
    ending_delay,
    final_text,
    first_word_delay,
    is_cut_in_two,
    settled_words,
    speech_end_delay,
    time_errors,
    utterances,
)
from encoders.samples import NS_PER_S, Interval, Transcript, Word

ALIGNED = tuple(AlignedWord(text, n + 0.1, n + 0.6) for n, text in enumerate(("one", "two", "three")))


def shown(
    committed: str, tentative: str = "", *, at_s: float, final: bool = False, of: int = 0, cost_s: float = 0.0
) -> Shown:
    """A transcript whose nth word lies in [n, n + 0.5) s, shown at a time."""
    texts = [*committed.split(), *tentative.split()]
    words = tuple(
        Word(text, Interval(n * NS_PER_S, n * NS_PER_S + NS_PER_S // 2), 0.9, "estimated")
        for n, text in enumerate(texts)
    )
    cut = len(committed.split())
    interval = Interval(0, round(at_s * NS_PER_S))
    return Shown(Transcript(of, 1, interval, words[:cut], words[cut:], final), at_s, at_s + cost_s)


def test_revisions_are_told_apart_by_utterance() -> None:
    heard = [shown("a", at_s=1), shown("a", at_s=2, final=True), shown("b", at_s=3, final=True, of=1)]
    assert [len(group) for group in utterances(heard)] == [2, 1]
    assert final_text(heard) == "a b"


def test_text_that_only_grows_has_no_overhead() -> None:
    assert edits([shown("", "one", at_s=1), shown("one", "two", at_s=2), shown("One, two.", at_s=3, final=True)]) == (
        Edits(2, 2)
    )


def test_a_word_exchanged_and_one_taken_back_are_overhead() -> None:
    counted = edits([shown("", "won too", at_s=1), shown("", "one", at_s=2), shown("one two", at_s=3, final=True)])
    assert counted == Edits(changes=2 + 2 + 1, needed=2)
    assert counted.overhead == pytest.approx(0.6)


def test_a_final_without_words_makes_every_change_overhead() -> None:
    assert edits([shown("", "you", at_s=1), shown("", at_s=2, final=True)]).overhead == 1.0


def test_an_utterance_nobody_heard_of_has_no_overhead() -> None:
    assert edits([shown("", at_s=1, final=True)]).overhead == 0.0


def test_settled_words_are_the_committed_ones_and_what_the_final_adds() -> None:
    revisions = [
        shown("", "one too", at_s=1),
        shown("one too", "free", at_s=2),
        shown("one two three", at_s=3, final=True),
    ]
    settled = settled_words(revisions)
    assert [(held.word.text, held.heard_s, held.early) for held in settled] == [
        ("one", 2, True),
        ("too", 2, True),
        ("three", 3, False),
    ]
    assert contradicted(revisions) == 1


def test_committed_words_are_found_in_a_final_that_begins_otherwise() -> None:
    revisions = [shown("one two", at_s=1), shown("well one two three", at_s=2, final=True)]
    assert [held.word.text for held in settled_words(revisions)] == ["one", "two", "three"]
    assert contradicted(revisions) == 0


def test_a_committed_word_is_late_from_its_spoken_end_with_computing_beside() -> None:
    revisions = [shown("one", at_s=1, cost_s=0.25), shown("one wrong three", at_s=3, final=True, cost_s=0.5)]
    delays = commit_delays(settled_words(revisions), ALIGNED)
    assert astuple(delays[0]) == pytest.approx((0.4, 0.65))
    assert astuple(delays[1]) == pytest.approx((0.4, 0.9))
    assert len(delays) == 2


def test_without_an_alignment_words_are_late_by_their_own_times() -> None:
    assert commit_delays(settled_words([shown("one", at_s=2, final=True)]), ()) == [Delay(1.5, 1.5)]


def test_the_first_word_is_late_from_its_end_or_else_from_the_utterance() -> None:
    revisions = [shown("", at_s=0.5), shown("", "one", at_s=1, cost_s=0.5), shown("one", at_s=3, final=True)]
    delay = first_word_delay(revisions, ALIGNED)
    assert delay is not None
    assert astuple(delay) == pytest.approx((0.4, 0.9))
    assert first_word_delay(revisions, ()) == Delay(1, 1.5)
    assert first_word_delay([shown("", at_s=1, final=True)], ALIGNED) is None


def test_after_voice_activity_ends_only_computing_counts() -> None:
    assert ending_delay(shown("one", at_s=2, final=True, cost_s=0.125)) == Delay(0.0, 0.125)


def test_speech_ends_with_its_last_word_or_else_with_its_last_voiced_window() -> None:
    voiced = [True] * 25 + [False] * 75  # 0.8 s
    final = shown("one", at_s=1.2, final=True, cost_s=0.1)
    by_voice, by_word = speech_end_delay(final, voiced, ()), speech_end_delay(final, voiced, ALIGNED)
    assert by_voice is not None
    assert by_word is not None
    assert astuple(by_voice) == pytest.approx((0.4, 0.5))
    assert astuple(by_word) == pytest.approx((0.6, 0.7))


def test_an_utterance_cut_for_its_length_has_no_end_of_speech() -> None:
    assert speech_end_delay(shown("one", at_s=1.28, final=True), [True] * 100, ()) is None


@pytest.mark.parametrize(("back_after", "cut"), [(9, True), (12, True), (13, False), (None, False)])
def test_an_utterance_is_cut_in_two_where_patience_would_have_heard_the_voice_again(
    back_after: int | None, cut: bool
) -> None:
    voiced = [True] * 25 + [False] * 20
    if back_after is not None:
        voiced[25 + back_after :] = [True] * (20 - back_after)
    final = shown("one", at_s=(25 + 7) * 0.032, final=True)
    assert is_cut_in_two(final, voiced, 0.416) is cut


def test_word_times_are_judged_where_the_word_was_heard_right() -> None:
    errors = time_errors([shown("one wrong three", at_s=3, final=True)], ALIGNED)
    assert len(errors) == 2  # the second of three was heard wrong
    assert [edge for error in errors for edge in error] == pytest.approx([-0.1] * 4)

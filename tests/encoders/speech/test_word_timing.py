from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.samples import Interval
from encoders.speech.word_timing import spread_words, syllables

MS = 1_000_000


@st.composite
def voiced_spans(draw: st.DrawFn) -> list[Interval]:
    """Spans of at least 32 ms, in order, with pauses of at least 32 ms between."""
    at_ns, spans = draw(st.integers(0, 10**12)), []
    for voiced, pause in draw(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 20)), min_size=1, max_size=6)):
        spans.append(Interval(at_ns, at_ns + voiced * 32 * MS))
        at_ns += (voiced + pause) * 32 * MS
    return spans


words = st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=20)


@given(words, voiced_spans())
def test_words_lie_in_their_order_and_do_not_overlap(spoken: list[str], voiced: list[Interval]) -> None:
    places = spread_words(spoken, voiced)
    assert len(places) == len(spoken)
    assert all(before.end_ns <= after.start_ns for before, after in pairwise(places))


@given(words, voiced_spans())
def test_words_begin_and_end_in_voiced_time_and_cover_it_from_first_to_last(
    spoken: list[str], voiced: list[Interval]
) -> None:
    places = spread_words(spoken, voiced)
    assert places[0].start_ns == voiced[0].start_ns
    assert places[-1].end_ns == voiced[-1].end_ns
    for place in places:
        assert any(span.start_ns <= place.start_ns < span.end_ns for span in voiced)
        assert any(span.start_ns < place.end_ns <= span.end_ns for span in voiced)


@given(words, voiced_spans())
def test_no_voiced_time_is_left_without_a_word(spoken: list[str], voiced: list[Interval]) -> None:
    places = spread_words(spoken, voiced)
    for before, after in pairwise(places):
        between = Interval(before.end_ns, after.start_ns)
        assert not any(span.overlaps(between) and between.duration_ns for span in voiced)


def test_a_word_with_more_letters_is_given_more_time_and_the_last_is_drawn_out() -> None:
    short, long = spread_words(["oh", "wonderful"], [Interval(0, 1000 * MS)])
    assert short.duration_ns / long.duration_ns == pytest.approx(3 / (10 * 1.3), rel=1e-6)


@pytest.mark.parametrize(
    ("longer", "shorter"),
    [("great", "the"), ("oh,", "oh"), ("9", "oh"), ("that", "a"), ("street", "tree")],
)
def test_words_weigh_by_letters_stress_and_the_pause_after_them(longer: str, shorter: str) -> None:
    first, second, _ = spread_words([longer, shorter, "end"], [Interval(0, 1000 * MS)])
    assert first.duration_ns > second.duration_ns


def test_a_word_that_would_begin_where_a_pause_does_begins_after_it() -> None:
    first, second = spread_words(["oh,", "oh."], [Interval(0, 100 * MS), Interval(300 * MS, 400 * MS)])
    assert first == Interval(0, 100 * MS)
    assert second == Interval(300 * MS, 400 * MS)


def test_no_words_need_no_time() -> None:
    assert spread_words([], []) == ()


@pytest.mark.parametrize("voiced", [[], [Interval(5, 5)]])
def test_words_without_voiced_time_are_refused(voiced: list[Interval]) -> None:
    with pytest.raises(ValueError, match="voiced time"):
        spread_words(["oh"], voiced)


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("oh", 1),
        ("great", 1),
        ("happy", 2),
        ("wonderful", 3),
        ("fine", 1),
        ("table", 2),
        ("the", 1),
        ("Americans:", 4),
        ("hmm", 1),
        ("", 1),
        ("42", 2),
        ("2nd", 1),
    ],
)
def test_syllables_are_counted_by_vowel_groups(word: str, count: int) -> None:
    assert syllables(word) == count

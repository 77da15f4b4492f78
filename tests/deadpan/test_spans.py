from __future__ import annotations

from deadpan.spans import SpokenSpans

S = 1_000_000_000


def test_a_turn_is_spoken_from_the_first_voice_to_the_last() -> None:
    spans = SpokenSpans()
    spans.voice_started(10 * S)
    spans.turn_started(10 * S)
    spans.voice_stopped(11 * S)
    spans.voice_started(12 * S)
    spans.voice_stopped(14 * S)
    assert spans.take(15 * S) == (10 * S, 14 * S)


def test_nothing_heard_is_no_span() -> None:
    assert SpokenSpans().take(S) is None


def test_what_is_taken_is_gone() -> None:
    spans = SpokenSpans()
    spans.voice_started(S)
    spans.voice_stopped(2 * S)
    assert spans.take(3 * S) == (S, 2 * S)
    assert spans.take(4 * S) is None


def test_what_is_spoken_beside_the_words_of_a_turn_belongs_to_the_next() -> None:
    spans = SpokenSpans()
    spans.voice_started(S)
    spans.voice_stopped(2 * S)
    spans.voice_started(3 * S)
    assert spans.take(4 * S) == (S, 2 * S)
    spans.voice_stopped(5 * S)
    assert spans.take(6 * S) == (3 * S, 5 * S)


def test_words_that_come_before_the_voice_ends_are_of_all_that_was_spoken() -> None:
    spans = SpokenSpans()
    spans.voice_started(S)
    assert spans.so_far(2 * S) == (S, 2 * S)
    assert spans.take(3 * S) == (S, 3 * S)
    spans.voice_stopped(4 * S)
    assert spans.take(5 * S) is None


def test_a_cough_that_became_no_turn_is_forgotten_when_one_begins() -> None:
    spans = SpokenSpans()
    spans.voice_started(S)
    spans.voice_stopped(2 * S)
    spans.voice_started(60 * S)
    spans.turn_started(60 * S)
    spans.voice_stopped(62 * S)
    assert spans.take(63 * S) == (60 * S, 62 * S)


def test_without_voice_activity_the_announcements_stand_in() -> None:
    spans = SpokenSpans()
    spans.turn_started(10 * S)
    spans.turn_stopped(12 * S)
    assert spans.take(13 * S) == (9.5 * S, 12 * S)
    spans.turn_started(20 * S)
    spans.turn_stopped(21 * S)
    assert spans.take(22 * S) == (19.5 * S, 21 * S)


def test_a_turn_announced_by_its_words_is_the_voice_just_before() -> None:
    spans = SpokenSpans()
    spans.voice_started(10 * S)
    spans.voice_stopped(11 * S)
    spans.turn_started(12 * S)
    spans.turn_stopped(13 * S)
    assert spans.take(13 * S) == (10 * S, 11 * S)


def test_a_turn_announced_long_after_any_voice_is_not_that_voice() -> None:
    spans = SpokenSpans()
    spans.voice_started(10 * S)
    spans.voice_stopped(11 * S)
    spans.turn_started(30 * S)
    spans.turn_stopped(32 * S)
    assert spans.take(32 * S) == (29.5 * S, 32 * S)


def test_voices_without_turns_are_not_kept_without_end() -> None:
    spans = SpokenSpans()
    for second in range(10_000):
        spans.voice_started(second * S)
        spans.voice_stopped(second * S + S // 2)
    span = spans.take(10_000 * S)
    assert span is not None
    assert span[0] > 9_800 * S

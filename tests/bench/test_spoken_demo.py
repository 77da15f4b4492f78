"""Known lines and utterances in, the delays of their messages out."""

from __future__ import annotations

import pytest

from bench.spoken_demo import Line, delays, spoken_lines

_MS = 1_000_000


def _utterance(start_ms: int, end_ms: int, published_ms: int) -> dict[str, int]:
    return {"start_ns": start_ms * _MS, "end_ns": end_ms * _MS, "published_ns": published_ms * _MS}


def test_a_line_is_answered_by_the_last_utterance_within_it() -> None:
    line = Line("Oh, great. Food.", 1000 * _MS, 3000 * _MS)
    live = [_utterance(900, 1900, 2300), _utterance(2000, 3100, 3350)]
    assert delays([line], live, []).from_speech_ms == pytest.approx((350.0,))


def test_voice_activity_has_ended_when_replay_publishes() -> None:
    live, replayed = [_utterance(900, 3100, 3450)], [_utterance(900, 3100, 3392)]
    assert delays([], live, replayed).from_voice_activity_ms == pytest.approx((58.0,))


def test_an_utterance_that_was_cut_elsewhere_is_not_compared() -> None:
    assert delays([], [_utterance(900, 3100, 3450)], [_utterance(900, 2100, 2392)]).from_voice_activity_ms == ()


def test_what_goes_on_from_the_line_before_does_not_answer_a_line() -> None:
    line = Line("Next.", 5000 * _MS, 6000 * _MS)
    assert delays([line], [_utterance(1000, 5500, 6400)], []).from_speech_ms == ()


def test_the_demo_says_when_each_of_its_lines_is_spoken() -> None:
    lines = spoken_lines()
    assert len(lines) == 8
    assert all(line.start_ns < line.end_ns for line in lines)

"""The overload rule, with loads made up and time that is a number."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.processes.governor import Governor, Load, ladder
from deadpan.messages import Pace

LEVELS = ladder(0.5, 15.0)
EASY, MIDDLING = Load(0.05, 0.1), Load(0.1, 0.5)
BUSY, LATE = Load(0.1, 0.9), Load(1.4, 0.3)
LOADS = st.builds(Load, st.floats(0, 10), st.none() | st.floats(0, 1))


def _levels(governor: Governor, loads: Iterable[Load], start_s: int = 0, worker: str = "speech") -> list[int]:
    """The level after each of a worker's reports, one a second."""
    levels = []
    for now_s, load in enumerate(loads, start_s):
        governor.note(worker, load, now_s)
        governor.judge(now_s)
        levels.append(governor.pace.level)
    return levels


def test_the_recognizer_s_step_grows_first_and_then_fewer_pictures_are_looked_at() -> None:
    asked = [(pace.step_s, pace.face_rate_hz) for pace in LEVELS]
    assert asked == [(0.5, 15), (1, 15), (2, 15), (2, 10), (2, 5)]
    assert [pace.level for pace in LEVELS] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("step_s", "rate_hz", "asked"),
    [
        (0.3, 30.0, [(0.3, 30), (0.6, 30), (1.2, 30), (1.2, 20), (1.2, 10)]),
        (0.5, 6.0, [(0.5, 6), (1, 6), (2, 6), (2, 5)]),
        (0.5, 2.0, [(0.5, 2), (1, 2), (2, 2)]),
        (0.5, None, [(0.5, None), (1, None), (2, None)]),
        (None, 15.0, [(None, 15), (None, 10), (None, 5)]),
        (None, None, [(None, None)]),
    ],
)
def test_the_levels_are_made_from_what_is_configured_and_what_there_is(
    step_s: float | None, rate_hz: float | None, asked: list[tuple[float | None, float | None]]
) -> None:
    assert [(pace.step_s, pace.face_rate_hz) for pace in ladder(step_s, rate_hz)] == asked


def test_a_recognizer_that_is_nearly_always_at_work_is_given_less_step_by_step() -> None:
    governor = Governor(LEVELS)
    assert _levels(governor, [BUSY] * 14) == [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4]
    assert governor.pace == Pace(level=4, step_s=2.0, face_rate_hz=5.0)
    assert governor.reason == "recognizing every 2 s and looking 5 times a second: speech was at work 90% of the time"


def test_one_that_stays_behind_is_given_less_and_the_reason_says_how_far_it_was() -> None:
    governor = Governor(LEVELS)
    assert _levels(governor, [LATE, LATE]) == [0, 1]
    assert governor.reason == "recognizing every 1 s: speech was 1.4 s behind"


def test_a_single_long_utterance_changes_nothing() -> None:
    governor = Governor(LEVELS)
    assert set(_levels(governor, [EASY, EASY, Load(1.8, 1.0), EASY, EASY])) == {0}
    assert governor.reason == ""


def test_a_report_counts_for_as_long_as_it_tells_of() -> None:
    """A pulse waits for the end of a reading: long ones that are work, and short ones between them that are not."""
    governor = Governor(LEVELS)
    now_s = 0.0
    for span_s, busy in [(0.25, 0.01)] * 4 + [(1.4, 0.9), (1.6, 1.0), (0.25, 0.07), (0.25, 0.02)] * 2:
        now_s += span_s
        governor.note("speech", Load(0.0, busy), now_s)
        governor.judge(now_s)
    assert governor.pace.level > 0


@given(st.lists(st.tuples(st.floats(0.05, 4), st.floats(0, 0.6)), max_size=40))
@settings(max_examples=50)
def test_who_is_never_at_work_for_long_keeps_its_level_however_often_it_reports(
    reports: list[tuple[float, float]],
) -> None:
    governor = Governor(LEVELS)
    now_s = 0.0
    for span_s, busy in reports:
        now_s += span_s
        governor.note("speech", Load(0.0, busy), now_s)
        assert not governor.judge(now_s)


def test_the_first_report_of_a_run_measures_nothing_and_is_no_second_one() -> None:
    assert _levels(Governor(LEVELS), [Load(0.0), BUSY, BUSY]) == [0, 0, 1]


def test_a_face_encoder_may_be_at_work_all_the_time_because_it_skips_what_it_cannot_do() -> None:
    assert set(_levels(Governor(LEVELS), [Load(0.06, None)] * 10, worker="face")) == {0}


def test_what_a_level_relieved_comes_back_after_ten_seconds_with_room_to_spare() -> None:
    governor = Governor(LEVELS)
    assert _levels(governor, [BUSY] * 5)[-1] == 2
    levels = _levels(governor, [EASY] * 30, start_s=5)
    assert levels == [2] * 10 + [1] * 11 + [0] * 9
    assert governor.reason == ""


def test_a_level_that_is_just_enough_is_kept() -> None:
    governor = Governor(LEVELS)
    _levels(governor, [BUSY, BUSY])
    assert set(_levels(governor, [MIDDLING] * 100, start_s=2)) == {1}


def test_a_level_that_was_left_too_early_is_kept_twice_as_long_the_next_time() -> None:
    governor = Governor(LEVELS)
    loads = [BUSY] * 2 + [EASY] * 12 + [BUSY] * 3 + [EASY] * 18
    assert _levels(governor, loads)[-1] == 1
    assert _levels(governor, [EASY] * 5, start_s=len(loads))[-1] == 0


def test_a_relapse_long_after_counts_for_nothing() -> None:
    governor = Governor(LEVELS)
    loads = [BUSY] * 2 + [EASY] * 12 + [BUSY] * 3 + [EASY] * 120 + [BUSY] * 3 + [EASY] * 12
    assert _levels(governor, loads)[-1] == 0


def test_once_a_level_could_be_left_for_good_the_others_are_not_waited_for_as_long() -> None:
    governor = Governor(LEVELS)
    now_s = 0
    for calm_s in (10, 20, 40, 80, 160, 160):  # nothing but the highest level is enough for long
        loads = [BUSY] * 14 + [EASY] * (calm_s + 4)
        assert _levels(governor, loads, start_s=now_s)[-1] == 3
        now_s += len(loads)
    assert _levels(governor, [EASY] * 50, start_s=now_s)[-1] == 3
    assert _levels(governor, [EASY] * 40, start_s=now_s + 50)[-1] == 0


def test_what_an_encoder_reported_before_it_ended_is_forgotten() -> None:
    governor = Governor(LEVELS)
    governor.note("speech", BUSY, 0)
    governor.note("speech", BUSY, 1)
    governor.forget("speech")
    governor.forget("prosody")  # it had said nothing yet
    assert not governor.judge(1)


def test_silence_is_no_room_to_spare() -> None:
    governor = Governor(LEVELS)
    _levels(governor, [BUSY] * 2)
    assert not any(governor.judge(now_s) for now_s in range(2, 200))


@given(st.lists(st.tuples(st.sampled_from(["face", "prosody", "speech"]), LOADS, st.floats(0, 5)), max_size=200))
@settings(max_examples=50)
def test_no_level_is_skipped_and_none_is_left_within_three_seconds(
    reports: list[tuple[str, Load, float]],
) -> None:
    governor = Governor(LEVELS)
    now_s, changed_s, level = 0.0, -3.0, 0
    for worker, load, pause_s in reports:
        now_s += pause_s
        governor.note(worker, load, now_s)
        changed = governor.judge(now_s)
        assert changed == (governor.pace.level != level)
        assert bool(governor.reason) == (governor.pace.level > 0)
        if changed:
            assert abs(governor.pace.level - level) == 1
            assert now_s - changed_s >= 3
            changed_s, level = now_s, governor.pace.level


@given(st.lists(LOADS, max_size=60))
@settings(max_examples=50)
def test_whatever_there_was_all_comes_back_after_enough_calm(loads: list[Load]) -> None:
    governor = Governor(LEVELS)
    _levels(governor, loads)
    assert _levels(governor, [EASY] * 4 * 170, start_s=len(loads))[-1] == 0


@given(LOADS, LOADS, st.integers(1, 40))
@settings(max_examples=50)
def test_more_load_never_brings_a_lower_level(one: Load, other: Load, seconds: int) -> None:
    lighter = Load(min(one.lag_s, other.lag_s), min(one.busy or 0.0, other.busy or 0.0))
    heavier = Load(max(one.lag_s, other.lag_s), max(one.busy or 0.0, other.busy or 0.0))
    levels = [_levels(Governor(LEVELS), [load] * seconds)[-1] for load in (lighter, heavier)]
    assert levels[0] <= levels[1]

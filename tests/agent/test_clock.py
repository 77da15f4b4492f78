from __future__ import annotations

import time

import pytest

from agent.clock import ManualClock, SessionClock, wall_unix_ns


def test_a_manual_clock_moves_only_when_told_to_and_never_back() -> None:
    manual = ManualClock(5)
    assert manual.now_ns() == 5
    manual.advance_to_ns(9)
    manual.advance_to_ns(7)
    assert manual.now_ns() == 9


def test_sleeping_on_a_manual_clock_moves_it() -> None:
    manual = ManualClock()
    manual.sleep_until_ns(40)
    manual.sleep_until_ns(30)
    assert manual.now_ns() == 40


def test_a_session_clock_counts_from_its_origin_on_the_monotonic_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic_ns", lambda: 1_000)
    session = SessionClock.start()
    monkeypatch.setattr(time, "monotonic_ns", lambda: 1_250)
    assert (session.origin_monotonic_ns, session.now_ns()) == (1_000, 250)
    assert SessionClock(1_000).now_ns() == 250


def test_a_session_clock_sleeps_until_the_time_is_reached_however_often_it_is_woken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_ns = [0]
    slept: list[float] = []

    def doze(seconds: float) -> None:
        slept.append(seconds)
        now_ns[0] += max(1, int(seconds * 1e9) // 2)

    monkeypatch.setattr(time, "monotonic_ns", lambda: now_ns[0])
    monkeypatch.setattr(time, "sleep", doze)
    session = SessionClock(0)
    session.sleep_until_ns(100)
    assert session.now_ns() >= 100
    assert len(slept) > 1
    session.sleep_until_ns(50)
    assert session.now_ns() == now_ns[0]


def test_the_calendar_s_time_is_the_machine_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 77)
    assert wall_unix_ns() == 77

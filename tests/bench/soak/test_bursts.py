"""Overload by the clock, and what the page says that it left."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from bench.soak.bursts import Bursts, Spinning, bursts_part
from bench.soak.live import Live
from bench.soak.sampling import Footprint, Sample

BURSTS = Bursts(count=2, calm_s=100.0, lasting_s=50.0, apart_s=200.0, programs=2)


@pytest.mark.parametrize(
    ("now_s", "is_one"), [(0, False), (100, True), (149, True), (150, False), (300, True), (350, False), (499, False)]
)
def test_a_burst_begins_and_ends_when_it_is_to(now_s: float, is_one: bool) -> None:
    assert BURSTS.at(now_s) == is_one


def test_a_session_has_room_for_all_of_them() -> None:
    assert BURSTS.minutes * 60 == pytest.approx(500)


def test_the_programs_run_in_a_burst_and_at_no_other_time() -> None:
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = set(children.read_text().split())

    def programs() -> int:
        return len(set(children.read_text().split()) - before)

    with closing(Spinning(BURSTS)) as spinning:
        told = []
        for now_s in (0.0, 100.0, 120.0, 150.0, 300.0):
            spinning.attend(now_s)
            told.append(programs())
    assert told == [0, 2, 2, 0, 2]
    assert programs() == 0


def test_what_each_left_is_a_line_and_the_last_is_compared_with_the_first() -> None:
    held = {95.0: 100.0, 295.0: 106.0, 495.0: 106.5}
    live = Live(BURSTS.minutes)
    live.samples = [
        Sample(at_s, {"speech": Footprint(own_mb + 50, own_mb + 30, own_mb, 9, 3)}, 1.0)
        for at_s, own_mb in held.items()
    ]
    live.latencies = [(float(at_s), 200.0 if BURSTS.at(at_s) else 30.0) for at_s in range(500)]
    live.ticks = list(range(500))
    live.levels = [(float(at_s), 2 if 120 <= at_s < 190 or at_s >= 310 else 0) for at_s in range(500)]
    lines = bursts_part(live, BURSTS)
    assert [line for line in lines if line.startswith("| ")][1:] == [
        "| the beginning | 100.0 | 100.0 | 30, 30 |  |  |  |",
        "| 1 | 106.0 | 106.0 | 30, 30 | 200, 200 | level 2 | 39 |",
        "| 2 | 106.5 | 106.5 | 30, 30 | 200, 200 | level 2 | not yet |",
    ]
    assert lines[-1] == "From the first to the last: +0.5 MB of 106."

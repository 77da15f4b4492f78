"""Measured turns in, tables that say which budgets are kept out."""

from __future__ import annotations

import pytest

from bench.calls import BareCost
from bench.figures import Turn, budgets
from bench.measure import Scoring, Session
from bench.naive import Loop


def _turn(cpu_s: float, bare_s: float, wall_s: float) -> Turn:
    live = Session(
        first_estimate_s=2.0,
        cpu_s={"face": cpu_s, "fusion (understudy)": 5.0},
        lasted_s=20.0,
        start_cpu_s=1.0,
        memory_mb=600.0,
        estimate_latency_ms=(20.0, 40.0),
        utterances=(
            {"start_ns": 500_000_000, "end_ns": 3_200_000_000, "published_ns": 3_450_000_000, "latency_ms": 1},
        ),
    )
    scoring = Scoring(wall_s, 28.8, 12.0, ({"start_ns": 500_000_000, "end_ns": 3_200_000_000, "published_ns": 3.4e9},))
    return Turn(live, [BareCost("face", "landmarks", 432, bare_s, bare_s)], scoring, Loop([0.2], [0.2]))


def test_the_understudys_start_is_no_part_of_what_running_costs() -> None:
    turn = _turn(cpu_s=12.0, bare_s=10.0, wall_s=7.0)
    assert turn.over_bare == pytest.approx(1.2)
    assert turn.live.cores == pytest.approx(0.85)


@pytest.mark.parametrize(("bare_s", "wall_s", "missed"), [(10.0, 7.0, 0), (8.0, 7.0, 1), (8.0, 8.0, 2)])
def test_budgets_that_are_missed_are_marked(bare_s: float, wall_s: float, missed: int) -> None:
    table = budgets([_turn(12.0, bare_s, wall_s)], [0.1])
    assert table.count("| **no** |") == missed

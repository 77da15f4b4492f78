from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import cast

import pytest

from agent.processes.bus import Bus
from agent.processes.heart import Heart
from agent.processes.steps import Steps
from agent.processes.wire import Pulse

MS = 1_000_000


class Line:
    """A line to the supervisor on which pulses can be read."""

    def __init__(self) -> None:
        self.pulses: list[Pulse] = []
        self.counters = {"sent": 7}

    @property
    def to_supervisor(self) -> Line:
        return self

    def send(self, pulse: Pulse) -> None:
        self.pulses.append(pulse)


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path / "speech.steps")


@pytest.fixture
def heart(line: Line, steps: Steps) -> Heart:
    return Heart(cast(Bus, line), "speech", steps, 1000 * MS)


def test_it_beats_once_a_second_however_often_it_is_asked(heart: Heart, line: Line) -> None:
    asked = Counter[str]()

    def counters() -> dict[str, int]:
        asked["counters"] += 1
        return {"transcripts": 1}

    for now_ms in range(0, 3000, 100):
        heart.beat_if_due(now_ms * MS, counters, 12.0)
    assert asked["counters"] == 3
    assert [pulse.state for pulse in line.pulses] == ["running"] * 3
    assert {pulse.lag_ms for pulse in line.pulses} == {12.0}
    assert line.pulses[0].counters == {"sent": 7, "transcripts": 1}


def test_every_round_of_its_loop_is_a_step(heart: Heart, line: Line, steps: Steps) -> None:
    for now_ms in range(0, 900, 100):
        heart.beat_if_due(now_ms * MS, dict, 0.0)
    heart.step()
    assert steps.taken == 10
    assert len(line.pulses) == 1


def test_it_tells_which_part_of_the_time_since_the_last_beat_was_work(heart: Heart, line: Line) -> None:
    heart.worked(5 * MS)
    heart.beat_if_due(0, dict, 0.0)
    for worked_ms in (250, 1000):
        heart.worked(worked_ms * MS // 2)
        heart.worked(worked_ms * MS // 2)
        heart.beat_if_due(1000 * MS if worked_ms == 250 else 3000 * MS, dict, 0.0)
    heart.beat_if_due(4000 * MS, dict, 0.0)
    assert [pulse.busy for pulse in line.pulses] == [None, 0.25, 0.5, 0.0]


def test_work_that_nobody_counts_is_not_said_to_be_none(heart: Heart, line: Line) -> None:
    for now_ms in (0, 1000, 2000):
        heart.beat_if_due(now_ms * MS, dict, 0.0)
    assert [pulse.busy for pulse in line.pulses] == [None, None, None]


def test_a_remark_goes_with_the_beat(heart: Heart, line: Line) -> None:
    heart.beat_if_due(0, dict, 0.0, "no word understood")
    assert line.pulses[0].reason == "no word understood"


def test_a_process_knows_how_much_memory_it_holds() -> None:
    # In a process of its own: one that has run a thousand tests takes and gives back memory when it likes.
    program = """
from agent.processes.resident import resident_mb
before_mb = resident_mb()
more = b"\\1" * 50_000_000
after_mb = resident_mb()
print("unknown" if before_mb is None or after_mb is None else after_mb - before_mb)
"""
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
    assert told == "unknown" or 40 < float(told) < 60  # some systems do not say

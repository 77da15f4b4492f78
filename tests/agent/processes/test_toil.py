"""How long a process works, of one that is made up and of a real one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.processes.steps import Steps
from agent.processes.toil import Toil

LONG_S = 0.5


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    (tmp_path / "7").mkdir()
    return tmp_path / "7" / "schedstat"


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path / "steps")


def test_work_counts_from_the_first_look_on_until_a_step_is_taken(schedule: Path, steps: Steps, tmp_path: Path) -> None:
    toil = Toil(7, steps, tmp_path)
    steps.take()
    for now_s, worked_ns, worked_s in ((1.0, 5_000_000_000, 0.0), (1.2, 5_200_000_000, 0.2), (1.7, 5_700_000_000, 0.7)):
        schedule.write_text(f"{worked_ns} 123 45\n")
        assert toil.worked_s(now_s) == pytest.approx(worked_s)
    steps.take()
    for now_s, worked_ns, worked_s in ((1.9, 5_800_000_000, 0.0), (2.0, 5_900_000_000, 0.1)):
        schedule.write_text(f"{worked_ns} 123 45\n")
        assert toil.worked_s(now_s) == pytest.approx(worked_s)


def test_what_it_does_before_its_first_step_does_not_count(schedule: Path, steps: Steps, tmp_path: Path) -> None:
    steps.take()  # its predecessor's
    toil = Toil(7, steps, tmp_path)
    for now_s, worked_ns, worked_s in ((1.0, 5_000_000_000, 0), (2.0, 9_000_000_000, 0)):
        schedule.write_text(f"{worked_ns} 123 45\n")
        assert toil.worked_s(now_s) == worked_s
    steps.take()
    for now_s, worked_ns, worked_s in ((3.0, 9_500_000_000, 0), (4.0, 10_500_000_000, 1)):
        schedule.write_text(f"{worked_ns} 123 45\n")
        assert toil.worked_s(now_s) == worked_s


def test_it_is_looked_at_ten_times_a_second_at_the_most(schedule: Path, steps: Steps, tmp_path: Path) -> None:
    toil = Toil(7, steps, tmp_path)
    steps.take()
    schedule.write_text("5000000000 123 45\n")
    assert toil.worked_s(1.0) == 0
    schedule.write_text("5090000000 123 45\n")
    assert toil.worked_s(1.09) == 0
    assert toil.worked_s(1.11) == pytest.approx(0.09)


@pytest.mark.parametrize("text", [None, "", "?"])
def test_where_the_system_does_not_tell_nobody_works(
    schedule: Path, steps: Steps, tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        schedule.write_text(text)
    assert Toil(7, steps, tmp_path).worked_s(1.0) == 0


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this system does not tell how it schedules")
def test_one_that_goes_round_in_circles_is_told_from_one_that_waits(steps: Steps) -> None:
    with begun("input()") as waits, begun("while True: pass") as circles:
        idle, busy = Toil(waits.pid, steps), Toil(circles.pid, steps)
        steps.take()
        assert idle.worked_s(0.0) == 0
        now_s = 0.0
        while busy.worked_s(now_s := now_s + 1) <= LONG_S:
            assert circles.poll() is None
        assert idle.worked_s(now_s) < LONG_S / 2


@contextmanager
def begun(program: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has come to its program, and is killed in the end."""
    command = [sys.executable, "-c", f"print('begun', flush=True)\n{program}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()

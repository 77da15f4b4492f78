"""How long a process works, of one that is made up and of a real one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.processes.toil import LONGEST_STEP_S, Toil


@pytest.fixture
def schedule(tmp_path: Path) -> Path:
    (tmp_path / "7").mkdir()
    return tmp_path / "7" / "schedstat"


def test_work_counts_from_the_first_look_on_until_it_is_heard(schedule: Path, tmp_path: Path) -> None:
    toil = Toil(7, tmp_path)
    for worked_ns, worked_s in ((5_000_000_000, 0.0), (5_200_000_000, 0.2), (5_700_000_000, 0.7)):
        schedule.write_text(f"{worked_ns} 123 45\n")
        assert toil.worked_s() == pytest.approx(worked_s)
    toil.heard()
    assert toil.worked_s() == 0


@pytest.mark.parametrize("text", [None, "", "?"])
def test_where_the_system_does_not_tell_nobody_works(schedule: Path, tmp_path: Path, text: str | None) -> None:
    if text is not None:
        schedule.write_text(text)
    assert Toil(7, tmp_path).worked_s() == 0


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this system does not tell how it schedules")
def test_one_that_goes_round_in_circles_is_told_from_one_that_waits() -> None:
    with begun("input()") as waits, begun("while True: pass") as circles:
        idle, busy = Toil(waits.pid), Toil(circles.pid)
        assert idle.worked_s() == 0
        while busy.worked_s() <= LONGEST_STEP_S:
            assert circles.poll() is None
        assert idle.worked_s() < LONGEST_STEP_S / 2


@contextmanager
def begun(program: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has come to its program, and is killed in the end."""
    command = [sys.executable, "-c", f"print('begun', flush=True)\n{program}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()

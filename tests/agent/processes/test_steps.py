"""How many steps a process has taken, seen from another place."""

from __future__ import annotations

import stat
from pathlib import Path

from agent.processes.steps import Steps, steps_file


def test_whoever_opens_the_same_file_sees_the_same_count(tmp_path: Path) -> None:
    supervisor = Steps(steps_file(tmp_path, "face"))
    assert supervisor.taken == 0
    worker = Steps(steps_file(tmp_path, "face"))
    worker.take()
    worker.take()
    assert supervisor.taken == 2


def test_one_that_is_started_again_counts_on(tmp_path: Path) -> None:
    Steps(steps_file(tmp_path, "face")).take()
    again = Steps(steps_file(tmp_path, "face"))
    again.take()
    assert again.taken == 2


def test_nobody_else_may_look(tmp_path: Path) -> None:
    Steps(steps_file(tmp_path, "face"))
    assert stat.S_IMODE(steps_file(tmp_path, "face").stat().st_mode) == 0o600

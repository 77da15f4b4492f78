"""Machines with little of something, made of files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from agent.config import Config
from agent.room import Room, RoomError, needed_mb, require, room, shortage, weights_mb
from agent.session import open_session, resolve_inputs
from agent.topology import WORKERS, WorkerName

EVERYTHING: list[WorkerName] = [worker.name for worker in WORKERS]
HEARING: list[WorkerName] = ["microphone", "prosody", "speech", "fusion"]
ROOMY = Room(Path("/var/tmp"), 1000, 4000)  # noqa: S108 - nothing is written there


def _machine(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


MEMINFO = {"proc/meminfo": "MemTotal: 8000000 kB\nMemFree: 100 kB\nMemAvailable: 3000000 kB\n"}


@pytest.mark.parametrize(
    ("files", "memory_mb"),
    [
        (MEMINFO, 3072),
        (MEMINFO | {"sys/fs/cgroup/memory.max": "max\n"}, 3072),
        (
            MEMINFO
            | {
                "sys/fs/cgroup/memory.max": "1000000000\n",
                "sys/fs/cgroup/memory.current": "700000000\n",
                "sys/fs/cgroup/memory.stat": "anon 5\ninactive_file 200000000\n",
            },
            500,
        ),
        ({"sys/fs/cgroup/memory.max": "900000000"}, 900),
        ({}, None),
    ],
    ids=["machine", "group without a limit", "group with one", "group alone", "a system that does not say"],
)
def test_the_memory_that_can_be_had_is_the_machine_s_or_what_our_group_has_left(
    files: dict[str, str], memory_mb: int | None, tmp_path: Path
) -> None:
    assert room(_machine(tmp_path, files)).memory_mb == memory_mb


def test_there_is_no_shortage_where_there_is_enough_or_nobody_says() -> None:
    assert shortage(ROOMY, EVERYTHING) == ""
    assert shortage(replace(ROOMY, memory_mb=None), EVERYTHING) == ""
    assert shortage(replace(ROOMY, memory_mb=needed_mb(EVERYTHING), disk_mb=50), EVERYTHING) == ""


def test_what_there_is_too_little_of_is_said_with_both_figures() -> None:
    needed = needed_mb(EVERYTHING)
    assert shortage(replace(ROOMY, memory_mb=needed - 1), EVERYTHING) == (
        f"{needed} MB of memory must be free, and {needed - 1} are; end other programs, or leave the face out with"
        " --camera none"
    )
    assert shortage(replace(ROOMY, memory_mb=100), HEARING) == (
        f"{needed_mb(HEARING)} MB of memory must be free, and 100 are; end other programs"
    )
    assert shortage(replace(ROOMY, disk_mb=49), HEARING) == (
        "50 MB must be free in /var/tmp, and 49 are; free some, or set TMPDIR"
    )
    assert "too long for sockets" in shortage(replace(ROOMY, folder=Path("/" + "long/" * 20)), HEARING)


def test_fewer_processes_and_smaller_weights_need_less(tmp_path: Path) -> None:
    assert needed_mb(HEARING) < needed_mb(EVERYTHING) < 1000
    (tmp_path / "model").mkdir()
    for name in ("model/one", "model/two", "whole.pt"):
        (tmp_path / name).write_bytes(bytes(3_000_000))
    assert (weights_mb(None), weights_mb(tmp_path / "whole.pt"), weights_mb(tmp_path / "model")) == (0, 3, 6)
    assert weights_mb(tmp_path / "none.pt") == 0
    assert needed_mb(HEARING, 6) == needed_mb(HEARING) + 12


def test_a_session_is_refused_before_anything_of_it_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(source="demo", publish=replace(Config().publish, endpoint=f"ipc://{tmp_path}/out"))
    inputs = resolve_inputs(config)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("agent.room.room", lambda _root: replace(ROOMY, memory_mb=300))
    with pytest.raises(RoomError, match=r"not enough room to start: \d+ MB of memory must be free, and 300 are"):
        open_session(config, inputs)
    assert list(tmp_path.iterdir()) == []


def test_a_machine_without_a_folder_for_temporary_files_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(RoomError, match="set TMPDIR"):
        require(HEARING)

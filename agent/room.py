"""The processes of a session in, whether the machine has room for them out: refused with the figures where it has not.

A session keeps its sockets, its processes' logs and their counts in a folder of its own, and nothing else on the disk
unless it is recorded; it uses no /dev/shm: samples travel through the sockets, pictures through memory without a name.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from agent.errors import DeadpanError
from agent.topology import WorkerName

DISK_MB = 50
_MB = 1_000_000
_LONGEST_PATH = 107  # unix(7): what sun_path holds, with a zero at its end
_IN_FOLDER = "/deadpan-01234567/kept_messages"
_COMMAND_MB = 60
_PLUG_IN_MB = 60
"""A plug-in's process, before what it loads for itself."""
_WORKER_MB: dict[WorkerName, int] = {
    "camera": 60,
    "microphone": 50,
    "face": 160,
    "prosody": 100,
    "speech": 220,
    "fusion": 130,
    "recorder": 80,
}
"""What each process holds for itself with the embedded models, its understudy included, and a fifth more: measured by
bench.soak (docs/reliability.md)."""


class RoomError(DeadpanError):
    """The machine has too little of something. Its text says how much there is, how much is needed, and what to do."""


@dataclass(frozen=True, slots=True)
class Room:
    """What the machine has. `memory_mb` is None where the system does not say."""

    folder: Path
    disk_mb: int
    memory_mb: int | None


def room(root: Path = Path("/")) -> Room:
    """What there is now. Raises RoomError when no folder for temporary files can be written."""
    try:
        folder = Path(tempfile.gettempdir())
        return Room(folder, shutil.disk_usage(folder).free // _MB, _memory_mb(root))
    except OSError as error:
        raise RoomError(f"no folder for temporary files can be used: {error}; set TMPDIR to one that can") from error


def needed_mb(workers: Collection[WorkerName], weights_mb: int = 0) -> int:
    """The memory that a session of these processes takes, with a recognizer whose weights are not the embedded ones."""
    return _COMMAND_MB + sum(_WORKER_MB.get(name, _PLUG_IN_MB) for name in workers) + 2 * weights_mb


def weights_mb(path: Path | None) -> int:
    """The size of a recognizer's weights, a file or a folder; 0 for the embedded ones, and where there are none."""
    if path is None or not path.exists():
        return 0
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(each.stat().st_size for each in files if each.is_file()) // _MB


def shortage(has: Room, workers: Collection[WorkerName], weights: int = 0) -> str:
    """What there is too little of, with how much there is, how much is needed and what to do; empty for nothing."""
    if len(str(has.folder)) + len(_IN_FOLDER) > _LONGEST_PATH:
        return f"the path of {has.folder} is too long for sockets; set TMPDIR to a folder with a shorter one"
    if has.disk_mb < DISK_MB:
        return f"{DISK_MB} MB must be free in {has.folder}, and {has.disk_mb} are; free some, or set TMPDIR"
    needed = needed_mb(workers, weights)
    if has.memory_mb is not None and has.memory_mb < needed:
        spared = ", or leave the face out with --camera none" if "face" in workers else ""
        return f"{needed} MB of memory must be free, and {has.memory_mb} are; end other programs{spared}"
    return ""


def require(workers: Collection[WorkerName], weights: int = 0, root: Path = Path("/")) -> None:
    """Raise RoomError unless there is room for these processes."""
    if lacking := shortage(room(root), workers, weights):
        raise RoomError(f"not enough room to start: {lacking}")


def _memory_mb(root: Path) -> int | None:
    """Memory that can be had without swapping: the machine's, or less where a control group limits us."""
    machine = _field(root / "proc/meminfo", "MemAvailable:")
    group = root / "sys/fs/cgroup"
    limit = _number(group / "memory.max")
    found = [] if machine is None else [machine * 1024]
    if limit is not None:
        held = (_number(group / "memory.current") or 0) - (_field(group / "memory.stat", "inactive_file") or 0)
        found.append(max(0, limit - held))
    return min(found) // _MB if found else None


def _field(path: Path, name: str) -> int | None:
    """The number behind a name in a file of such lines; None where there is none."""
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return None
    return next((int(words[1]) for words in lines if words and words[0] == name), None)


def _number(path: Path) -> int | None:
    """The number that is all of a file; None for none, or for `max`."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None

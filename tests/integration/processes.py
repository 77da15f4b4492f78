"""Starting the real command and watching over what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.stand_ins.encore import write_encore

DEADPAN = [sys.executable, "-m", "agent.cli"]


PATIENCE_S = 120.0
"""Of whoever waits for a command: the slowest machine's; each wait ends as soon as it can."""
TIMES = 20  # nearly ten minutes of the demo: longer than all tests together that share a session may take


@contextmanager
def started(
    *arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None, stdout: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """The command as a process of its own, ended when the block is left."""
    process = subprocess.Popen(
        [*DEADPAN, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | (env or {}),
        cwd=cwd,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=PATIENCE_S)


@contextmanager
def playing(folder: Path, *arguments: str, endpoint: str = "") -> Iterator[str]:
    """A session that plays the demo over and over, for as long as a test may take; where it publishes."""
    source = write_encore(folder / "encore.mkv", TIMES)
    endpoint = endpoint or f"ipc://{folder}/out"
    # Of what it prints nothing is read, and a pipe that is full would hold it up.
    with started("run", "--source", str(source), "--publish", endpoint, *arguments, stdout=subprocess.DEVNULL):
        yield endpoint


def finished(
    *arguments: str, timeout_s: float = PATIENCE_S, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    return subprocess.run(
        [*DEADPAN, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        env=os.environ | (env or {}),
    )


def messages(lines: str) -> list[dict[str, Any]]:
    """The JSON objects of an output, one a line."""
    return [json.loads(line) for line in lines.splitlines()]


def session_folders() -> set[Path]:
    """The folders of sockets and logs that sessions keep while they last."""
    return set(Path(tempfile.gettempdir()).glob("deadpan-*"))


def descendants(pid: int) -> list[int]:
    """The processes below a process."""
    family = [pid]
    for each in family:
        try:
            family += map(int, Path(f"/proc/{each}/task/{each}/children").read_text().split())
        except OSError:
            continue
    return family[1:]


def is_running(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def command_line(pid: int) -> str:
    """What ps shows of a process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""

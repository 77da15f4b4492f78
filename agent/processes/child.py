"""One process of a session: its start, its orders, its log, its end. What becomes of it the supervisor decides."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM, SIGUSR1

import msgspec

from agent.processes.assignment import Assignment, Go, KeepPace
from deadpan.messages import Pace

WORKER = "agent.processes.worker"
"""The module that is run."""
_TERMINATE_S, _KILL_S = 0.5, 5.0
QUIET = {"GLOG_minloglevel": "3", "TF_CPP_MIN_LOG_LEVEL": "3", "OPENCV_LOG_LEVEL": "ERROR"}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Child:
    """A running WORKER. Its standard input carries orders; its end is the order to stop."""

    def __init__(self, assignment: Assignment, folder: Path) -> None:
        self._log = folder / f"{assignment.name}.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", WORKER],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the supervisor, who tells its children
                env=os.environ | QUIET | ONE_THREAD,
            )
        self.pid = self._process.pid
        self._order(msgspec.json.encode(assignment))

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal that ended it."""
        return self._process.poll()

    def go(self, origin_monotonic_ns: int) -> None:
        """Tell it that the session has begun."""
        self._order(msgspec.json.encode(Go(origin_monotonic_ns)))

    def keep(self, pace: Pace) -> None:
        """Tell it how much is asked of it from now on."""
        self._order(msgspec.json.encode(KeepPace(pace)))

    def stop(self) -> None:
        """Order it to stop, and do not wait."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it may be gone already
                self._process.stdin.close()

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended within the time."""
        try:
            self._process.wait(max(0.0, timeout_s))
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self, *, dump: bool = False) -> None:
        """End it whether it listens or not: its stacks to its log if asked for, then terminate, then kill."""
        if dump:
            self._process.send_signal(SIGUSR1)
        self._process.send_signal(SIGTERM)
        if not self.wait(_TERMINATE_S):
            self._process.send_signal(SIGKILL)
            self.wait(_KILL_S)
        self.stop()

    def last_lines(self, count: int = 6) -> str:
        """The end of what it wrote to standard error."""
        try:
            return "\n".join(self._log.read_text(errors="replace").strip().splitlines()[-count:])
        except OSError:
            return ""

    def _order(self, line: bytes) -> None:
        if self._process.stdin is None:
            return
        with suppress(BrokenPipeError):  # it may just have died, which its exit code will tell
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()

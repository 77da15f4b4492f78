"""One process of a session: its start, its orders, its log, its end. What becomes of it the supervisor decides."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from signal import SIGCONT, SIGUSR1

import msgspec

from agent.processes.assignment import Assignment, Go, KeepPace
from agent.processes.steps import Steps, steps_file
from agent.processes.stillness import Motion, Stillness
from agent.processes.toil import Toil
from deadpan.messages import Pace

WORKER = "agent.processes.worker"
"""The module that is run."""
_ENOUGH = 32_768  # bytes of a log to look at
QUIET = {"GLOG_minloglevel": "3", "TF_CPP_MIN_LOG_LEVEL": "3", "OPENCV_LOG_LEVEL": "ERROR"}
# What glibc arrives at by itself, but only once 32 MB were given back at once: until then every picture and every
# large tensor is taken from the system anew, a page fault for each 4 kB of it.
KEEPING = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1"
)


class Child:
    """A running WORKER. Its standard input carries orders; its end is the order to stop."""

    def __init__(self, assignment: Assignment, folder: Path) -> None:
        self._log = folder / f"{assignment.name}.log"
        self._asked_at = 0
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", WORKER],  # -P: the folder it is started in may hold an agent.py, a cv2.py
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=() if assignment.frames is None else (assignment.frames,),
                start_new_session=True,  # Ctrl-C is for the supervisor, who tells its children
                env=os.environ | QUIET | ONE_THREAD | KEEPING,
            )
        self.pid = self._process.pid
        self._stillness = Stillness(self.pid)
        self._toil = Toil(self.pid, Steps(steps_file(folder, assignment.name)))
        self._order(msgspec.json.encode(assignment))

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal that ended it."""
        return self._process.poll()

    def motion(self, now_s: float) -> Motion:
        """Whether it moves, as its system schedules it, since it was last heard of: see Stillness."""
        return self._stillness.motion(now_s)

    def worked_s(self, now_s: float) -> float:
        """How long it has been at work on its present step, by its own processor time: see Toil."""
        return self._toil.worked_s(now_s)

    def heard(self) -> None:
        """It has given a sign of life."""
        self._stillness.heard()

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

    def ask_for_stacks(self) -> None:
        """Have it write where all of its threads are, and do not wait. A stopped one is woken for it."""
        self._asked_at = self._size()
        self._process.send_signal(SIGUSR1)
        self._process.send_signal(SIGCONT)

    def stacks(self) -> str:
        """What it has written since it was asked."""
        return self._written(self._asked_at)

    def kill(self) -> None:
        """End it whether it listens or not, and do not wait."""
        self._process.kill()
        self.stop()

    def last_lines(self, count: int = 6) -> str:
        """The end of what it wrote to standard error."""
        return "\n".join(self._written(max(0, self._size() - _ENOUGH)).splitlines()[-count:])

    def _size(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0

    def _written(self, since: int) -> str:
        """What its log holds from that byte on."""
        try:
            with self._log.open("rb") as log:
                log.seek(since)
                return log.read(_ENOUGH).decode(errors="replace").strip()
        except OSError:
            return ""

    def _order(self, line: bytes) -> None:
        if self._process.stdin is None:
            return
        with suppress(BrokenPipeError):  # it may just have died, which its exit code will tell
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()

"""An order for a process of its own in, its answer out: recordings are opened by nobody who has more to lose.

As the encoders' processes do, such a process gives up the network, where the system lets it, before it reads anything.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys

from agent.errors import DeadpanError
from agent.isolation import IsolationError, leave_network, prepare
from agent.processes.child import ONE_THREAD, QUIET

_LINES = 4
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ReadingError(DeadpanError):
    """A recording could not be read once more. Its text says why."""


def ask(module: str, order: bytes) -> bytes:
    """Run a module with the order on its standard input; returns what it wrote. Raises ReadingError when it fails."""
    told = subprocess.run(
        [sys.executable, "-P", "-m", module],
        input=order,
        capture_output=True,
        check=False,
        env=os.environ | QUIET | ONE_THREAD,
    )
    if told.returncode != 0:
        lines = told.stderr.decode(errors="replace").strip().splitlines()[-_LINES:]
        raise ReadingError("\n".join([f"{module} ended with {told.returncode}", *lines]))
    return told.stdout


def confine() -> None:
    """Give up the network, where the system lets it (the scoring has said already whether it must), and do not outlive
    whoever asked: a film takes minutes.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    try:
        prepare()
        leave_network()
    except IsolationError:
        pass

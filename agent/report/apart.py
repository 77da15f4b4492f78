"""An order for a process of its own in, its answer out: recordings are opened by nobody who has more to lose.

As the encoders' processes do, such a process gives up the network, where the system lets it, before it reads anything.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress

from agent.errors import DeadpanError
from agent.isolation import leave_network_if_possible
from agent.processes.child import ONE_THREAD, QUIET

_LINES = 4
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ReadingError(DeadpanError):
    """A recording could not be read once more. Its text says why."""


def ask(module: str, order: bytes) -> bytes:
    """Run a module with the order on its standard input; returns what it wrote. Raises ReadingError when it fails."""
    return b"".join(follow(module, order))


def follow(module: str, order: bytes) -> Iterator[bytes]:
    """The lines that it writes, as they come. When they are not read to the end, it is ended. Raises ReadingError."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=os.environ | QUIET | ONE_THREAD,
        ) as process,
    ):
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both were asked for")
        try:
            with suppress(BrokenPipeError), process.stdin:  # it may have ended already: its exit code says so
                process.stdin.write(order)
            yield from process.stdout
        except BaseException:  # whoever reads has had enough, or is interrupted
            process.terminate()
            raise
        if process.wait() != 0:
            errors.seek(0)
            lines = errors.read().decode(errors="replace").strip().splitlines()[-_LINES:]
            raise ReadingError("\n".join([f"{module} ended with {process.returncode}", *lines]))


def confine() -> None:
    """Give up the network where that is possible, and do not outlive whoever asked: a film takes minutes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    leave_network_if_possible()

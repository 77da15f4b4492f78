"""A process of a session that goes wrong on command: run in place of agent.processes.worker.

The command is SIGUSR2; what is to go wrong stands in the file that FAULT names, in its surroundings:

    exception   something raises in the midst of its work
    hang        native code does not return, and keeps the interpreter's lock
    circles     native code goes round in circles, and keeps it, too
    growth      it takes 400 MB more, and goes on
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
from pathlib import Path
from types import FrameType

from agent.processes import worker

FAULT = "FAULT"
GROWTH_MB = 400

_hoard: list[bytes] = []


def go_wrong(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of signal handlers
    """Do what the file says, wherever the process is in its work."""
    match Path(os.environ[FAULT]).read_text():
        case "exception":
            raise RuntimeError("this went wrong on command")
        case "hang":
            hang_in_native_code()
        case "circles":
            go_round_in_circles()
        case "growth":
            _hoard.append(b"\1" * (GROWTH_MB * 1_000_000))


def hang_in_native_code() -> None:
    """Sleep in C without letting go of the lock, so that no other thread of the process runs either."""
    while True:  # a signal ends the sleep
        ctypes.PyDLL(None).sleep(3600)


def go_round_in_circles() -> None:
    """Look for something in 2 to the power of 64 ways."""
    re.match("(a+)+$", "a" * 64 + "b")


if __name__ == "__main__":
    signal.signal(signal.SIGUSR2, go_wrong)
    sys.exit(worker.main())

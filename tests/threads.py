"""How many threads this process has, those of native libraries too, and patience with those that are just ending."""

from __future__ import annotations

import threading
import time
from pathlib import Path

_SHOWN = Path("/proc/self/task")  # where Linux shows them
_PATIENCE_S = 20.0


def threads() -> int:
    """How many there are now."""
    return len(list(_SHOWN.iterdir())) if _SHOWN.is_dir() else threading.active_count()


def assert_no_more_threads_than(before: int) -> None:
    """Whoever waits for a thread's end goes on a moment before the system has taken it off its list."""
    ends_s = time.monotonic() + _PATIENCE_S
    while threads() > before:
        assert time.monotonic() < ends_s, f"{threads() - before} threads more than before"
        time.sleep(0.01)  # the system says nothing when it does

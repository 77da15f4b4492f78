"""A process, itself, in; how much memory it holds now out."""

from __future__ import annotations

import os
from pathlib import Path

_STATM = Path("/proc/self/statm")
_MB = 1_000_000


def resident_mb() -> float | None:
    """Resident memory in MB, files it has mapped included: proc_pid_statm(5). None on a system that does not say."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / _MB

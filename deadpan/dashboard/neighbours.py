"""A connection within this machine in, which of its users holds the other end out: Linux keeps a table (proc(5))."""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path

_TABLES = Path("/proc/net")
_LOCAL, _REMOTE, _USER = 1, 2, 7  # columns
_ROOT = 0  # which can see everything anyway


def is_own(theirs: tuple[str, int], ours: tuple[str, int], tables: Path = _TABLES, user: int | None = None) -> bool:
    """Whether the end `theirs` of a TCP connection to `ours`, each host and port, is held by a program of this user's,
    or root's. True where the system keeps no such table.
    """
    try:
        lines = (tables / ("tcp6" if ":" in theirs[0] else "tcp")).read_text().splitlines()[1:]
    except OSError:
        return True
    ends = [_written(*theirs), _written(*ours)]
    holders = {int(row[_USER]) for row in map(str.split, lines) if row[_LOCAL : _REMOTE + 1] == ends}
    return not holders.isdisjoint({os.getuid() if user is None else user, _ROOT})


def _written(host: str, port: int) -> str:
    """An end as the table has it: words of the address in the machine's order, then the port, in hexadecimal."""
    packed = ipaddress.ip_address(host).packed
    words = (int.from_bytes(packed[at : at + 4], sys.byteorder) for at in range(0, len(packed), 4))
    return f"{''.join(f'{word:08X}' for word in words)}:{port:04X}"

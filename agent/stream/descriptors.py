"""How many connections are wanted in, how many this process can hold out: each takes a descriptor of the system's.

libzmq aborts a process that has none left when somebody connects over ipc (errno EMFILE in accept, libzmq 4.3.5), and
systems begin with 1024 (Linux) or 256 (macOS), which is less than a crowd.
"""

from __future__ import annotations

import resource

MOST = 8192  # macOS gives no process more than some 10 000, whatever its limit says
_OWN = 64  # files, pipes and sockets of the process itself: some 40


def connections(wanted: int) -> int:
    """Raise this process's limit of descriptors as far as it may; return for how many connections there is room.

    Half of them: whoever is to be turned away has been let in by libzmq first, and many may come at once.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = MOST if hard == resource.RLIM_INFINITY else min(MOST, hard)
    if soft != resource.RLIM_INFINITY and soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    return max(1, min(wanted, (max(soft, possible) - _OWN) // 2))

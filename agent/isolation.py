"""A process with the machine's network in; the same process, or one thread of it, without any out (Linux).

It is given a network namespace of its own, in which there is nothing, not even a loopback address that is up: see
network_namespaces(7) and unshare(2). Sockets that are open already, local (unix) sockets and files go on working.
Whoever lacks the right to make one makes a user namespace first, in which they have it: user_namespaces(7).
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from agent.errors import DeadpanError

T = TypeVar("T")

_CLONE_NEWUSER, _CLONE_NEWNET = 0x1000_0000, 0x4000_0000  # linux/sched.h
_CAP_SYS_ADMIN = 21  # linux/capability.h
_PATIENCE_S = 10.0


class IsolationError(DeadpanError):
    """The system does not let a process give up its network. Its text says why."""


def prepare() -> None:
    """Gain the right to give the network up later. Raises IsolationError.

    Call it before the process has a second thread: the system refuses it after.
    """
    if _is_privileged():
        return
    user, group = os.geteuid(), os.getegid()
    _unshare(_CLONE_NEWUSER, "user")
    own = Path("/proc/self")
    try:  # everybody stays who they are: sound servers and sockets look at that
        (own / "setgroups").write_text("deny")
        (own / "uid_map").write_text(f"{user} {user} 1")
        (own / "gid_map").write_text(f"{group} {group} 1")
    except OSError as error:
        raise IsolationError(f"the system allows no user namespace: {error.strerror}") from error


def leave_network() -> None:
    """Give the network up, for this thread and all that it starts from now on. Raises IsolationError."""
    _unshare(_CLONE_NEWNET, "network")


def leave_network_if_possible() -> None:
    """Give the network up where the system lets it: for a process beside a session, which has said whether it must."""
    with suppress(IsolationError):
        prepare()
        leave_network()


class Outside:
    """A thread that keeps the network when, after it was made, the others give it up."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "outside")
        self._thread.submit(int).result()  # threads are begun when there is something to do

    def call(self, make: Callable[[], T]) -> T:
        """What `make` returns, or raises, in that thread. Threads that it starts keep the network too."""
        return self._thread.submit(make).result()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()


def obstacle() -> str:
    """Why this system lets nobody give up the network; empty where it does. A process of its own tries it."""
    if sys.platform != "linux":
        return "only Linux can cut a process off from the network"
    command = [sys.executable, "-P", "-m", __name__]
    tried = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    return "" if tried.returncode == 0 else tried.stdout.strip() or f"trying it ended with {tried.returncode}"


def _is_privileged() -> bool:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    capabilities = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return capabilities is not None and bool(int(capabilities[1], 16) >> _CAP_SYS_ADMIN & 1)


def _unshare(flags: int, what: str) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise IsolationError(f"the system allows no {what} namespace: {reason}")


def _main() -> int:
    try:
        prepare()
        leave_network()
    except IsolationError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())

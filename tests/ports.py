"""A port that nobody listens at out, for a program that is told where to listen, whatever else the machine does."""

from __future__ import annotations

import random
import socket

_FIRST, _LAST = 10_000, 30_000
"""Below those that systems give to whoever connects somewhere, or asks for any: one of them may be taken at once."""


def free_port() -> int:
    """A port of the loopback interface that nobody has."""
    for port in random.SystemRandom().sample(range(_FIRST, _LAST), 100):
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("this machine has no free port")

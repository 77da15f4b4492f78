"""A hostile subscriber, speaking ZMTP 3.0 by hand: python -m tests.stand_ins.nuisance KIND ENDPOINT

It does its worst until it has done enough, has been cut off for good, or some seconds have passed, and prints what it
managed.
"""

from __future__ import annotations

import itertools
import os
import resource
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 3) + b"SUB"
_PATIENCE_S = 10
_ATTEMPTS = 10
_ENOUGH_S = 8.0  # on a slow machine it leaves before it has done all it could: those it bothers do not last for ever
_ENDS_S = time.monotonic() + _ENOUGH_S


def frame(body: bytes, *, command: bool = False) -> bytes:
    """A frame of ZMTP 3.0 that is the last of its message."""
    kind = 4 if command else 0
    if len(body) < 256:
        return bytes([kind, len(body)]) + body
    return bytes([kind | 2]) + struct.pack(">Q", len(body)) + body


def reach(endpoint: str) -> socket.socket:
    """A connection on which nothing has been said."""
    if endpoint.startswith("ipc://"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_PATIENCE_S)
        connection.connect(endpoint.removeprefix("ipc://"))
        return connection
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    connection = socket.socket(socket.AF_INET)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)  # so that what is sent is sent to the agent
    connection.settimeout(_PATIENCE_S)
    connection.connect((host, int(port)))
    return connection


def greeted(endpoint: str) -> socket.socket:
    """A connection whose handshake is over."""
    connection = reach(endpoint)
    connection.sendall(GREETING + frame(READY, command=True))
    heard = b""
    while len(heard) < 64 or not heard[64:].endswith(b"XPUB"):
        heard += _some(connection)
    return connection


def subscribed(endpoint: str) -> socket.socket:
    """A connection that has subscribed to everything."""
    connection = greeted(endpoint)
    connection.sendall(frame(b"\x01deadpan/1/"))
    return connection


def topics(endpoint: str) -> str:
    """A million topics, all different."""
    return _flood(endpoint, lambda n: frame(b"\x01deadpan/1/%014d" % n), 1_000_000)


def storm(endpoint: str) -> str:
    """One topic, subscribed to and given up again half a million times."""
    pair = frame(b"\x01deadpan/1/default/estimate") + frame(b"\x00deadpan/1/default/estimate")
    return _flood(endpoint, lambda _: pair, 500_000)


def oversized(endpoint: str) -> str:
    """Frames of megabytes, and some that say they are far larger."""
    announced = b"\x02" + struct.pack(">Q", 1 << 60)
    return _flood(endpoint, lambda n: announced if n % 2 else frame(b"\x01" + b"x" * 1_000_000), 20)


def long_topics(endpoint: str) -> str:
    """Topics of a kilobyte."""
    return _flood(endpoint, lambda n: frame(b"\x01" + b"%08d" % n * 120), 100_000)


def costly_topics(endpoint: str) -> str:
    """Topics as long as they may be, all different from their beginning, as fast as they can be sent."""
    return _flood(endpoint, lambda n: frame(b"\x01" + b"%010d" % n * 10), 20_000, at_once=20_000)


def garbage(endpoint: str) -> str:
    """Bytes that are no ZMTP, before the handshake and after it."""
    sent = 0
    for attempt in _in_time(range(2 * _ATTEMPTS)):
        try:
            with (greeted if attempt % 2 else reach)(endpoint) as connection:
                for _ in range(20):
                    connection.sendall(os.urandom(5000))
                    sent += 1
        except OSError:
            continue
    return f"{sent} times"


def half_open(endpoint: str) -> str:
    """A crowd that connects and says nothing, or half a greeting."""
    crowd = _crowd(endpoint, 900, reach)
    for connection in crowd[::2]:
        try:
            connection.sendall(GREETING[:30])
        except OSError:
            continue
    return f"{_left(crowd)} of {len(crowd)} connections left"


def crowd(endpoint: str) -> str:
    """Thousands of connections, one after the other, that subscribe and stay, as long as they may."""
    total = 0
    for _ in _in_time(range(3)):
        crowd = _crowd(endpoint, 900, subscribed)
        total += len(crowd)
        for connection in crowd:
            connection.close()
    return f"{total} connections"


def deaf(endpoint: str) -> str:
    """Subscribers that never read, and stay until they are ended."""
    crowd = _crowd(endpoint, 50, subscribed)
    sys.stdout.write(f"{len(crowd)} deaf\n")
    sys.stdout.flush()
    sys.stdin.read()
    sys.exit()  # whoever would read more of us is gone


def _flood(endpoint: str, made: Callable[[int], bytes], count: int, at_once: int = 1000) -> str:
    sent, begun = 0, False
    for _ in _in_time(range(_ATTEMPTS)):
        try:
            with greeted(endpoint) as connection:
                if not begun:
                    sys.stdout.write("let in\n")
                    sys.stdout.flush()
                    begun = bool(sys.stdin.readline())
                while sent < count and time.monotonic() < _ENDS_S:
                    step = min(at_once, count - sent)
                    connection.sendall(b"".join(made(n) for n in range(sent, sent + step)))
                    sent += step
                return f"{sent} sent"
        except OSError:  # cut off; so again
            continue
    return f"{sent} of {count} sent, then refused"


def _crowd(endpoint: str, count: int, made: Callable[[str], socket.socket]) -> list[socket.socket]:
    crowd = []
    for _ in _in_time(range(count)):
        try:
            crowd.append(made(endpoint))
        except OSError:
            continue
    return crowd


def _in_time(steps: range) -> Iterator[int]:
    """The steps for which there is time."""
    return itertools.takewhile(lambda _: time.monotonic() < _ENDS_S, steps)


def _left(crowd: list[socket.socket]) -> int:
    """How many are still connected, once those that were cut off have been told; closes them all."""
    left = 0
    for connection in crowd:
        connection.setblocking(False)
        try:
            while _some(connection):
                pass
        except BlockingIOError:
            left += 1
        except OSError:
            continue
        finally:
            connection.close()
    return left


def _some(connection: socket.socket) -> bytes:
    received = connection.recv(4096)
    if not received:
        raise ConnectionResetError("cut off")
    return received


FLOODS = (topics, storm, oversized, long_topics, costly_topics)
"""They say so when they are let in, and wait for a line before they begin: a flood keeps others from being let in."""
KINDS: dict[str, Callable[[str], str]] = {each.__name__: each for each in (*FLOODS, garbage, half_open, crowd, deaf)}

if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
    sys.stdout.write(KINDS[sys.argv[1]](sys.argv[2]) + "\n")

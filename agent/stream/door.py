"""A guarded public socket: messages in, subscribers' wishes out, and nobody in who has no business here.

An XPUB socket with what libzmq leaves to the application: its handshakes are answered (ZAP, ZeroMQ RFC 27), with CURVE
keys (RFC 26) or without; its connections are watched (socket monitor) and cut off on the doorman's word. One thread
uses it, and waits on `sockets`.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Collection
from dataclasses import replace

import zmq
from zmq.utils import z85

from agent.stream.descriptors import connections
from agent.stream.doorman import Doorman, Limits
from agent.stream.endpoint import Socket, bind
from agent.stream.keyring import Keyring
from deadpan.endpoints import local_path
from deadpan.messages import SPEC, root

OURS = f"deadpan/{SPEC}/".encode()
SKETCHES = root("sketch")
DEPTH = 200  # messages waiting for one slow subscriber: some 20 s; then it loses, nobody else does
_ROUND = 200  # requests, arrivals or handshakes attended to before it is looked whether there is something to publish
_EXPEL_NS = 1_000_000_000  # how often it is looked whose keys have been removed
_ZAP = "inproc://zeromq.zap.01"
_REFUSALS = zmq.EVENT_HANDSHAKE_FAILED_AUTH | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
_OPTIONS = (
    (zmq.SNDHWM, DEPTH),
    (zmq.LINGER, 200),
    (zmq.IPV6, 1),
    (zmq.XPUB_VERBOSER, 1),  # every request is seen, and so can be counted
    # Few requests wait inside libzmq, which otherwise reads a flood for seconds before it returns from any call.
    (zmq.RCVHWM, 4),
    (zmq.RCVBUF, 8192),
    (zmq.SNDBUF, 131_072),  # what the system may hold for a subscriber that does not read
    (zmq.HANDSHAKE_IVL, 5000),  # whoever connects and says nothing
    # With a domain libzmq asks us of every peer, and refuses those of ZMTP 1 and 2, whose requests carry no descriptor.
    (zmq.ZAP_DOMAIN, b"deadpan"),
    (zmq.ZAP_ENFORCE_DOMAIN, 1),
)
# Bytes: subscribers only send topics. A topic takes libzmq 50 for each of its own, and a long one so much time that its
# sender keeps up: then libzmq goes on reading, and returns from no call before the flood is over. The handshake of
# CURVE needs more, but whoever gets beyond that has a key.
_LONGEST, _LONGEST_KEYED = 128, 512
_TCP_OPTIONS = (
    # A peer that vanished without a word is noticed, and forgotten. The system asks, not ZeroMQ: its heartbeats abort a
    # process that has been kept from reading for longer than they wait (libzmq issues 3937 and 4767, in 4.3.5 too).
    (zmq.TCP_KEEPALIVE, 1),
    (zmq.TCP_KEEPALIVE_IDLE, 5),
    (zmq.TCP_KEEPALIVE_INTVL, 5),
    (zmq.TCP_KEEPALIVE_CNT, 3),
    (zmq.TCP_MAXRT, 30_000),
)


class Door:
    """The public socket of one endpoint, with its doorman. With a keyring, whoever holds none of its keys stays out."""

    def __init__(
        self,
        context: zmq.Context[Socket],
        endpoint: str,
        keyring: Keyring | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Raises PublishError when the endpoint cannot be had."""
        self._endpoint, self._path, self._keyring = endpoint, local_path(endpoint), keyring
        self._knows_processes = self._path is not None and keyring is None
        limits = limits or Limits()
        self._doorman = Doorman(replace(limits, connections=connections(limits.connections)))
        self._identities: dict[int, int] = {}
        self._looked_ns = 0
        self.is_watched = False
        """Whether anybody has subscribed to sketches."""
        self._handshakes = context.socket(zmq.REP)
        self._handshakes.bind(_ZAP)
        self._socket = context.socket(zmq.XPUB)
        for option, value in _OPTIONS if self._path is not None else _OPTIONS + _TCP_OPTIONS:
            self._socket.setsockopt(option, value)
        self._socket.setsockopt(zmq.MAXMSGSIZE, _LONGEST if keyring is None else _LONGEST_KEYED)
        if keyring is not None:
            self._socket.setsockopt(zmq.CURVE_SERVER, 1)
            self._socket.setsockopt(zmq.CURVE_SECRETKEY, keyring.secret)
        self._monitor: Socket = self._socket.get_monitor_socket(zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED | _REFUSALS)
        bind(self._socket, endpoint)

    @property
    def sockets(self) -> tuple[Socket, ...]:
        """Those on which something may arrive."""
        return self._monitor, self._handshakes, self._socket

    @property
    def counters(self) -> dict[str, int]:
        """See Doorman."""
        return self._doorman.counters

    def send(self, frames: list[bytes]) -> None:
        """Publish; never waits."""
        self._socket.send_multipart(frames, zmq.NOBLOCK)

    def attend(self, ready: Collection[Socket], now_ns: int) -> set[bytes]:
        """Take what has arrived; return the prefixes that were subscribed to and reach this stream's topics."""
        if self._monitor in ready:
            self._watch(now_ns)
        if self._handshakes in ready:
            self._answer(now_ns)
        wanted = self._hear(now_ns) if self._socket in ready else set()
        if self._keyring is not None and now_ns - self._looked_ns >= _EXPEL_NS:
            self._looked_ns = now_ns
            authorised = self._keyring.authorised()
            self._cut(self._doorman.expel(lambda peer: peer.encode() in authorised))
        if self._socket in ready or self._monitor in ready:
            self.is_watched = self._doorman.is_held(SKETCHES)
        return wanted

    def close(self) -> None:
        """Let nobody in any more; what was sent last still has a moment to leave."""
        self._socket.disable_monitor()
        for each in (self._monitor, self._handshakes, self._socket):
            each.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _watch(self, now_ns: int) -> None:
        for _ in range(_ROUND):
            if not self._monitor.poll(0):
                return
            event, connection = struct.unpack("=hi", self._monitor.recv_multipart()[0])
            if event == zmq.EVENT_ACCEPTED:
                self._identities[connection], peer = _identified(connection, asked_for_process=self._knows_processes)
                self._cut(self._doorman.arrive(connection, peer, now_ns))
            elif event == zmq.EVENT_DISCONNECTED:
                self._doorman.leave(connection)
                self._identities.pop(connection, None)
            else:
                self._doorman.refuse()

    def _answer(self, now_ns: int) -> None:
        """Say whether who wants to come in may (ZAP)."""
        for _ in range(_ROUND):
            if not self._handshakes.poll(0):
                return
            version, request, _domain, address, _identity, mechanism, *credentials = self._handshakes.recv_multipart()
            peer = ""
            if self._keyring is not None:
                peer = z85.encode(credentials[0]).decode() if mechanism == b"CURVE" else ""
                known = peer.encode() in self._keyring.authorised()
            else:
                known = True
                if self._knows_processes:
                    peer = _process(address.rpartition(b":")[2].decode())
            granted = known and self._doorman.admit(peer, now_ns)
            status = [b"200", b"OK", peer.encode() if self._keyring else b""] if granted else [b"400", b"no", b""]
            self._handshakes.send_multipart([version, request, *status, b""])

    def _hear(self, now_ns: int) -> set[bytes]:
        wanted = set()
        for _ in range(_ROUND):
            try:
                frame = self._socket.recv(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                break
            request = frame.bytes
            try:
                connection, peer = int(frame.get("__fd")), frame.get("User-Id") if self._keyring else ""
            except zmq.ZMQError:  # libzmq's own, on behalf of a connection that has ended
                continue
            self._cut(self._doorman.ask(connection, str(peer), request, now_ns))
            if request[:1] == b"\x01" and reaches_ours(request[1:]):
                wanted.add(request[1:])
        return wanted

    def _cut(self, connections: list[int]) -> None:
        for connection in connections:
            _shut(connection, self._identities.pop(connection, None))


def reaches_ours(wanted: bytes) -> bool:
    """Whether a subscription to this prefix can receive anything of this specification."""
    return wanted.startswith(OURS) or OURS.startswith(wanted)


def _identified(connection: int, *, asked_for_process: bool) -> tuple[int, str]:
    """The number that the system gave a connection, which no other has, and the process behind it where it tells."""
    try:
        with socket.socket(fileno=os.dup(connection)) as duplicate:
            number = os.fstat(duplicate.fileno()).st_ino
            if not asked_for_process or not hasattr(socket, "SO_PEERCRED"):
                return number, ""
            process, _, _ = struct.unpack("3i", duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            return number, _process(str(process))
    except OSError:  # gone already
        return 0, ""


def _process(number: str) -> str:
    return f"process {number}" if number.isdigit() and number != "0" else ""


def _shut(connection: int, identity: int | None) -> None:
    """End a connection of libzmq's, which notices and lets go of all that it held.

    A descriptor's number may be another's by now: the duplicate cannot, and its identity says whose it is.
    """
    try:
        with socket.socket(fileno=os.dup(connection)) as duplicate:
            if os.fstat(duplicate.fileno()).st_ino != identity:
                return
            duplicate.shutdown(socket.SHUT_RDWR)
            for _ in range(64):  # what it has sent is not worth reading; a system's buffer is never larger than this
                if not duplicate.recv(65_536, socket.MSG_DONTWAIT):
                    return
    except OSError:  # it has ended of itself, or nothing is left to read
        return

"""Messages in, a public ZeroMQ stream out: XPUB with a welcome and the last values for whoever comes late."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import zmq

from agent.errors import DeadpanError
from deadpan.messages import SPEC, Message, to_json, topic, type_name

_OURS = f"deadpan/{SPEC}/".encode()
_DEPTH = 200  # messages waiting for one slow subscriber: some 20 s; then it loses, nobody else does


class PublishError(DeadpanError):
    """The stream cannot be published there. Its text says why and what to do."""


def check_endpoint(endpoint: str) -> None:
    """Refuse an endpoint that would let other machines read the stream, or that is none. Raises PublishError."""
    scheme, _, address = endpoint.partition("://")
    if scheme == "ipc" and address:
        return
    if scheme != "tcp":
        raise PublishError(f"cannot publish at {endpoint}: use tcp://127.0.0.1:PORT or ipc:///path")
    parts = urlsplit(endpoint)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise PublishError(f"cannot publish at {endpoint}: its port is no number") from error
    if port is None:
        raise PublishError(f"cannot publish at {endpoint}: it names no port; for example tcp://127.0.0.1:5737")
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise PublishError(
            f"refusing to publish at {endpoint}: anyone who reaches that address could read how you feel. "
            "Publish at tcp://127.0.0.1:PORT or ipc:///path and tunnel it."
        )


def _claim(path: Path) -> None:
    """Make sure that binding there takes nothing from anybody: ZeroMQ would unlink whatever is in its way."""
    if not path.parent.is_dir():
        raise PublishError(f"cannot publish at ipc://{path}: there is no folder {path.parent}")
    if not path.exists():
        return
    if not path.is_socket():
        raise PublishError(f"cannot publish at ipc://{path}: a file is there; choose another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return  # whoever left it is gone
    raise PublishError(f"ipc://{path} is taken: is another deadpan running? Stop it, or choose with --publish ENDPOINT")


class Publisher:
    """The public socket. Publishing never blocks: a subscriber that does not read loses messages, nobody else does."""

    def __init__(self, endpoint: str, encoding: str) -> None:
        check_endpoint(endpoint)
        self._pack = to_json if encoding == "json" else msgspec.msgpack.encode
        self._last: dict[bytes, bytes] = {}
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.SNDHWM, _DEPTH)
        self._socket.setsockopt(zmq.LINGER, 200)
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._socket.setsockopt(zmq.IPV6, 1)
        self._socket.setsockopt(zmq.MAXMSGSIZE, 4096)  # subscribers only send topics
        self._path = Path(endpoint.removeprefix("ipc://")) if endpoint.startswith("ipc://") else None
        try:
            if self._path is not None:
                _claim(self._path)
            self._socket.bind(endpoint.replace("localhost", "127.0.0.1"))
        except PublishError:
            self._context.destroy(linger=0)
            raise
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            if error.errno == zmq.EADDRINUSE:
                raise PublishError(
                    f"{endpoint} is taken: is another deadpan running? Stop it, or choose with --publish ENDPOINT"
                ) from error
            raise PublishError(f"cannot publish at {endpoint}: {error.strerror}") from error
        self.published = 0

    def publish(self, message: Message) -> None:
        name = type_name(message)
        address, body = topic(message.stream, name), self._pack(message)
        self._last[address] = body
        self._send(address, body)

    def greet_newcomers(self, welcome: Callable[[], Message]) -> None:
        """Answer new subscriptions: a welcome, then the last value of each type subscribed to."""
        for _ in range(100):  # a subscriber that floods us with subscriptions waits for its answers
            try:
                request = self._socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return
            wanted = request[1:]
            if request[:1] != b"\x01" or not (wanted.startswith(_OURS) or _OURS.startswith(wanted)):
                continue
            greeting = welcome()
            self._send(topic(greeting.stream, "welcome"), self._pack(greeting))
            for address, body in self._last.items():
                if address.startswith(wanted):
                    self._send(address, body)

    def close(self) -> None:
        self._socket.close()
        self._context.term()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _send(self, address: bytes, body: bytes) -> None:
        self._socket.send_multipart([address, body], zmq.NOBLOCK)
        self.published += 1

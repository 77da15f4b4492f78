"""An endpoint in; whether only this machine reaches it, and a socket bound there, out: private, and nobody else's."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import zmq

from deadpan.errors import EndpointError
from deadpan.loopback import is_loopback, private_path


def check_local(endpoint: str) -> None:
    """Refuse what is no endpoint, or one that other machines reach. Raises EndpointError, which says what to use."""
    scheme, _, address = endpoint.partition("://")
    if scheme == "ipc" and address.startswith("/"):
        return
    if scheme != "tcp":
        raise EndpointError(f"{endpoint} is no endpoint: use ipc:///path or tcp://127.0.0.1:PORT")
    parts = urlsplit(endpoint)
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise EndpointError(f"the port of {endpoint} is no number from 1 to 65535") from error
    if not port:
        raise EndpointError(f"{endpoint} names no port; for example tcp://127.0.0.1:5738")
    if not is_loopback(host):
        raise EndpointError(
            f"{endpoint} leads beyond this machine, and sound and pictures stay on it: use ipc:///path or"
            " tcp://127.0.0.1:PORT, and tunnel it if you must"
        )


def local_path(endpoint: str) -> Path | None:
    """The file of an ipc endpoint; None for another."""
    return Path(endpoint.removeprefix("ipc://")) if endpoint.startswith("ipc://") else None


def bind_private(listening: zmq.Socket[bytes], endpoint: str) -> None:
    """Bind to a local endpoint; an ipc file is this user's alone (0600) from its first moment.

    ZeroMQ would unlink whatever is in its way; here only a socket that nobody listens at gives way. Who closes the
    socket removes the file. Raises EndpointError.
    """
    check_local(endpoint)
    path = local_path(endpoint)
    if path is None:
        _bind(listening, endpoint.replace("localhost", "127.0.0.1"), endpoint)
        return
    with private_path(path, endpoint) as hidden:
        _bind(listening, f"ipc://{hidden}", endpoint)


def _bind(listening: zmq.Socket[bytes], address: str, endpoint: str) -> None:
    try:
        listening.bind(address)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            raise EndpointError(f"{endpoint} is taken: choose another, or stop who holds it") from error
        raise EndpointError(f"cannot use {endpoint}: {error.strerror}") from error

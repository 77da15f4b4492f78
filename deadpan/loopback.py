"""An address in, a socket out that listens there: where no other machine, or no other user, can reach it."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from deadpan.errors import EndpointError

_LONGEST_PATH = 100  # the address of a local socket may have some hundred bytes and no more
_WAITING = 128  # connections that the system keeps for us while we are busy
_SEND_BYTES = 1 << 16  # what the system holds for a client that does not read; by default it would be minutes of stream


def is_loopback(host: str) -> bool:
    """Whether a name or address, without port and brackets, is surely this machine itself. Nobody is asked."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def listen(address: str) -> socket.socket:
    """Listen at `HOST:PORT`; port 0 takes a free one. HOST is a loopback address or localhost.

    Raises EndpointError when it is no address, one that others could reach, or taken.
    """
    host, port = _host_and_port(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
        listening.setblocking(False)
        listening.bind((host, port))
        listening.listen(_WAITING)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise EndpointError(f"{address} is taken: stop what listens there, or choose with --listen") from error
        raise EndpointError(f"cannot listen at {address}: {error.strerror}") from error
    return listening


def listen_at(path: Path) -> socket.socket:
    """Listen at a local socket that this user alone may use. Raises EndpointError. Who closes it removes the file."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
        listening.setblocking(False)
        with private_path(path, str(path)) as hidden:
            listening.bind(str(hidden))
            listening.listen(_WAITING)
    except BaseException:
        listening.close()
        raise
    return listening


@contextmanager
def private_path(path: Path, name: str) -> Iterator[Path]:
    """Where to bind instead of at `path`: what is bound there appears at `path` as this user's alone (0600).

    Nothing is taken from anybody: only a socket that nobody listens at gives way. Raises EndpointError, which calls the
    path by `name`.
    """
    _refuse_what_is_there(path, name)
    try:
        # Bound where nobody else can look, and shown once its mode is right.
        with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as folder:
            hidden = Path(folder, "s")
            yield hidden
            hidden.chmod(0o600)
            hidden.replace(path)
    except OSError as error:
        raise EndpointError(f"cannot use {name}: {error.strerror}") from error


def spoken(listening: socket.socket) -> str:
    """Where a socket listens, as HOST:PORT."""
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _host_and_port(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise EndpointError(f"cannot listen at {address}: it should look like 127.0.0.1:PORT") from error
    if port is None or parts.netloc != address or parts.username is not None:
        raise EndpointError(f"cannot listen at {address}: it should look like 127.0.0.1:PORT")
    if not is_loopback(host):
        raise EndpointError(
            f"refusing to listen at {address}: anyone who reaches that address could read how you feel. "
            "Listen at 127.0.0.1:PORT and tunnel it, for example with ssh -L."
        )
    return ("127.0.0.1" if host == "localhost" else host), port


def _refuse_what_is_there(path: Path, name: str) -> None:
    """Raise EndpointError unless binding to this path takes nothing from anybody."""
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise EndpointError(f"{name} is too long for the address of a local socket; choose a shorter path")
    if not path.parent.is_dir():
        raise EndpointError(f"cannot use {name}: there is no folder {path.parent}")
    if not path.exists():
        return
    if not path.is_socket():
        raise EndpointError(f"cannot use {name}: a file is there; choose another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return  # whoever left it is gone
    raise EndpointError(f"{name} is taken: choose another, or stop who holds it")

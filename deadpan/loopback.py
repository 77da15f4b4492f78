"""HOST:PORT in, a socket out that listens there: on this machine alone, where no other one can reach it."""

from __future__ import annotations

import errno
import ipaddress
import socket
from urllib.parse import urlsplit

from deadpan.errors import EndpointError

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

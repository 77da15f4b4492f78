"""An endpoint in; whether a stream may be published there, and a socket bound to it, out."""

from __future__ import annotations

from typing import TypeAlias
from urllib.parse import urlsplit

import zmq

from agent.errors import DeadpanError
from deadpan.endpoints import bind_private, check_local
from deadpan.errors import EndpointError
from deadpan.loopback import is_loopback

Socket: TypeAlias = "zmq.Socket[bytes]"


class PublishError(DeadpanError):
    """The stream cannot be published there. Its text says why and what to do."""


def check_endpoint(endpoint: str, *, keyed: bool = False) -> None:
    """Refuse an endpoint that is none, or one that other machines reach although no keys are asked for.

    Raises PublishError.
    """
    if is_local(endpoint):
        try:
            check_local(endpoint)
        except EndpointError as error:
            raise PublishError(f"cannot publish at {endpoint}: {error}") from error
        return
    if not endpoint.startswith("tcp://"):
        raise PublishError(f"cannot publish at {endpoint}: use tcp://127.0.0.1:PORT or ipc:///path")
    try:
        port = urlsplit(endpoint).port
    except ValueError as error:
        raise PublishError(f"cannot publish at {endpoint}: its port is no number") from error
    if port is None:
        raise PublishError(f"cannot publish at {endpoint}: it names no port; for example tcp://127.0.0.1:5737")
    if not keyed:
        raise PublishError(
            f"refusing to publish at {endpoint}: anyone who reaches that address could read how you feel. Make keys"
            " with: deadpan keys new NAME, and publish with --keys FOLDER; or publish at tcp://127.0.0.1:PORT or"
            " ipc:///path and tunnel it."
        )


def is_local(endpoint: str) -> bool:
    """Whether only this machine reaches the endpoint: a path, or a loopback address."""
    scheme, _, _ = endpoint.partition("://")
    try:
        return scheme == "ipc" or (scheme == "tcp" and is_loopback(urlsplit(endpoint).hostname or ""))
    except ValueError:  # brackets that do not match
        return False


def reachable(endpoint: str) -> str:
    """Where this machine itself reaches what is published at an endpoint, be it at all its addresses."""
    for everywhere, here in (("//0.0.0.0:", "//127.0.0.1:"), ("//*:", "//127.0.0.1:"), ("//[::]:", "//[::1]:")):
        endpoint = endpoint.replace(everywhere, here)
    return endpoint


def bind(bound: Socket, endpoint: str) -> None:
    """Bind there, taking nothing from anybody; a local socket is its owner's alone (0600). Raises PublishError."""
    try:
        if is_local(endpoint):
            bind_private(bound, endpoint)
        else:
            bound.bind(endpoint)
    except EndpointError as error:
        told = f"{error}. Is another deadpan running? --publish ENDPOINT chooses where"
        raise PublishError(f"cannot publish there: {told}") from error
    except zmq.ZMQError as error:
        raise PublishError(f"cannot publish at {endpoint}: {error.strerror}") from error

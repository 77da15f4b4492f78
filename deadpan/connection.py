"""An endpoint, topics and a key in, a subscribed socket out: before the agent starts, and after every restart of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import zmq

from deadpan.errors import EndpointError

DEFAULT_ENDPOINT = "tcp://127.0.0.1:5737"
"""Where `deadpan run` publishes unless told otherwise."""

_DEPTH = 1000  # messages waiting for a reader that is slow: about a minute; older ones are dropped by the publisher
_RETRY_MS, _MOST_RETRY_MS = 100, 1000  # between two attempts to connect, doubled from one to the other
_MOST_BYTES = 1 << 20  # the longest message there may be; nobody can fill a subscriber's memory with one
_OPTIONS = (
    (zmq.LINGER, 0),
    (zmq.MAXMSGSIZE, _MOST_BYTES),
    (zmq.RCVHWM, _DEPTH),
    (zmq.IPV6, 1),
    (zmq.RECONNECT_IVL, _RETRY_MS),
    (zmq.RECONNECT_IVL_MAX, _MOST_RETRY_MS),
    # A machine that went away closes no connection: ask it after 2 s of silence, and give it up after 6. The system
    # asks, and not ZeroMQ: its heartbeats abort the whole process of a subscriber that has stopped reading for longer
    # than they wait, once it reads again (libzmq issues 3937 and 4767, in 4.3.5 too).
    (zmq.TCP_KEEPALIVE, 1),
    (zmq.TCP_KEEPALIVE_IDLE, 2),
    (zmq.TCP_KEEPALIVE_INTVL, 2),
    (zmq.TCP_KEEPALIVE_CNT, 2),
    (zmq.TCP_MAXRT, 6000),  # what is sent while it goes away would else be tried for a quarter of an hour
)


def open_socket(key: str | Path | None = None) -> zmq.Socket[bytes]:
    """A socket to subscribe with, connected to nobody yet. Raises AccessError when the key cannot be used."""
    held = None
    if key is not None:
        from deadpan import keys  # here, because most subscribers have none

        held = keys.read(key)
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
    for option, value in _OPTIONS:
        socket.setsockopt(option, value)
    if held is not None:
        socket.setsockopt(zmq.CURVE_SERVERKEY, held.agent_public)
        socket.setsockopt(zmq.CURVE_PUBLICKEY, held.public)
        socket.setsockopt(zmq.CURVE_SECRETKEY, held.secret)
    return socket


def join(socket: zmq.Socket[bytes], endpoint: str, topics: Iterable[bytes]) -> None:
    """Subscribe to every topic that begins with one of `topics`. Raises EndpointError when the endpoint cannot be one.

    Each message received is a list of frames: topic, body. Whether anybody publishes there does not matter yet.
    """
    for topic in topics:
        socket.setsockopt(zmq.SUBSCRIBE, topic)
    try:
        socket.connect(endpoint)
    except (zmq.ZMQError, UnicodeError, ValueError) as error:
        raise EndpointError(
            f"cannot subscribe to {endpoint}: {error}; it should look like {DEFAULT_ENDPOINT}"
        ) from error


def rejoin(socket: zmq.Socket[bytes], endpoint: str) -> None:
    """Connect anew where ZeroMQ has given up, as it does after a refusal and after a message that is none."""
    with suppress(zmq.ZMQError):  # it has forgotten the endpoint already
        socket.disconnect(endpoint)
    socket.connect(endpoint)

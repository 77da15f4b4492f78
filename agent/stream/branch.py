"""A proxy's address in, a second way out of the agent: messages to the proxy, its subscribers' wishes back."""

from __future__ import annotations

import zmq

from agent.stream.door import DEPTH, SKETCHES, reaches_ours
from agent.stream.endpoint import PublishError, Socket, check_endpoint, is_local

_ROUND = 100
_OPTIONS = (
    (zmq.SNDHWM, DEPTH),
    (zmq.LINGER, 200),
    (zmq.IPV6, 1),
    (zmq.XPUB_VERBOSE, 1),
    (zmq.MAXMSGSIZE, 1024),
    (zmq.RECONNECT_IVL, 100),
    (zmq.RECONNECT_IVL_MAX, 2000),
)


class Branch:
    """Connected to a proxy, now or whenever it is there. What is sent while it is away is lost, as on the stream."""

    def __init__(self, context: zmq.Context[Socket], bus: str) -> None:
        """Raises PublishError when that is no endpoint."""
        self.is_watched = False
        """Whether somebody at the proxy has subscribed to sketches."""
        self.socket = context.socket(zmq.XPUB)
        for option, value in _OPTIONS:
            self.socket.setsockopt(option, value)
        try:
            self.socket.connect(bus)
        except zmq.ZMQError as error:
            raise PublishError(f"cannot join the proxy at {bus}: {error.strerror}") from error

    def send(self, frames: list[bytes]) -> None:
        """Publish; never waits."""
        self.socket.send_multipart(frames, zmq.NOBLOCK)

    def asked(self) -> set[bytes]:
        """The prefixes that were subscribed to since this was last asked, and reach this stream's topics."""
        wanted = set()
        for _ in range(_ROUND):
            try:
                request = self.socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                break
            if request[1:].startswith(SKETCHES):  # the proxy's own wish, on behalf of all who have it
                self.is_watched = request[:1] == b"\x01"
            elif request[:1] == b"\x01" and reaches_ours(request[1:]):
                wanted.add(request[1:])
        return wanted

    def close(self) -> None:
        """Leave the proxy."""
        self.socket.close()


def check_bus(bus: str) -> None:
    """Refuse a proxy on another machine: what goes to it is not encrypted. Raises PublishError."""
    check_endpoint(bus, keyed=True)
    if not is_local(bus):
        raise PublishError(
            f"refusing to join a proxy at {bus}: it is on another machine, and what goes there is not encrypted;"
            " run deadpan proxy here, with --keys, and let the others subscribe to that"
        )

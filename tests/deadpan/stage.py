"""Messages in, published to whoever has subscribed: an agent's socket without the agent."""

from __future__ import annotations

import zmq

from deadpan.messages import Message, to_json, topic, type_name
from deadpan.subscription import Subscription

PATIENCE_S = 20.0  # of the tests; each ends as soon as what it waits for is there
_PATIENCE_MS = 20_000


class Stage:
    """A publisher on a port of its own that knows when somebody has subscribed."""

    def __init__(self, endpoint: str = "tcp://127.0.0.1:*") -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._socket.bind(endpoint)
        self.endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def await_subscriptions(self, count: int = 1) -> list[bytes]:
        requests: list[bytes] = []
        while len(requests) < count:
            assert self._socket.poll(_PATIENCE_MS), "nobody subscribed"
            request = self._socket.recv()
            if request.startswith(b"\x01"):  # and not the last word of one who has left
                requests.append(request[1:])
        return requests

    def attract(self, subscription: Subscription) -> None:
        """Wait for a subscriber that had lost another publisher: it subscribes again while it reads."""
        while not (self._socket.poll(0) and self._socket.recv().startswith(b"\x01")):
            assert subscription.receive(0.01) is None

    def publish(self, *messages: Message) -> None:
        for message in messages:
            self.publish_body(to_json(message), topic(message.stream, type_name(message)))

    def publish_body(self, body: bytes, address: bytes = b"deadpan/1/default/estimate") -> None:
        self.publish_frames([address, body])

    def publish_frames(self, frames: list[bytes]) -> None:
        self._socket.send_multipart(frames)

    def close(self) -> None:
        self._context.destroy(linger=0)

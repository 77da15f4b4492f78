"""Several agents' streams in, one public stream out: ZeroMQ's forwarder of XSUB and XPUB, with a door of ours in front.

libzmq's own loop (zmq_proxy) hands subscriptions on without a look at them; here they go by the doorman first, so that
a proxy is guarded like an agent, and hostile subscribers are no agent's trouble.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import zmq

from agent.stream.branch import check_bus
from agent.stream.door import OURS, SKETCHES, Door
from agent.stream.endpoint import PublishError, Socket, bind
from agent.stream.publisher import check_publishing
from deadpan.endpoints import local_path

_ROUND = 100
_DEPTH = 200
_MOST_BYTES = 1 << 20  # the longest message that a subscriber takes
_ASK = b"\x01" + OURS
_ASK_NS = 50_000_000  # newcomers who come together are answered together
_OPTIONS = (
    (zmq.RCVHWM, _DEPTH),
    (zmq.LINGER, 0),
    (zmq.IPV6, 1),
    (zmq.MAXMSGSIZE, _MOST_BYTES),
    (zmq.RECONNECT_IVL, 100),
    (zmq.RECONNECT_IVL_MAX, 2000),
)


class Exchange:
    """A bus: reads `agents`, and whoever joins at `bus`, and publishes all of it at `endpoint`.

    It asks every agent for everything, once, and again for each newcomer, whom they so greet with their welcome and
    last values. Agents may come and go. Raises PublishError when an endpoint cannot be had.
    """

    def __init__(
        self, endpoint: str, agents: Sequence[str] = (), bus: str | None = None, keys: Path | None = None
    ) -> None:
        if not agents and bus is None:
            raise PublishError(
                "a proxy needs agents: name their endpoints, or let them join with --bus ENDPOINT"
                " (and each with: deadpan run --bus ENDPOINT)"
            )
        keyring = check_publishing(endpoint, keys)
        for each in (*agents, *([] if bus is None else [bus])):
            check_bus(each)
        self._path = None if bus is None else local_path(bus)
        self._context: zmq.Context[Socket] = zmq.Context()
        self._asked_ns = 0
        self._is_asked = self._is_watched = False
        self.passed_on = 0
        """Messages of agents that were published."""
        self.unreadable = 0
        """Messages that were none of this specification."""
        try:
            self._door = Door(self._context, endpoint, keyring)
            self._agents = self._context.socket(zmq.XSUB)
            for option, value in _OPTIONS:
                self._agents.setsockopt(option, value)
            if bus is not None:
                bind(self._agents, bus)
            for each in agents:
                self._agents.connect(each)
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise PublishError(f"cannot read {', '.join(agents)}: {error.strerror}") from error
        except BaseException:
            self._context.destroy(linger=0)
            raise
        self._agents.send(_ASK)  # and, by libzmq, to every agent that comes later
        self._poller = zmq.Poller()
        for socket in (self._agents, *self._door.sockets):
            self._poller.register(socket, zmq.POLLIN)

    @property
    def counters(self) -> dict[str, int]:
        """What was passed on, what was not, and the doorman's: see Doorman."""
        return {"passed_on": self.passed_on, "unreadable": self.unreadable} | self._door.counters

    def turn(self, timeout_ms: int) -> None:
        """Pass on what has come; wait for it `timeout_ms` at most."""
        ready = dict(self._poller.poll(min(timeout_ms, _ASK_NS // 1_000_000) if self._is_asked else timeout_ms))
        if self._agents in ready:
            self._pass_on()
        now_ns = time.monotonic_ns()
        self._is_asked |= bool(self._door.attend(ready, now_ns))
        if self._is_asked and now_ns - self._asked_ns >= _ASK_NS:
            self._is_asked, self._asked_ns = False, now_ns
            self._agents.send(_ASK)
        if self._door.is_watched != self._is_watched:
            self._is_watched = self._door.is_watched
            self._agents.send((b"\x01" if self._is_watched else b"\x00") + SKETCHES)

    def close(self) -> None:
        """Leave everybody."""
        self._door.close()
        self._agents.close()
        self._context.term()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _pass_on(self) -> None:
        for _ in range(_ROUND):
            try:
                frames = self._agents.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(frames) == 2 and frames[0].startswith((OURS, SKETCHES)):
                self._door.send(frames)
                self.passed_on += 1
            else:
                self.unreadable += 1

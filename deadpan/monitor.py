"""What ZeroMQ tells of a socket's connection in; whether somebody is there, and refusals, out."""

from __future__ import annotations

import os
import struct
import time
from typing import Literal, TypeAlias

import zmq

from deadpan.errors import AccessError

Contact: TypeAlias = Literal["none", "mute", "made"]

_EVENTS = (
    zmq.EVENT_CONNECTED
    | zmq.EVENT_CONNECT_RETRIED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
_EVENT = struct.Struct("=HI")  # its number and its value (libzmq, zmq_socket_monitor(3)); the endpoint follows
_GIVEN_UP_S = 0.5  # after the end of a connection ZeroMQ says at once that it tries again, or never
_CLOSED_IN_A_ROW = 10  # handshakes that the other side broke off: about a second's


class Monitor:
    """The contact with whoever is at the other end of a socket. Made before the socket connects."""

    def __init__(self, socket: zmq.Socket[bytes], endpoint: str, *, has_key: bool) -> None:
        self.contact: Contact = "none"
        """none: nobody listens; mute: somebody does, who does not answer as ZeroMQ does; made: an agent, or a proxy."""
        self.contacts = 0
        """How often contact was made: more than once means that it was lost in between."""
        self._endpoint, self._has_key = endpoint, has_key
        self._closed_in_a_row = 0
        self._ended_s: float | None = None
        self._watched = socket
        address = f"inproc://deadpan.monitor.{os.urandom(8).hex()}"
        socket.monitor(address, _EVENTS)
        self.events: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PAIR)
        self.events.setsockopt(zmq.LINGER, 0)
        # A full queue would hold up ZeroMQ's own thread, and all sockets with it. A few dozen bytes come at a time.
        self.events.setsockopt(zmq.RCVHWM, 0)
        self.events.connect(address)
        self._poller = zmq.Poller()
        self._poller.register(self.events, zmq.POLLIN)

    def attend(self) -> None:
        """Take note of what has happened. Raises AccessError when the agent has refused the subscriber."""
        while self._poller.poll(0):
            first, *_ = self.events.recv_multipart()
            number, value = _EVENT.unpack(first)
            self._take(number, value)

    @property
    def given_up_in_s(self) -> float | None:
        """How long until ZeroMQ is known to try no more, after a refusal for instance; None as long as it tries."""
        return None if self._ended_s is None else max(0.0, self._ended_s + _GIVEN_UP_S - time.monotonic())

    def begin_anew(self) -> None:
        """The socket is being connected anew."""
        self._ended_s = None

    def close(self) -> None:
        """Stop watching; to be called before the watched socket is closed."""
        self._watched.disable_monitor()
        self.events.close()

    def _take(self, event: int, value: int) -> None:
        if event in (zmq.EVENT_CONNECTED, zmq.EVENT_CONNECT_RETRIED):
            self._ended_s = None
            self.contact = "mute" if event == zmq.EVENT_CONNECTED else self.contact
            return
        if event != zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._ended_s = time.monotonic()
        if event == zmq.EVENT_DISCONNECTED:
            self.contact = "none" if self.contact == "made" else self.contact
        elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self.contact, self._closed_in_a_row = "made", 0
            self.contacts += 1
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            raise self._refusal(value)
        elif event == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
            raise self._misunderstanding()
        else:
            self._closed_in_a_row += 1
            if self._has_key and self._closed_in_a_row >= _CLOSED_IN_A_ROW:
                self._closed_in_a_row = 0
                raise self._misunderstanding()

    def _refusal(self, status: int) -> AccessError:
        if self._has_key:
            return AccessError(
                f"the agent at {self._endpoint} refuses this key ({status}): it may have been taken away. On the"
                " agent's machine, deadpan keys list says who may subscribe"
            )
        return AccessError(
            f"the agent at {self._endpoint} refuses this program for a while ({status}): it has asked for too much, too"
            " many topics or too often"
        )

    def _misunderstanding(self) -> AccessError:
        if self._has_key:
            return AccessError(
                f"whoever listens at {self._endpoint} does not accept this key: it is another agent than the one it"
                " was made for, or one that asks for no key"
            )
        return AccessError(
            f"whoever listens at {self._endpoint} refuses a subscriber without a key. If it is an agent, have"
            " deadpan keys new NAME make a key on its machine, and name that file as key"
        )

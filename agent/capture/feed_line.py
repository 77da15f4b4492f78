"""The address of a feed in, one kind of its messages out: read, in order, with all that is amiss counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
import zmq

from agent.capture.source import CaptureError, Problem
from agent.clock import Clock
from deadpan.connection import rejoin
from deadpan.endpoints import check_local
from deadpan.errors import AccessError, EndpointError
from deadpan.feed import LONGEST_AUDIO_S, MOST_PIXELS, AudioHeader, VideoHeader
from deadpan.monitor import Monitor
from encoders.samples import NS_PER_S

_SCHEMES = ("ipc://", "tcp://")
_LARGEST_BYTES = 1 << 25  # of a frame: more than 10 s of 8 channels at 192 kHz
_EARLIEST_NS, _LATEST_NS = -60 * NS_PER_S, NS_PER_S
_FRAMES = 3

Header = TypeVar("Header", AudioHeader, VideoHeader)


def is_feed(device: str | int | None) -> bool:
    """Whether this names a feed, rather than a device or a recording."""
    return isinstance(device, str) and device.startswith(_SCHEMES)


def check_feed(address: str) -> None:
    """Refuse a feed that is not on this machine. Raises CaptureError."""
    try:
        check_local(address)
    except EndpointError as error:
        raise CaptureError(Problem.UNSUPPORTED, f"cannot be fed: {error}") from error


@dataclass(frozen=True, slots=True)
class Received(Generic[Header]):
    """A message, and whether it goes on from the one before: of the same feeder, and none between them is missing."""

    header: Header
    payload: bytes
    follows: bool


class FeedReader(Generic[Header]):
    """Frames in, messages out.

    Losses: malformed (no message of this kind), off_clock (its moment is not of the last minute, as by another clock
    than time.monotonic_ns(), or by a feeder faster than time), missed (numbers that never came), out_of_order (a number
    that has been passed), feeder_restarted (no loss: another feeder took over).
    """

    def __init__(self, header: type[Header], losses: Counter[str]) -> None:
        self._decoder: msgspec.json.Decoder[Header] = msgspec.json.Decoder(header)
        self._losses = losses
        self._session = ""
        self._next_seq = 0
        self._broken = False

    def read(self, frames: Sequence[bytes], now_ns: int) -> Received[Header] | None:
        """The message in these frames, received at `now_ns` of the machine's clock; None, and counted, if unusable."""
        try:
            header = self._decoder.decode(frames[1]) if len(frames) == _FRAMES else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            header = None
        if header is None or not _fits(header, len(frames[2])):
            self._losses["malformed"] += 1
            return None
        restarted = header.session != self._session or (header.seq == 0 and self._next_seq > 0)
        if restarted:
            if self._session:
                self._losses["feeder_restarted"] += 1
            self._session = header.session
        elif header.seq < self._next_seq:
            self._losses["out_of_order"] += 1
            return None
        missed = 0 if restarted else header.seq - self._next_seq
        self._next_seq = header.seq + 1
        if missed:
            self._losses["missed"] += missed
        follows = not (restarted or missed or self._broken)
        self._broken = not now_ns + _EARLIEST_NS <= header.pts_ns <= now_ns + _LATEST_NS
        if self._broken:
            self._losses["off_clock"] += 1
            return None
        return Received(header, frames[2], follows)


class FeedLine(Generic[Header]):
    """A connection to a feed for one kind of its messages. It outlasts the feeder, and may be opened before it."""

    def __init__(
        self, address: str, topic: bytes, header: type[Header], clock: Clock, losses: Counter[str], depth: int
    ) -> None:
        self._address, self._topic, self._clock, self._depth = address, topic, clock, depth
        self._reader: FeedReader[Header] = FeedReader(header, losses)
        self._losses = losses

    def open(self) -> None:
        """Connect, whether or not a feeder is there."""
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RCVHWM, self._depth)
        self._socket.setsockopt(zmq.MAXMSGSIZE, _LARGEST_BYTES)
        self._socket.setsockopt(zmq.RECONNECT_IVL, 100)
        self._socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        self._socket.setsockopt(zmq.IPV6, 1)
        self._socket.setsockopt(zmq.SUBSCRIBE, self._topic)
        self._monitor = Monitor(self._socket, self._address, has_key=False)
        self._socket.connect(self._address)

    def receive(self, timeout_ms: int) -> Received[Header] | None:
        """The next message; None when none came in time, or one of no use."""
        if not self._socket.poll(timeout_ms):
            self._go_on()
            return None
        return self._reader.read(self._socket.recv_multipart(), self._clock.now_ns())

    def close(self) -> None:
        self._monitor.close()
        self._socket.close()

    def _go_on(self) -> None:
        """Connect anew where ZeroMQ has given up, as it does after a message that is far too large."""
        with suppress(AccessError):  # whoever is there does not speak as a feed does; another may
            self._monitor.attend()
        if self._monitor.given_up_in_s == 0:
            self._monitor.begin_anew()
            rejoin(self._socket, self._address)


def _fits(header: AudioHeader | VideoHeader, size: int) -> bool:
    """Whether a payload of so many bytes is what the header says."""
    if isinstance(header, VideoHeader):
        return header.width * header.height <= MOST_PIXELS and size == header.width * header.height * 3
    samples, rest = divmod(size, 2 * header.channels)
    return rest == 0 and 0 < samples <= LONGEST_AUDIO_S * header.sample_rate_hz

"""A socket that listens to a feed as an agent does, certain to hear what is sent next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import zmq

import deadpan
from deadpan.feed import AUDIO_TOPIC

_PROBE_NS = -1
_POLL_MS, _POLLS = 50, 400


@contextmanager
def listening(feed: deadpan.Feed, depth: int = 1000) -> Iterator[zmq.Socket[bytes]]:
    """Subscribe to a feed and wait until it reaches us; what was sent to find that out is taken away again."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    heard = context.socket(zmq.SUB)
    heard.setsockopt(zmq.RCVHWM, depth)
    heard.setsockopt(zmq.SUBSCRIBE, b"")
    heard.connect(feed.endpoint)
    try:
        for _ in range(_POLLS):
            feed.audio(b"\0\0", 8_000, pts_ns=_PROBE_NS)
            if heard.poll(_POLL_MS):
                break
        else:
            raise AssertionError("nothing was heard of the feed")
        yield heard
    finally:
        context.destroy(linger=0)


def received(heard: zmq.Socket[bytes]) -> list[bytes]:
    """The next message that is no probe."""
    while True:
        assert heard.poll(_POLL_MS * _POLLS), "nothing came"
        frames = heard.recv_multipart()
        if frames[0] != AUDIO_TOPIC or msgspec.json.decode(frames[1])["pts_ns"] != _PROBE_NS:
            return frames

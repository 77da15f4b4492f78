"""The address of another program's feed (see deadpan.feed) in, its sound or its pictures, stamped, out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np

from agent.capture.feed_line import FeedLine, Received, check_feed
from agent.capture.glimpses import FrameStamper
from agent.capture.pcm import float_pcm
from agent.capture.pieces import PieceStamper
from agent.clock import Clock
from deadpan.feed import AUDIO_TOPIC, VIDEO_TOPIC, AudioHeader, VideoHeader
from encoders.samples import AudioChunk, VideoFrame

_AUDIO_DEPTH, _VIDEO_DEPTH = 1000, 8
_POLL_MS = 200


class FedAudio:
    """A feed's sound as mono 16 kHz chunks of 32 ms, stamped by PieceStamper.

    Neither a feeder that falls silent nor one that restarts ends it: iterating gives None from time to time while
    nothing comes. Losses: those of FeedReader and of PieceStamper. Raises CaptureError for an address beyond this
    machine.
    """

    def __init__(self, address: str, clock: Clock) -> None:
        check_feed(address)
        self.name = f"the sound of the feed at {address}"
        self.losses: Counter[str] = Counter()
        self._line = FeedLine(address, AUDIO_TOPIC, AudioHeader, clock, self.losses, _AUDIO_DEPTH)
        self._stamper = PieceStamper(self.losses)

    def __enter__(self) -> Self:
        self._line.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()

    def __iter__(self) -> Iterator[AudioChunk | None]:
        while True:
            received = self._line.receive(_POLL_MS)
            if received is None:
                yield None
            else:
                yield from self.push(received)

    def push(self, received: Received[AudioHeader]) -> list[AudioChunk]:
        """Take a piece; return the chunks that became certain by it."""
        header = received.header
        pcm = np.frombuffer(received.payload, "<i2").reshape(-1, header.channels)
        return self._stamper.push(
            float_pcm(pcm), header.sample_rate_hz, header.pts_ns, measured=header.measured, follows=received.follows
        )


class FedVideo:
    """A feed's pictures, at most `rate_hz` a second, at most 640 pixels on their long edge.

    As with FedAudio, None comes from time to time while no picture does.
    Losses: those of FeedReader and of FrameStamper. Raises CaptureError for an address beyond this machine.
    """

    def __init__(self, address: str, clock: Clock, rate_hz: float = 15.0) -> None:
        check_feed(address)
        self.name = f"the pictures of the feed at {address}"
        self.losses: Counter[str] = Counter()
        self._line = FeedLine(address, VIDEO_TOPIC, VideoHeader, clock, self.losses, _VIDEO_DEPTH)
        self._stamper = FrameStamper(rate_hz, self.losses)

    def __enter__(self) -> Self:
        self._line.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()

    def __iter__(self) -> Iterator[VideoFrame | None]:
        while True:
            received = self._line.receive(_POLL_MS)
            if received is None:
                yield None
            elif (frame := self.push(received)) is not None:
                yield frame

    def push(self, received: Received[VideoHeader]) -> VideoFrame | None:
        """Take a picture; return its frame, unless there are more than are wanted."""
        header = received.header
        rgb = np.frombuffer(received.payload, np.uint8).reshape(header.height, header.width, 3)
        return self._stamper.push(rgb, header.pts_ns)

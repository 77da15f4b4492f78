"""The address of another program's feed (see deadpan.feed) in, its sound or its pictures, stamped, out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

import numpy as np

from agent.capture.feed_line import FeedLine, Header, Received, check_feed
from agent.capture.glimpses import FrameStamper
from agent.capture.pcm import float_pcm
from agent.capture.pieces import PieceStamper
from agent.clock import Clock
from deadpan.feed import AUDIO_TOPIC, VIDEO_TOPIC, AudioHeader, VideoHeader
from encoders.samples import AudioChunk, VideoFrame

_AUDIO_DEPTH, _VIDEO_DEPTH = 1000, 8
_POLL_MS = 200

Sample = TypeVar("Sample", AudioChunk, VideoFrame)


class _Fed(ABC, Generic[Header, Sample]):
    """One kind of a feed's messages, as a source.

    Neither a feeder that falls silent nor one that restarts ends it: iterating gives None from time to time while
    nothing comes. Raises CaptureError for an address beyond this machine.
    """

    def __init__(self, address: str, what: str, topic: bytes, header: type[Header], clock: Clock, depth: int) -> None:
        check_feed(address)
        self.name = f"the {what} of the feed at {address}"
        self.losses: Counter[str] = Counter()
        self._line: FeedLine[Header] = FeedLine(address, topic, header, clock, self.losses, depth)

    def __enter__(self) -> Self:
        self._line.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()

    def __iter__(self) -> Iterator[Sample | None]:
        while True:
            received = self._line.receive(_POLL_MS)
            if received is None:
                yield None
            else:
                yield from self.push(received)

    @abstractmethod
    def push(self, received: Received[Header]) -> list[Sample]:
        """Take a message; return the samples that became certain by it."""


class FedAudio(_Fed[AudioHeader, AudioChunk]):
    """A feed's sound as mono 16 kHz chunks of 32 ms, stamped by PieceStamper.

    Losses: those of FeedReader and of PieceStamper.
    """

    def __init__(self, address: str, clock: Clock) -> None:
        super().__init__(address, "sound", AUDIO_TOPIC, AudioHeader, clock, _AUDIO_DEPTH)
        self._stamper = PieceStamper(self.losses)

    def push(self, received: Received[AudioHeader]) -> list[AudioChunk]:
        """Take a piece; return the chunks that became certain by it."""
        header = received.header
        pcm = np.frombuffer(received.payload, "<i2").reshape(-1, header.channels)
        return self._stamper.push(
            float_pcm(pcm), header.sample_rate_hz, header.pts_ns, measured=header.measured, follows=received.follows
        )


class FedVideo(_Fed[VideoHeader, VideoFrame]):
    """A feed's pictures, at most `rate_hz` a second, at most 640 pixels on their long edge.

    Losses: those of FeedReader and of FrameStamper.
    """

    def __init__(self, address: str, clock: Clock, rate_hz: float = 15.0) -> None:
        super().__init__(address, "pictures", VIDEO_TOPIC, VideoHeader, clock, _VIDEO_DEPTH)
        self._stamper = FrameStamper(rate_hz, self.losses)

    def push(self, received: Received[VideoHeader]) -> list[VideoFrame]:
        """Take a picture; return its frame, or nothing where there are more than are wanted."""
        header = received.header
        rgb = np.frombuffer(received.payload, np.uint8).reshape(header.height, header.width, 3)
        frame = self._stamper.push(rgb, header.pts_ns)
        return [] if frame is None else [frame]

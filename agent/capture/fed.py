"""The address of another program's feed (see deadpan.feed) in, its sound or its pictures, stamped, out."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import numpy as np

from agent.capture.feed_line import FeedLine, Received, check_feed
from agent.capture.grid import FrameGrid
from agent.capture.picture import shrunk
from agent.capture.segment import SAMPLE_RATE_HZ
from agent.capture.source import CaptureError
from agent.capture.stamping import Block, BlockStamper
from agent.clock import Clock
from deadpan.feed import AUDIO_TOPIC, VIDEO_TOPIC, AudioHeader, VideoHeader
from encoders.samples import AudioChunk, VideoFrame

_AUDIO_DEPTH, _VIDEO_DEPTH = 1000, 8
_POLL_MS = 200
_MEASURED_HOLE_NS = 50_000_000
_HOLE_NS = 1_000_000_000  # what was stamped when it came may be late by a busy program's hiccup, but not by that much


class FedAudio:
    """A feed's sound as mono 16 kHz chunks of 32 ms.

    Where the feeder knows when its sound was heard, that is followed smoothly, and a difference of more than 50 ms is
    a hole. Where it does not, the pieces' arrival is fitted as a microphone's callbacks are (see SampleClock), and only
    a second without sound is a hole. Neither a feeder that falls silent nor one that restarts ends it: iterating gives
    None from time to time while nothing comes.

    Losses: those of FeedReader and of BlockStamper. Raises CaptureError for an address beyond this machine.
    """

    def __init__(self, address: str, clock: Clock) -> None:
        check_feed(address)
        self.name = f"the sound of the feed at {address}"
        self.losses: Counter[str] = Counter()
        self._line = FeedLine(address, AUDIO_TOPIC, AudioHeader, clock, self.losses, _AUDIO_DEPTH)
        self._rate_hz = 0
        self._samples = 0
        self._stamper = BlockStamper(SAMPLE_RATE_HZ, self.losses, self.name, settle_s=0)

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
        chunks: list[AudioChunk] = []
        if not received.follows or header.sample_rate_hz != self._rate_hz or self._is_hole(header):
            self._rate_hz, self._samples = header.sample_rate_hz, 0
            chunks = self._stamper.begin(self._rate_hz)
        pcm = np.frombuffer(received.payload, "<i2").reshape(-1, header.channels) / np.float32(1 << 15)
        try:
            chunks += self._stamper.push(Block(self._samples, header.pts_ns, pcm))
        except CaptureError:  # a microphone like this could be changed; a feeder may yet change by itself
            self.losses["false_rate"] += 1
            self._rate_hz = 0
        self._samples += len(pcm)
        return chunks

    def _is_hole(self, header: AudioHeader) -> bool:
        expected_ns = self._stamper.expected_ns
        most_ns = _MEASURED_HOLE_NS if header.measured else _HOLE_NS
        return expected_ns is not None and abs(header.pts_ns - expected_ns) > most_ns


class FedVideo:
    """A feed's pictures, at most `rate_hz` a second, at most 640 pixels on their long edge.

    As with FedAudio, None comes from time to time while no picture does.
    Losses: those of FeedReader, and out_of_order for a picture taken before the last. Raises CaptureError for an
    address beyond this machine.
    """

    def __init__(self, address: str, clock: Clock, rate_hz: float = 15.0) -> None:
        check_feed(address)
        self.name = f"the pictures of the feed at {address}"
        self.losses: Counter[str] = Counter()
        self._line = FeedLine(address, VIDEO_TOPIC, VideoHeader, clock, self.losses, _VIDEO_DEPTH)
        self._grid = FrameGrid(rate_hz)
        self._seq = itertools.count()
        self._last_ns: int | None = None

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
        if self._last_ns is not None and header.pts_ns <= self._last_ns:
            self.losses["out_of_order"] += 1
            return None
        self._last_ns = header.pts_ns
        if not self._grid.admits(header.pts_ns):
            return None
        rgb = np.frombuffer(received.payload, np.uint8).reshape(header.height, header.width, 3)
        return VideoFrame(next(self._seq), header.pts_ns, shrunk(rgb))

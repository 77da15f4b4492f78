"""A recording (any file or address FFmpeg reads) in; its frames and its sound out, without loss and unpaced."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from agent.capture.decoding import decode, ticks_ns, timed
from agent.capture.grid import FrameGrid
from agent.capture.limits import MOST_PIXELS
from agent.capture.media import (
    Location,
    Recording,
    best_audio,
    best_video,
    is_address,
    open_media,
    origin_s,
    probe,
    shown,
    skip,
)
from agent.capture.pcm import to_mono
from agent.capture.picture import LONG_EDGE_PX, to_rgb
from agent.capture.source import CaptureError, Problem, Step, no_step
from agent.capture.stated import StatedStamper
from encoders.samples import NS_PER_S, AudioChunk, VideoFrame

__all__ = ["Recording", "RecordingAudio", "RecordingVideo", "probe"]

_USUAL_RATE_HZ = 25
_FRAMES_AHEAD, _CHUNKS_AHEAD = 4, 16  # about a quarter and half of a second

Sample = TypeVar("Sample", VideoFrame, AudioChunk)


class RecordingVideo:
    """The main moving pictures of a recording, upright, at most `max_rate_hz` of them a second.

    Each frame keeps its own time, whatever the frame rate does. Frames beyond that rate are not even decoded, where no
    other needs them; what is damaged about them is not noticed.
    Losses: decode_errors, corrupt, excessive, truncated, leaps, out_of_order.
    """

    def __init__(
        self,
        location: Location,
        max_rate_hz: float = 15.0,
        long_edge_px: int = LONG_EDGE_PX,
        *,
        step: Step = no_step,
    ) -> None:
        self.name = shown(location)
        self._step = step
        self.losses: Counter[str] = Counter()
        self._location = location
        self._max_rate_hz = max_rate_hz
        self._long_edge_px = long_edge_px

    def __enter__(self) -> Self:
        self._container = open_media(self._location)
        stream = best_video(self._container)
        if stream is None:
            self._container.close()
            raise CaptureError(Problem.EMPTY, f"{self.name} holds no moving pictures.")
        self._stream = stream
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def begin_at(self, pts_ns: int) -> None:
        """Pass over what comes before, where the file allows it, but for what decoding the rest needs."""
        skip(self._container, pts_ns)

    def __iter__(self) -> Iterator[VideoFrame]:
        return _ahead(self._frames(), _FRAMES_AHEAD if _is_at_hand(self._location) else 1)

    def _frames(self) -> Iterator[VideoFrame]:
        origin = origin_s(self._container)
        spacing_ns = int(NS_PER_S / (self._stream.guessed_rate or _USUAL_RATE_HZ))
        pixel_aspect = float(self._stream.sample_aspect_ratio or 1)
        grid = FrameGrid(self._max_rate_hz)
        seq = itertools.count()
        last_ns = -1
        time_ns = ticks_ns(self._stream.time_base or Fraction(1), origin)

        def is_spare(pts: int) -> bool:
            return (due_ns := time_ns(pts)) >= 0 and not grid.foresees(due_ns)

        frames = decode(self._container, self._stream, self.losses, is_spare, step=self._step)
        for now_ns, frame in timed(frames, origin, self.losses):
            if now_ns is None:
                now_ns = 0 if last_ns < 0 else last_ns + spacing_ns
            if now_ns <= last_ns:
                self.losses["out_of_order"] += 1
                continue
            last_ns = now_ns
            if grid.admits(now_ns):
                yield VideoFrame(next(seq), now_ns, to_rgb(frame, pixel_aspect, self._long_edge_px))
        if last_ns < 0:
            raise CaptureError(
                Problem.EMPTY,
                f"{self.name} holds no picture that can be decoded, of up to {MOST_PIXELS / 1e6:.0f} million pixels.",
            )


class RecordingAudio:
    """The main sound of a recording as mono 16 kHz chunks of 32 ms, stamped by StatedStamper.

    Losses: decode_errors, corrupt, excessive, truncated, leaps, overlapping.
    """

    def __init__(self, location: Location, *, step: Step = no_step) -> None:
        self.name = shown(location)
        self._step = step
        self.losses: Counter[str] = Counter()
        self._location = location

    def __enter__(self) -> Self:
        self._container = open_media(self._location)
        stream = best_audio(self._container)
        if stream is None:
            self._container.close()
            raise CaptureError(Problem.EMPTY, f"{self.name} holds no sound.")
        self._stream = stream
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def begin_at(self, pts_ns: int) -> None:
        """Pass over what comes before, where the file allows it, but for what decoding the rest needs."""
        skip(self._container, pts_ns)

    def __iter__(self) -> Iterator[AudioChunk]:
        return _ahead(self._chunks(), _CHUNKS_AHEAD if _is_at_hand(self._location) else 1)

    def _chunks(self) -> Iterator[AudioChunk]:
        stamper = StatedStamper(self.losses)
        decoded = decode(self._container, self._stream, self.losses, step=self._step)
        frames = timed(decoded, origin_s(self._container), self.losses)
        for frame_ns, frame in frames:
            yield from stamper.push(to_mono(frame), frame.sample_rate, frame_ns)
        if not stamper.began:
            raise CaptureError(Problem.EMPTY, f"{self.name} holds no sound that can be decoded.")
        yield from stamper.finish()


def _is_at_hand(location: Location) -> bool:
    """Whether all of it can be read at any time: of what is only just coming in, nothing may be waited for."""
    return not is_address(location) and Path(location).expanduser().is_file()


def _ahead(samples: Iterator[Sample], count: int) -> Iterator[Sample]:
    """The same samples, read `count` at a time.

    A process that plays them wakes up for each, and finds the processor's caches full of other processes: so all that
    decoding goes through is loaded once for several.
    """
    read: list[Sample] = []
    try:
        for sample in samples:
            read.append(sample)
            if len(read) == count:
                yield from read
                read.clear()
    except CaptureError:
        yield from read
        raise
    yield from read

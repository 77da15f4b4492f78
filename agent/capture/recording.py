"""A recording (any file or address FFmpeg reads) in; its frames and its sound out, without loss and unpaced."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from agent.capture.decoding import decode, timed
from agent.capture.file_clock import FileClock
from agent.capture.grid import FrameGrid
from agent.capture.media import Location, Recording, best_audio, best_video, open_media, origin_s, probe, shown
from agent.capture.pcm import to_mono
from agent.capture.picture import LONG_EDGE_PX, to_rgb
from agent.capture.segment import SAMPLE_RATE_HZ, Segment
from agent.capture.source import CaptureError, Problem
from encoders.samples import NS_PER_S, AudioChunk, VideoFrame

__all__ = ["Recording", "RecordingAudio", "RecordingVideo", "probe"]

# The file's own times are believed over its sample count once they differ by this much.
_GAP_NS = 50_000_000
_USUAL_RATE_HZ = 25


class RecordingVideo:
    """The main moving pictures of a recording, upright, at most `max_rate_hz` of them a second.

    Each frame keeps its own time, whatever the frame rate does.
    Losses: decode_errors, corrupt, truncated, leaps, out_of_order.
    """

    def __init__(self, location: Location, max_rate_hz: float = 15.0, long_edge_px: int = LONG_EDGE_PX) -> None:
        self.name = shown(location)
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

    def __iter__(self) -> Iterator[VideoFrame]:
        origin = origin_s(self._container)
        spacing_ns = int(NS_PER_S / (self._stream.guessed_rate or _USUAL_RATE_HZ))
        pixel_aspect = float(self._stream.sample_aspect_ratio or 1)
        grid = FrameGrid(self._max_rate_hz)
        seq = itertools.count()
        last_ns = -1
        for now_ns, frame in timed(decode(self._container, self._stream, self.losses), origin, self.losses):
            if now_ns is None:
                now_ns = 0 if last_ns < 0 else last_ns + spacing_ns
            if now_ns <= last_ns:
                self.losses["out_of_order"] += 1
                continue
            last_ns = now_ns
            if grid.admits(now_ns):
                yield VideoFrame(next(seq), now_ns, to_rgb(frame, pixel_aspect, self._long_edge_px))
        if last_ns < 0:
            raise CaptureError(Problem.EMPTY, f"{self.name} holds no picture that can be decoded.")


class RecordingAudio:
    """The main sound of a recording as mono 16 kHz chunks of 32 ms, the last of a stretch shorter.

    Chunks are timed by counting samples from the first one's own time, and where the recorder's sound card ran fast or
    slow, the count follows the file's times (see FileClock). Where they leave it by more than 50 ms at once, a stretch
    ends: after a hole the next starts at the file's time (nothing is filled in, seq goes on), and what overlaps sound
    already delivered is dropped. Losses: decode_errors, corrupt, truncated, leaps,
    overlapping.
    """

    def __init__(self, location: Location) -> None:
        self.name = shown(location)
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

    def __iter__(self) -> Iterator[AudioChunk]:
        origin = origin_s(self._container)
        seq = itertools.count()
        segment: Segment | None = None
        clock = FileClock(0, SAMPLE_RATE_HZ)
        end_ns = 0
        for frame_ns, frame in timed(decode(self._container, self._stream, self.losses), origin, self.losses):
            pcm, rate_hz = to_mono(frame), frame.sample_rate
            ahead_ns = 0 if frame_ns is None else frame_ns - end_ns
            if ahead_ns < -_GAP_NS:
                self.losses["overlapping"] += 1
                pcm = pcm[-ahead_ns * rate_hz // NS_PER_S :]
                ahead_ns = 0
            if not len(pcm):
                continue
            if segment is None or ahead_ns > _GAP_NS or rate_hz != segment.rate_hz:
                if segment is not None:
                    yield from segment.finish()
                clock = FileClock(end_ns + max(ahead_ns, 0), rate_hz)
                segment = Segment(rate_hz, clock.stamp, seq)
            elif frame_ns is not None:
                clock.observe(segment.samples_in, end_ns + ahead_ns)
            yield from segment.push(pcm)
            end_ns = clock.time_ns(segment.samples_in)
        if segment is None:
            raise CaptureError(Problem.EMPTY, f"{self.name} holds no sound that can be decoded.")
        yield from segment.finish()

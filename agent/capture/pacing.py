"""A recording's samples in, the same samples out no sooner than a live device would have delivered them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Generic, Self, TypeVar

from agent.capture.source import Source
from agent.clock import Clock
from encoders.samples import AudioChunk, Measurement, VideoFrame

Sample = TypeVar("Sample", bound=VideoFrame | AudioChunk | Measurement | None)


def due_ns(sample: VideoFrame | AudioChunk | Measurement) -> int:
    """The moment the sample is complete: a frame when it was grabbed, a chunk when its last sample was heard, what a
    sensor told when the last of it was measured.
    """
    return sample.interval.end_ns if isinstance(sample, AudioChunk) else sample.pts_ns


class Paced(Generic[Sample]):
    """A source that delivers another source's samples when the clock reaches them, unchanged and without loss."""

    def __init__(self, source: Source[Sample], clock: Clock) -> None:
        self._source = source
        self._clock = clock

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def losses(self) -> Mapping[str, int]:
        return self._source.losses

    def __enter__(self) -> Self:
        self._source.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.__exit__(kind, error, trace)

    def __iter__(self) -> Iterator[Sample]:
        for sample in self._source:
            if sample is not None:
                self._clock.sleep_until_ns(due_ns(sample))
            yield sample


def paced(source: Source[Sample], clock: Clock) -> Paced[Sample]:
    """Play `source` on `clock`, whose 0 is the source's first sample: real-time playback on a SessionClock."""
    return Paced(source, clock)

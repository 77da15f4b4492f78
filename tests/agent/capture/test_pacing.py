"""Real-time playback, on a clock that only moves when slept on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

import numpy as np

from agent.capture.pacing import paced
from agent.clock import ManualClock
from encoders.samples import AudioChunk, VideoFrame

MS = 1_000_000
Sample = TypeVar("Sample", bound=VideoFrame | AudioChunk)


class Shelf(Generic[Sample]):
    """A source that holds what it was given, and whether it is open."""

    name = "shelf"

    def __init__(self, samples: list[Sample]) -> None:
        self.losses = Counter({"decode_errors": 3})
        self.open = False
        self._samples = samples

    def __enter__(self) -> Self:
        self.open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open = False

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._samples)


def frame(seq: int, pts_ms: int) -> VideoFrame:
    return VideoFrame(seq, pts_ms * MS, np.zeros((2, 2, 3), np.uint8))


def chunk(seq: int, pts_ms: int) -> AudioChunk:
    return AudioChunk(seq, pts_ms * MS, 16_000, np.zeros(512, np.float32))


def test_a_frame_is_delivered_when_it_was_grabbed() -> None:
    clock = ManualClock()
    shelf = Shelf([frame(0, 0), frame(1, 70), frame(2, 1000)])
    arrivals = [clock.now_ns() // MS for _ in paced(shelf, clock)]
    assert arrivals == [0, 70, 1000]


def test_a_chunk_is_delivered_when_its_last_sample_was_heard() -> None:
    clock = ManualClock()
    shelf = Shelf([chunk(0, 0), chunk(1, 32), chunk(2, 500)])
    arrivals = [clock.now_ns() // MS for _ in paced(shelf, clock)]
    assert arrivals == [32, 64, 532]


def test_samples_pass_unchanged_and_none_is_skipped_when_the_clock_is_late() -> None:
    samples = [frame(0, 0), frame(1, 70), frame(2, 140)]
    shelf = Shelf(samples)
    assert list(paced(shelf, ManualClock(10_000 * MS))) == samples


def test_name_losses_and_closing_are_those_of_the_source_inside() -> None:
    shelf = Shelf([frame(0, 0)])
    with paced(shelf, ManualClock()) as source:
        assert shelf.open
        assert (source.name, source.losses) == ("shelf", {"decode_errors": 3})
    assert not shelf.open

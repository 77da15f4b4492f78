"""Numbered blocks of PCM, as a device's callback hands them over, in; stamped 16 kHz chunks out."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.capture.pcm import mix_to_mono
from agent.capture.rate_check import RateCheck, nearest_standard
from agent.capture.sample_clock import SETTLE_S, SampleClock
from agent.capture.segment import SAMPLE_RATE_HZ, Segment
from agent.capture.source import CaptureError, Problem
from encoders.samples import AudioChunk

_OVERLAP_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Block:
    """What one callback brought: float32 [samples, channels], the first sample's number, and when it was heard."""

    first_sample: int
    heard_ns: int
    pcm: NDArray[np.float32]


class BlockStamper:
    """Turns a device's blocks into chunks timed by its sample counter.

    Blocks are held until the sample clock has settled. Missing numbers (blocks that were dropped) become a hole in
    time. A device that delivers samples at another usual rate than it said is taken at that rate as soon as this is
    known, about five seconds after its start. Counts in `losses`: jumps (the clock was anchored anew), overlapping
    (chunks left out because such a jump went back), false_rate (times the rate was corrected).
    """

    def __init__(
        self, rate_hz: int, losses: Counter[str], name: str = "The microphone", settle_s: float = SETTLE_S
    ) -> None:
        self._rate_hz = rate_hz
        self._losses = losses
        self._name = name
        self._settle_s = settle_s
        self._check = RateCheck(rate_hz)
        self._samples_lost = 0
        self._clock = SampleClock(rate_hz, settle_s)
        self._seq = itertools.count()
        self._held: list[Block] = []
        self._segment: Segment | None = None
        self._next_sample = 0
        self._delivered_ns: int | None = None

    @property
    def expected_ns(self) -> int | None:
        """When the next sample is due, if the last block's time is to be believed; None before the first."""
        return None if self._segment is None else self._clock.time_ns(self._next_sample)

    def begin(self, rate_hz: int) -> list[AudioChunk]:
        """Prepare for blocks that do not go on from the last, numbered as they like; return what is left of those."""
        finished = [] if self._segment is None else self._segment.finish()
        self._rate_hz, self._segment = rate_hz, None
        self._clock, self._check = SampleClock(rate_hz, self._settle_s), RateCheck(rate_hz)
        return finished

    def push(self, block: Block) -> list[AudioChunk]:
        """Take the next block; return the chunks that became certain by it. Raises CaptureError (unsupported) when the
        device's rate is neither what it said nor a usual one.
        """
        chunks = self._correct_rate(block)
        jumps = self._clock.jumps
        self._clock.observe(block.first_sample, block.heard_ns)
        if self._clock.jumps > jumps:
            self._losses["jumps"] += 1
        self._held.append(block)
        if self._clock.settled:
            chunks += [chunk for held in self._held for chunk in self._cut(held)]
            self._held.clear()
        return [chunk for chunk in chunks if self._is_new(chunk)]

    def _correct_rate(self, block: Block) -> list[AudioChunk]:
        """Notice a rate that is a lie; return what is left of the stretch that believed it."""
        lost = self._losses["overflow"] + self._losses["dropped"]
        if lost > self._samples_lost:
            self._samples_lost = lost
            self._check.forget()
        measured_hz = self._check.observe(block.first_sample, block.heard_ns)
        if measured_hz is None:
            return []
        rate_hz = nearest_standard(measured_hz)
        if rate_hz is None:
            raise CaptureError(
                Problem.UNSUPPORTED,
                f"{self._name} promised {self._rate_hz} samples a second and delivers {measured_hz:.0f}, so nothing it"
                " hears can be placed in time. Choose another microphone, or another sample rate for it in the system's"
                " sound settings.",
            )
        self._losses["false_rate"] += 1
        return self.begin(rate_hz)

    def _cut(self, block: Block) -> list[AudioChunk]:
        finished: list[AudioChunk] = []
        if self._segment is None or block.first_sample != self._next_sample:
            finished = [] if self._segment is None else self._segment.finish()
            self._segment = Segment(self._rate_hz, self._stamps_from(block.first_sample), self._seq)
        self._next_sample = block.first_sample + len(block.pcm)
        return finished + self._segment.push(mix_to_mono(block.pcm))

    def _stamps_from(self, first_sample: int) -> Callable[[int], int]:
        return lambda sample: self._clock.time_ns(first_sample + sample * self._rate_hz / SAMPLE_RATE_HZ)

    def _is_new(self, chunk: AudioChunk) -> bool:
        if self._delivered_ns is not None and chunk.pts_ns < self._delivered_ns - _OVERLAP_NS:
            self._losses["overlapping"] += 1
            return False
        self._delivered_ns = chunk.interval.end_ns
        return True

"""Numbered blocks of PCM, as a device's callback hands them over, in; stamped 16 kHz chunks out."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.capture.pcm import mix_to_mono
from agent.capture.sample_clock import SampleClock
from agent.capture.segment import SAMPLE_RATE_HZ, Segment
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
    time. Counts in `losses`: jumps (the clock was anchored anew), overlapping (chunks left out because such a jump
    went back).
    """

    def __init__(self, rate_hz: int, losses: Counter[str]) -> None:
        self._rate_hz = rate_hz
        self._losses = losses
        self._clock = SampleClock(rate_hz)
        self._seq = itertools.count()
        self._held: list[Block] = []
        self._segment: Segment | None = None
        self._next_sample = 0
        self._delivered_ns: int | None = None

    def push(self, block: Block) -> list[AudioChunk]:
        """Take the next block; return the chunks that became certain by it."""
        jumps = self._clock.jumps
        self._clock.observe(block.first_sample, block.heard_ns)
        if self._clock.jumps > jumps:
            self._losses["jumps"] += 1
        self._held.append(block)
        if not self._clock.settled:
            return []
        chunks = [chunk for held in self._held for chunk in self._cut(held)]
        self._held.clear()
        return [chunk for chunk in chunks if self._is_new(chunk)]

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

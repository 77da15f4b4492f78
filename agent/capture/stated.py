"""Consecutive sound of a recording in, with the times it states where it does; stamped chunks out."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from agent.capture.file_clock import FileClock
from agent.capture.segment import SAMPLE_RATE_HZ, Segment
from encoders.samples import NS_PER_S, AudioChunk

# A recording's own times are believed over its sample count once they differ by this much.
_GAP_NS = 50_000_000


class StatedStamper:
    """Turns a recording's sound into mono 16 kHz chunks of 32 ms, the last of a stretch shorter.

    Chunks are timed by counting samples from the first one's own time, and where the recorder's sound card ran fast or
    slow, the count follows the stated times (see FileClock). Where they leave it by more than 50 ms at once, a stretch
    ends: after a hole the next starts at the stated time (nothing is filled in, seq goes on), and what overlaps sound
    already delivered is dropped and counted as `overlapping`.
    """

    def __init__(self, losses: Counter[str]) -> None:
        self._losses = losses
        self._seq = itertools.count()
        self._segment: Segment | None = None
        self._clock = FileClock(0, SAMPLE_RATE_HZ)
        self._end_ns = 0

    @property
    def began(self) -> bool:
        """Whether there was any sound so far."""
        return self._segment is not None

    def push(self, pcm: NDArray[np.float32], rate_hz: int, stated_ns: int | None) -> list[AudioChunk]:
        """Take float32 [samples] that begin at `stated_ns`, None where nothing is; return what became certain."""
        ahead_ns = 0 if stated_ns is None else stated_ns - self._end_ns
        if ahead_ns < -_GAP_NS:
            self._losses["overlapping"] += 1
            pcm = pcm[-ahead_ns * rate_hz // NS_PER_S :]
            ahead_ns = 0
        if not len(pcm):
            return []
        chunks: list[AudioChunk] = []
        segment = self._segment
        if segment is None or ahead_ns > _GAP_NS or rate_hz != segment.rate_hz:
            chunks = self.finish()
            self._clock = FileClock(self._end_ns + max(ahead_ns, 0), rate_hz)
            segment = self._segment = Segment(rate_hz, self._clock.stamp, self._seq)
        elif stated_ns is not None:
            self._clock.observe(segment.samples_in, self._end_ns + ahead_ns)
        chunks += segment.push(pcm)
        self._end_ns = self._clock.time_ns(segment.samples_in)
        return chunks

    def finish(self) -> list[AudioChunk]:
        """No more comes, or not from here on: return the rest."""
        return [] if self._segment is None else self._segment.finish()

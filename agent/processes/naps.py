"""Chunks of sound as they come, and how much of it is awaited, in; how long there is no need to look for more, out.

A process that wakes up for every chunk finds its code and its models in no cache, 31 times a second: what it does with
three chunks one after another costs little more than with one.
"""

from __future__ import annotations

from encoders.samples import AudioChunk

LONGEST_NS = 128_000_000
"""So that the end of a stream is noticed, and who looks on sees that the process lives."""
_STEP_NS = 500_000


class Naps:
    """Foresees when a chunk will be there, so that nobody looks for it much sooner, nor sleeps for long beside it.

    Chunks are as long as the last one, and each comes some time after it is complete: of a device later than of a
    recording, and not always as late. That time is learnt, a step up when a chunk was looked for too soon and a step
    down when it was there: so it settles at their median, by the stochastic approximation of Robbins and Monro (1951),
    with steps of one size because devices change.
    """

    def __init__(self) -> None:
        self.wanted_ns = 0
        """When the chunk is complete that is awaited; 0 when none is that is still to come."""
        self._end_ns = self._duration_ns = 0
        self._late_ns = 0
        self._sought_ns = 0  # the latest chunk that was looked for when it was to be there
        self._is_learnt = True

    def note(self, chunk: AudioChunk) -> None:
        """Take the times of a chunk that has come."""
        stretch = chunk.interval
        self._end_ns, self._duration_ns = stretch.end_ns, stretch.duration_ns

    def left_ns(self, awaited_ns: int, now_ns: int) -> int:
        """How long to sleep, when nothing matters but the chunk that reaches to `awaited_ns`; 0 to LONGEST_NS."""
        self._learn()
        self.wanted_ns = self._complete_ns(awaited_ns)
        left_ns = self.wanted_ns + self._late_ns - now_ns
        if self.wanted_ns <= self._sought_ns or left_ns <= 0:
            return 0
        if left_ns > LONGEST_NS:
            return LONGEST_NS
        self._sought_ns, self._is_learnt = self.wanted_ns, False
        return left_ns

    def _complete_ns(self, awaited_ns: int) -> int:
        if awaited_ns <= self._end_ns or self._duration_ns == 0:
            return 0
        return self._end_ns - (self._end_ns - awaited_ns) // self._duration_ns * self._duration_ns

    def _learn(self) -> None:
        if not self._is_learnt:
            was_there = self._end_ns >= self._sought_ns
            self._late_ns = max(0, self._late_ns + (-_STEP_NS if was_there else _STEP_NS))
            self._is_learnt = True

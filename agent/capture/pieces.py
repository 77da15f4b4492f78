"""Pieces of sound of any rate and size in, with when each was heard as far as its sender knows; stamped chunks out."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from agent.capture.segment import SAMPLE_RATE_HZ
from agent.capture.source import CaptureError
from agent.capture.stamping import Block, BlockStamper
from encoders.samples import AudioChunk

_MEASURED_HOLE_NS = 50_000_000
_HOLE_NS = 1_000_000_000  # what was stamped when it came may be late by a busy program's hiccup, but not by that much


class PieceStamper:
    """Turns what another program gives as it gets it into mono 16 kHz chunks of 32 ms.

    Where the sender knows when its sound was heard, that is followed smoothly, and a difference of more than 50 ms is a
    hole. Where it does not, the pieces' arrival is fitted as a microphone's callbacks are (see SampleClock), and only a
    second without sound is a hole. Losses: those of BlockStamper; sound at no usual rate counts as a false_rate.
    """

    def __init__(self, losses: Counter[str]) -> None:
        self._losses = losses
        self._rate_hz = 0
        self._samples = 0
        self._stamper = BlockStamper(SAMPLE_RATE_HZ, losses, settle_s=0)

    def push(
        self, pcm: NDArray[np.float32], rate_hz: int, pts_ns: int, *, measured: bool, follows: bool = True
    ) -> list[AudioChunk]:
        """Take float32 [samples, channels] whose first sample was heard at `pts_ns`; return what became certain by it.

        `measured`: whether the sender knows that moment; `follows`: whether nothing is missing since the last piece.
        """
        chunks: list[AudioChunk] = []
        if not follows or rate_hz != self._rate_hz or self._is_hole(pts_ns, measured):
            self._rate_hz, self._samples = rate_hz, 0
            chunks = self._stamper.begin(rate_hz)
        try:
            chunks += self._stamper.push(Block(self._samples, pts_ns, pcm))
        except CaptureError:  # a microphone like this has to be changed; a program may yet change by itself
            self._losses["false_rate"] += 1
            self._rate_hz = 0
        self._samples += len(pcm)
        return chunks

    def finish(self) -> list[AudioChunk]:
        """No more comes: return the rest."""
        return self._stamper.begin(SAMPLE_RATE_HZ)

    def _is_hole(self, pts_ns: int, measured: bool) -> bool:
        expected_ns = self._stamper.expected_ns
        most_ns = _MEASURED_HOLE_NS if measured else _HOLE_NS
        return expected_ns is not None and abs(pts_ns - expected_ns) > most_ns

"""An unbroken stretch of mono PCM at any rate in, stamped 16 kHz chunks of 32 ms out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import soxr
from numpy.typing import NDArray

from encoders.samples import AudioChunk

SAMPLE_RATE_HZ = 16_000
CHUNK_SAMPLES = 512  # 32 ms: what the voice activity model takes at a time


class Segment:
    """Resamples and cuts one stretch without gaps; what exceeds full scale is clipped.

    soxr takes its own filter delay out of its output, so output sample k was heard at k / 16000 s after the first
    input sample, whatever the input rate; n input samples become round(n * 16000 / rate) in all. `stamp` maps k to the
    session axis; `numbers` gives each chunk its seq and goes on from segment to segment.
    """

    def __init__(self, rate_hz: int, stamp: Callable[[int], int], numbers: Iterator[int]) -> None:
        self.rate_hz = rate_hz
        self.samples_in = 0
        self._stamp = stamp
        self._numbers = numbers
        self._resampler = (
            None if rate_hz == SAMPLE_RATE_HZ else soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
        )
        self._pending: NDArray[np.float32] = np.zeros(0, np.float32)
        self._samples_out = 0

    def push(self, pcm: NDArray[np.float32]) -> list[AudioChunk]:
        """Take float32 [n] that follows on the last; return the full chunks that became certain by it."""
        self.samples_in += len(pcm)
        self._append(pcm, last=False)
        return [self._cut(CHUNK_SAMPLES) for _ in range(len(self._pending) // CHUNK_SAMPLES)]

    def finish(self) -> list[AudioChunk]:
        """End the stretch: return the rest, of which the last chunk may be shorter."""
        chunks = []
        if self.samples_in:
            self._append(np.zeros(0, np.float32), last=True)
        while len(self._pending):
            chunks.append(self._cut(CHUNK_SAMPLES))
        return chunks

    def _append(self, pcm: NDArray[np.float32], *, last: bool) -> None:
        if self._resampler is not None:
            pcm = self._resampler.resample_chunk(pcm, last=last)
        pcm = np.clip(pcm, -1.0, 1.0)  # float formats may exceed full scale, and resampling clipped sound overshoots
        self._pending = np.concatenate((self._pending, pcm))

    def _cut(self, length: int) -> AudioChunk:
        pcm, self._pending = self._pending[:length], self._pending[length:]
        chunk = AudioChunk(next(self._numbers), self._stamp(self._samples_out), SAMPLE_RATE_HZ, pcm)
        self._samples_out += len(pcm)
        return chunk

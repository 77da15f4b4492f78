"""A microphone in, mono 16 kHz chunks stamped from its sample counter out."""

from __future__ import annotations

import math
import queue
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from agent.capture.portaudio import open_input, start_input
from agent.capture.source import WAKE_S, CaptureError, Problem
from agent.capture.stamping import Block, BlockStamper
from agent.clock import Clock
from encoders.samples import NS_PER_S, AudioChunk

_QUEUE_BLOCKS = 512
_START_PATIENCE_S = 3.0  # wireless headsets take their time
_PATIENCE_S = 1.0
_BELIEVABLE_S = 2.0  # beyond this the driver's clock says nothing


class Microphone:
    """A microphone as PortAudio sees it: by index, by name or part of one, or None for the system's default.

    Chunks hold 32 ms at 16 kHz, whatever rate and channels the device has. Their times follow the device's sample
    counter as fitted to `clock` (see SampleClock), so consecutive chunks meet to within 48 µs. The first ones arrive
    together, a second after opening, once the fit has settled.

    Losses: overflow (times the driver said that samples were lost), dropped (blocks nobody fetched in time), and those
    of BlockStamper. Entering raises CaptureError (absent, busy, unsupported); iterating raises it when the device
    delivers nothing for a second (vanished), or at a rate that is neither its own nor a usual one (unsupported).
    """

    def __init__(self, device: str | int | None, clock: Clock) -> None:
        self.name = "default microphone" if device is None else str(device)
        self.losses: Counter[str] = Counter()
        self._device = device
        self._clock = clock
        self._next_sample = 0
        self._blocks: queue.Queue[Block] = queue.Queue(_QUEUE_BLOCKS)

    def __enter__(self) -> Self:
        self._stream, self.name = open_input(self._device, self._take)
        start_input(self._stream, self.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def __iter__(self) -> Iterator[AudioChunk]:
        stamper = BlockStamper(round(self._stream.samplerate), self.losses, f"Microphone {self.name}")
        patience_s = _START_PATIENCE_S
        while True:
            yield from stamper.push(self._next_block(patience_s))
            patience_s = _PATIENCE_S

    def _next_block(self, patience_s: float) -> Block:
        for _ in range(math.ceil(patience_s / WAKE_S)):
            with suppress(queue.Empty):
                return self._blocks.get(timeout=WAKE_S)
        raise CaptureError(
            Problem.VANISHED,
            f"Microphone {self.name} delivered nothing for {patience_s:.0f} s. Check that it is plugged in.",
        )

    def _take(self, pcm: NDArray[np.float32], frames: int, times: Any, status: Any) -> None:
        """PortAudio's callback, on its real-time thread: copy and go."""
        if status.input_overflow:
            self.losses["overflow"] += 1
        # A block is taken as complete when the callback began: what is late about that, SampleClock filters out. (The
        # driver's own inputBufferAdcTime would say more, but sound servers revise theirs by hundreds of milliseconds.)
        # The interpreter may have come late to this line; the stream's clock tells by how much.
        late_s = self._stream.time - times.currentTime
        if not 0 <= late_s <= _BELIEVABLE_S:
            late_s = 0.0
        heard_ns = self._clock.now_ns() - int((late_s + frames / self._stream.samplerate) * NS_PER_S)
        block = Block(self._next_sample, heard_ns, pcm.copy())
        self._next_sample += frames
        try:
            self._blocks.put_nowait(block)
        except queue.Full:
            self.losses["dropped"] += 1
            with suppress(queue.Empty):
                self._blocks.get_nowait()
            self._blocks.put_nowait(block)

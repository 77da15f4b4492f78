"""A microphone that hears what the test says, at a moment that the test knows.

    with PulseServer() as pulse, Ear(pulse) as ear:
        child = subprocess.Popen([...], env=os.environ | pulse.environment)  # opens the default microphone
        began_ns = ear.hear(click(), time.monotonic_ns() + 50_000_000)

Unlike a player's sound, which reaches the microphone whenever the player and the server are ready for it, the samples
are written in real time, 10 ms at a time, as a sound card would deliver them: a block is there when its last sample
has been heard. `false_rate` makes it a card whose rate lies.
"""

from __future__ import annotations

import os
import threading
import time
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tests.stand_ins.pulse import PulseServer

EAR_RATE_HZ = 48_000
_BLOCK_S = 0.01
_NS_PER_S = 1_000_000_000


def click() -> NDArray[np.float32]:
    """10 ms of 2 kHz at full swing from its first sample on: float32 [480]."""
    return np.asarray(0.8 * np.cos(2 * np.pi * 2000 * np.arange(EAR_RATE_HZ // 100) / EAR_RATE_HZ), np.float32)


class Ear:
    """The default microphone of `pulse`: silence, but for what it is given to hear.

    It says that it has 48 kHz; `false_rate` is how many times as many samples it really delivers in a second.
    """

    def __init__(self, pulse: PulseServer, false_rate: float = 1.0) -> None:
        self._fifo = pulse.add_microphone("ear", EAR_RATE_HZ)
        self._rate_hz = EAR_RATE_HZ * false_rate
        self._lock = threading.Lock()
        self._to_hear: list[tuple[int, NDArray[np.float32]]] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._deliver, daemon=True)

    def __enter__(self) -> Self:
        self._began_ns = time.monotonic_ns()
        self._written = 0
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join(2.0)

    def hear(self, pcm: NDArray[np.float32], at_ns: int) -> int:
        """Hear float32 [n] at 48 kHz from the sample nearest to the monotonic time `at_ns` on; returns that sample's
        time. What lies in a block already delivered is heard with the next one.
        """
        with self._lock:
            first = max(self._written, round((at_ns - self._began_ns) * self._rate_hz / _NS_PER_S))
            self._to_hear.append((first, pcm))
        return self._began_ns + round(first * _NS_PER_S / self._rate_hz)

    def _deliver(self) -> None:
        length = round(_BLOCK_S * EAR_RATE_HZ)
        pipe = os.open(self._fifo, os.O_WRONLY)
        try:
            while not self._closing.is_set():
                complete_ns = self._began_ns + round((self._written + length) * _NS_PER_S / self._rate_hz)
                if (left_ns := complete_ns - time.monotonic_ns()) > 0:
                    time.sleep(left_ns / _NS_PER_S)
                os.write(pipe, (self._next(length) * 32767).astype("<i2").tobytes())
        except BrokenPipeError:  # the server is gone, and nobody hears any more
            pass
        finally:
            os.close(pipe)

    def _next(self, length: int) -> NDArray[np.float32]:
        block = np.zeros(length, np.float32)
        with self._lock:
            for first, pcm in self._to_hear:
                offset = first - self._written
                part = pcm[max(0, -offset) : max(0, length - offset)]
                block[max(0, offset) : max(0, offset) + len(part)] += part
            self._written += length
            self._to_hear = [(first, pcm) for first, pcm in self._to_hear if first + len(pcm) > self._written]
        return np.clip(block, -1.0, 1.0)

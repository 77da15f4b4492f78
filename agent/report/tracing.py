"""A recording's sound in, how loud and how high it is every 50 ms out: what a page draws of it."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from swift_f0 import SwiftF0

from agent.capture.recording import RecordingAudio
from agent.capture.source import CaptureError, Problem
from agent.report.apart import ask, confine
from encoders.samples import NS_PER_S, AudioChunk

STEP_NS = 50_000_000
_RATE_HZ = 16_000
_FMIN_HZ, _FMAX_HZ = 60.0, 600.0  # as the prosody encoder hears
_VOICED_FROM = 0.5
_PIECE_SAMPLES = _RATE_HZ  # the pitch model is at its fastest with a second at a time
_LARGEST_GAP_NS = 50_000_000


class Trace(msgspec.Struct, frozen=True):
    """A value for each step of 50 ms. `peaks`: the largest amplitude, 0 to 255 (full scale), a byte each; `pitch_hz`:
    the median of what is voiced, 0 where nothing is, two bytes each, the lower first.
    """

    peaks: bytes = b""
    pitch_hz: bytes = b""


def trace(location: Path) -> Trace:
    """The sound of a recording, looked at by a process of its own; nothing where there is none. Raises ReadingError."""
    return msgspec.msgpack.decode(ask(__name__, str(location).encode()), type=Trace)


class Tracer:
    """Chunks in, their trace out."""

    def __init__(self, model: SwiftF0) -> None:
        self._model = model
        self._stream = model.stream(_FMIN_HZ, _FMAX_HZ)
        self._begin_ns = self._end_ns = 0
        self._waiting: list[NDArray[np.float32]] = []
        self._peaks: list[float] = []
        self._pitches_hz: list[float] = []
        self._found: list[float] = []  # of the step that is being heard: the next of _pitches_hz

    def push(self, chunk: AudioChunk) -> None:
        """Take the next chunk: mono, 16 kHz."""
        if abs(chunk.pts_ns - self._end_ns) > _LARGEST_GAP_NS:
            self._rest()
            self._begin_ns = chunk.pts_ns
        self._waiting.append(chunk.pcm)
        self._end_ns = chunk.interval.end_ns
        self._loudness(chunk)
        if sum(map(len, self._waiting)) >= _PIECE_SAMPLES:
            self._hear()

    def finish(self) -> Trace:
        """No more comes: all of it."""
        self._rest()
        steps = len(self._peaks)
        self._to(steps)
        pitch_hz = np.array(self._pitches_hz[:steps]).round().astype("<u2")
        peaks = np.clip(np.array(self._peaks) * 255, 0, 255).round().astype(np.uint8)
        return Trace(peaks.tobytes(), pitch_hz.tobytes())

    def _loudness(self, chunk: AudioChunk) -> None:
        last = (chunk.interval.end_ns - 1) // STEP_NS
        self._peaks += [0.0] * (last + 1 - len(self._peaks))
        steps = (chunk.pts_ns + np.arange(len(chunk.pcm)) * NS_PER_S // _RATE_HZ) // STEP_NS
        for step in range(int(chunk.pts_ns // STEP_NS), int(last) + 1):
            there = np.abs(chunk.pcm[steps == step])
            self._peaks[step] = max(self._peaks[step], float(there.max(initial=0.0)))

    def _hear(self) -> None:
        self._note(self._stream.push(np.concatenate(self._waiting), _RATE_HZ))
        self._waiting.clear()

    def _rest(self) -> None:
        """The unbroken stretch is over."""
        if self._waiting:
            self._hear()
        self._note(self._stream.flush())
        self._stream = self._model.stream(_FMIN_HZ, _FMAX_HZ)

    def _note(self, found: object) -> None:
        for at_s, hz, sure in zip(found.timestamps, found.pitch_hz, found.confidence, strict=True):  # type: ignore[attr-defined]  # swift_f0 is published untyped
            if sure >= _VOICED_FROM:
                self._to(int((self._begin_ns + at_s * NS_PER_S) // STEP_NS))
                self._found.append(float(hz))

    def _to(self, step: int) -> None:
        """What was found belongs to the steps before this one."""
        if step > len(self._pitches_hz):
            self._pitches_hz.append(float(np.median(self._found)) if self._found else 0.0)
            self._pitches_hz += [0.0] * (step - len(self._pitches_hz))
            self._found.clear()


def main() -> int:
    """Trace the recording that standard input names."""
    confine()
    tracer = Tracer(SwiftF0(threads=1, spin=False))
    try:
        with RecordingAudio(Path(sys.stdin.read())) as sound:
            for chunk in sound:
                tracer.push(chunk)
        told = tracer.finish()
    except CaptureError as error:
        if error.problem is not Problem.EMPTY:
            raise
        told = Trace()
    sys.stdout.buffer.write(msgspec.msgpack.encode(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())

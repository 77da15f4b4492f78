"""Sound in pieces in, the pitch of the frames that became certain by each out: SwiftF0's model, as a stream.

The model in the swift-f0 wheel looks eleven frames back and ten ahead, so it is given each frame again and again. The
frames found are the same to the byte as those of the wheel's own stream, which also sums up the power of all of these
frames every time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from encoders.bundled import bundled
from encoders.onnx import one_thread_session

FRAME = 256  # samples: 16 ms at 16 kHz
_BEFORE, _AHEAD = 11, 10  # frames that reach into one: half a window of 2048 samples and seven layers
_SILENCE_PEAK = 1e-3  # below it the model finds voices in nothing
_FLOOR = 1e-7  # amplitude: -140 dB re full scale
_TOLD = ("pitch", "confidence")


@dataclass(frozen=True, slots=True)
class Pitch:
    """Consecutive frames of 16 ms, the first of them number `first` of the stream: float64 [n] each.

    `confidence` is a voicing score, at least 0.5 in a voice; `loudness_db` is that of the 32 ms up to the frame's end,
    re full scale.
    """

    first: int
    pitch_hz: NDArray[np.float64]
    confidence: NDArray[np.float64]
    loudness_db: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PitchModel:
    """SwiftF0. Any number of streams may share it."""

    session: onnxruntime.InferenceSession

    @classmethod
    def load(cls) -> PitchModel:
        """The model in the swift-f0 wheel, found without importing it; one thread.

        Raises FileNotFoundError when it is missing, DamagedError when its file is not what it was.
        """
        return cls(one_thread_session(bundled("swift_f0") / "model.onnx"))

    def stream(self, fmin_hz: float, fmax_hz: float) -> PitchStream:
        """Begin to follow a voice between two bounds."""
        return PitchStream(self, fmin_hz, fmax_hz)


class PitchStream:
    """One voice's pitch."""

    def __init__(self, model: PitchModel, fmin_hz: float, fmax_hz: float) -> None:
        self._model = model
        self._bounds = {"fmin": np.array(fmin_hz, np.float32), "fmax": np.array(fmax_hz, np.float32)}
        self._heard = np.zeros(0, np.float32)  # from _BEFORE frames before the next one on, or from the beginning
        self._next = 0
        self._power = 0.0  # of the frame before the next one

    def push(self, samples: NDArray[np.float32]) -> Pitch:
        """Take the next samples, float32 [n] at 16 kHz in [-1, 1]; return the frames that became certain by them."""
        self._heard = np.concatenate([self._heard, samples])
        first = min(self._next, _BEFORE)
        last = len(self._heard) // FRAME - _AHEAD
        if last <= first:
            return Pitch(self._next, np.zeros(0), np.zeros(0), np.zeros(0))
        pitch_hz, confidence = self._model.session.run(_TOLD, {"audio": self._heard[None], **self._bounds})
        frames = self._heard[first * FRAME : last * FRAME].reshape(-1, FRAME)
        pitch_hz, confidence = (each[0, first:last].astype(np.float64) for each in (pitch_hz, confidence))
        confidence[np.maximum.reduce(np.abs(frames), axis=1) < _SILENCE_PEAK] = 0.0
        found = Pitch(self._next, pitch_hz, confidence, self._loudness_db(frames))
        self._next += last - first
        self._heard = self._heard[(last - min(self._next, _BEFORE)) * FRAME :]
        return found

    def _loudness_db(self, frames: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of frames [n, FRAME] that go on from those before."""
        powers = np.square(frames, dtype=np.float64).cumsum(axis=1)[:, -1]  # one sample after another, as SwiftF0 does
        before = np.empty_like(powers)
        before[0], before[1:] = self._power, powers[:-1]
        self._power = float(powers[-1])
        amplitude = np.sqrt((before + powers) / (2 * FRAME))
        return np.asarray(20.0 * np.log10(np.maximum(amplitude, _FLOOR)))

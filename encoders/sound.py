"""Hops of sound in, what the recognizer's own ears make of the talk so far out: how it sounds, beyond named features.

The encoder of the embedded recognizer reads the talk in progress, at most its last six seconds, half a second after it
began and then again and again; mean and spread of its states over time, projected by a fixed matrix, are the sound's
coordinates. It was made to tell words apart, and hears far more than pitch and loudness on the way. Whatever recognizer
writes the words, this one listens here, so that the weights which read it fit.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from encoders.onnx import one_thread_session
from encoders.shipped import shipped
from encoders.speech.moonshine import embedded_folder

SOUND_DIMS = tuple(f"sound_{number}" for number in range(32))
WINDOW_HOPS = 60
LEAD_HOPS = 5  # voicing is known two hops late, and a talk begins before its first vowel
REST_HOPS = 10  # so long without voice, and the next voice begins another talk
_LARGEST = 4.0  # of coordinates that have a spread of 1
_LEVEL = 0.1  # root mean square of what the encoder is given: gain says nothing
_SILENCE = 1e-5


@dataclass(frozen=True, slots=True)
class SoundModel:
    """The recognizer's encoder and the projection: states pooled [2 * width], less `mean`, times `matrix` [2 * width,
    dims]. Any number of streams may share it.
    """

    session: onnxruntime.InferenceSession
    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]

    @classmethod
    def load(cls) -> SoundModel:
        """The shipped projection on the encoder in the moonshine-voice wheel; one thread.

        Raises FileNotFoundError when that package is missing.
        """
        with (
            shipped("encoders", "sound.npz") as folder,
            np.load(folder / "sound.npz", allow_pickle=False) as stored,
        ):
            return cls(open_ears(), stored["mean"], stored["matrix"])

    def locate(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        """Coordinates float32 [32] of sound at 16 kHz, of spread 1 over the clips the projection was made from."""
        placed = (pool_states(self.session, pcm) - self.mean) @ self.matrix
        return np.asarray(np.clip(placed, -_LARGEST, _LARGEST), np.float32)


def open_ears() -> onnxruntime.InferenceSession:
    """The recognizer's encoder by itself. Raises FileNotFoundError when the moonshine-voice package is missing,
    DamagedError when it is not the one that was tested.
    """
    return one_thread_session(embedded_folder("encoder_model.ort") / "encoder_model.ort")


def pool_states(session: onnxruntime.InferenceSession, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean and standard deviation over time [2 * width] of the encoder's states, at a level of its own."""
    level = max(float(np.sqrt(np.mean(np.square(pcm, dtype=np.float64)))), _SILENCE)
    (states,) = session.run(
        None, {"input_values": (pcm * (_LEVEL / level))[None], "attention_mask": np.ones((1, len(pcm)), np.int64)}
    )
    return np.asarray(np.concatenate([states[0].mean(axis=0), states[0].std(axis=0)]), np.float32)


class TalkWindow:
    """The last seconds of the talk in progress: when there is more to hear of it, and what."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all of it."""
        self._hops: deque[NDArray[np.float32]] = deque(maxlen=WINDOW_HOPS)
        self._quiet = REST_HOPS
        self._since = 0  # hops of this talk since it was last heard

    def push(self, hop: NDArray[np.float32], voiced: bool) -> NDArray[np.float32] | None:
        """Take the next hop and whether there was voice just before it; the talk so far, float32 [n], when it is due to
        be heard, else None.

        Due every half second, of a talk longer than three seconds every second: a reading costs as much as it is long.
        """
        self._hops.append(hop)
        if not voiced:
            self._quiet += 1
            if self._quiet >= REST_HOPS:
                while len(self._hops) > LEAD_HOPS:
                    self._hops.popleft()
                return None
        elif self._quiet >= REST_HOPS:
            self._quiet = self._since = 0
        else:
            self._quiet = 0
        self._since += 1
        if self._since < (5 if len(self._hops) <= WINDOW_HOPS // 2 else 10):
            return None
        self._since = 0
        return np.concatenate(self._hops)

    @property
    def resting(self) -> bool:
        """Whether nobody talks, for a second or more."""
        return self._quiet >= REST_HOPS

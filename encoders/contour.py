"""What the pitch model finds, hop by hop, in; the contour of the pitch at each voice embedding's moment out."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from encoders.acoustics import SAMPLE_RATE_HZ
from encoders.pitch import FRAME, Pitch
from encoders.samples import NS_PER_S, Contour, Embedding, Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from encoders.prosody import PitchFollower, VoicePitch

FRAME_NS = FRAME * NS_PER_S // SAMPLE_RATE_HZ
"""From one value of the pitch model to the next: 16 ms."""
_VOICED = 0.5  # as the prosody encoder judges
_WAITING = 64  # hops: what nobody asks for is forgotten


class ContouredPitch:
    """A pitch model, for one stream, that remembers what it found. It stands in for it in a `ProsodyModel`.

    The encoder gives the model one hop at a time and makes one embedding of each, so the contours are told apart by
    counting.
    """

    def __init__(self, model: VoicePitch) -> None:
        self._model = model
        self._found: deque[_Found] = deque(maxlen=_WAITING)

    def stream(self, fmin_hz: float, fmax_hz: float) -> _RememberedStream:
        """See VoicePitch."""
        return _RememberedStream(self._model.stream(fmin_hz, fmax_hz), self._found)

    def contour(self, embedding: Embedding) -> Contour:
        """What became known of the pitch with the hop that the embedding was made of: six or seven values.

        They are of a moment 160 ms before its end; none in the first hops of a stream, which the model waits for.
        """
        found, lag_samples = self._found.popleft()
        start_ns = embedding.interval.end_ns - lag_samples * NS_PER_S // SAMPLE_RATE_HZ
        stretch = Interval(start_ns, start_ns + len(found.pitch_hz) * FRAME_NS)
        pitch_hz = np.where(found.confidence >= _VOICED, found.pitch_hz, 0.0).astype(np.float32)
        return Contour(stretch, pitch_hz, found.loudness_db.astype(np.float32))


_Found = tuple[Pitch, int]


class _RememberedStream:
    """One stream of the pitch model. What it finds is put away with how far its beginning lies before the hop's end."""

    def __init__(self, stream: PitchFollower, found: deque[_Found]) -> None:
        self._stream, self._found = stream, found
        self._heard = 0

    def push(self, samples: NDArray[np.float32]) -> Pitch:
        """See PitchFollower."""
        pitch = self._stream.push(samples)
        self._heard += len(samples)
        self._found.append((pitch, self._heard - pitch.first * FRAME if len(pitch.pitch_hz) else 0))
        return pitch

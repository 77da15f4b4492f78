"""What the pitch model finds, hop by hop, in; the contour of the pitch at each voice embedding's moment out."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from encoders.acoustics import SAMPLE_RATE_HZ
from encoders.samples import NS_PER_S, Contour, Embedding, Interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from swift_f0 import PitchResult

    from encoders.prosody import PitchModel, PitchStream

FRAME_NS = 256 * NS_PER_S // SAMPLE_RATE_HZ
"""From one value of the pitch model to the next: 16 ms."""
_VOICED = 0.5  # as the prosody encoder judges
_WAITING = 64  # hops: what nobody asks for is forgotten


class ContouredPitch:
    """A pitch model, for one stream, that remembers what it found. It stands in for it in a `ProsodyModel`.

    The encoder gives the model one hop at a time and makes one embedding of each, so the contours are told apart by
    counting.
    """

    def __init__(self, model: PitchModel) -> None:
        self._model = model
        self._found: deque[_Found] = deque(maxlen=_WAITING)

    def stream(self, fmin: float, fmax: float) -> _RememberedStream:
        """See PitchModel."""
        return _RememberedStream(self._model.stream(fmin, fmax), self._found)

    def contour(self, embedding: Embedding) -> Contour:
        """What became known of the pitch with the hop that the embedding was made of: six or seven values.

        They are of a moment 160 ms before its end; none in the first hops of a stream, which the model waits for.
        """
        result, lead_s = self._found.popleft()
        start_ns = embedding.interval.end_ns + round(lead_s * NS_PER_S)
        stretch = Interval(start_ns, start_ns + len(result.pitch_hz) * FRAME_NS)
        voiced = result.confidence >= _VOICED
        pitch_hz = np.where(voiced, result.pitch_hz, 0.0).astype(np.float32)
        return Contour(stretch, pitch_hz, result.loudness_db.astype(np.float32))


_Found = tuple["PitchResult", float]


class _RememberedStream:
    """One stream of the pitch model. What it finds is put away with how far its beginning lies from the hop's end."""

    def __init__(self, stream: PitchStream, found: deque[_Found]) -> None:
        self._stream, self._found = stream, found
        self._heard_s = 0.0

    def push(self, samples: ArrayLike, rate_hz: float) -> PitchResult:
        """See PitchStream."""
        result: PitchResult = self._stream.push(samples, rate_hz)
        self._heard_s += len(np.asarray(samples)) / rate_hz
        begins_s = float(result.timestamps[0]) if len(result.timestamps) else self._heard_s
        self._found.append((result, begins_s - self._heard_s))
        return result

"""A value from another process in, whether it is what its kind says out.

A process that has gone astray may send anything. What would make its reader fail, or poison all that follows, is left
out and counted there, so that one process's trouble stays its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agent.processes.wire import Absorbed, Bound, Ended, Pulse, Value
from encoders.outline import POINTS
from encoders.samples import (
    AudioChunk,
    Contour,
    Embedding,
    Interval,
    Modality,
    Outline,
    Reading,
    Transcript,
    VideoFrame,
    WordEmbeddings,
)

_FLOAT32, _UINT8 = np.dtype(np.float32), np.dtype(np.uint8)
_FOREVER_NS = 1 << 62
_LARGEST_PX = 16_384
_MOST_TONES = 64
_SENDERS = frozenset(["camera", "microphone", *Modality])


def is_sound(value: Value) -> bool:
    """Whether arrays have the type, the shape and the range that encoders and fusion count on, and times are times."""
    match value:
        case VideoFrame(seq, pts_ns, rgb):
            return _counts(seq, pts_ns) and rgb.dtype == _UINT8 and _is_picture(rgb.shape)
        case AudioChunk(seq, pts_ns, rate_hz, pcm):
            return _counts(seq, pts_ns) and 0 < rate_hz <= 1_000_000 and _is_series(pcm) and len(pcm) > 0
        case Embedding():
            return (
                _counts(value.seq, value.interval.end_ns)
                and _is_series(value.vector)
                and 0 <= value.confidence <= 1
                and (value.reading is None or _is_reading(value.reading))
                and (value.words is None or _are_words(value.words))
                and (value.outline is None or _is_outline(value.outline))
                and (value.contour is None or _is_contour(value.contour))
            )
        case Transcript(interval=interval, utterance_id=number):
            return _counts(number, interval.end_ns) and all(_is_time(word.interval) for word in value.words)
        case Bound(_, bound_ns):
            return abs(bound_ns) < _FOREVER_NS
        case Ended(sender, losses):
            return (sender in _SENDERS or _is_modality(sender)) and all(count >= 0 for count in losses.values())
        case Pulse(pid=pid, counters=counters):
            return pid >= 0 and np.isfinite(value.lag_ms) and all(count >= 0 for count in counters.values())
        case Absorbed(for_s=for_s, work_s=work_s):
            return 0 <= for_s < 3600 and work_s >= 0
        case _:
            return True


def _counts(seq: int, end_ns: int) -> bool:
    return 0 <= seq < _FOREVER_NS and abs(end_ns) < _FOREVER_NS


def _is_time(interval: Interval) -> bool:
    return abs(interval.start_ns) < _FOREVER_NS and abs(interval.end_ns) < _FOREVER_NS


def _is_picture(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[2] == 3 and all(0 < edge <= _LARGEST_PX for edge in shape[:2])


def _is_series(samples: NDArray[np.float32]) -> bool:
    return samples.dtype == _FLOAT32 and samples.ndim == 1 and bool(np.isfinite(samples).all())


def _is_modality(name: str) -> bool:
    try:
        return bool(Modality(name))
    except ValueError:
        return False


def _is_reading(reading: Reading) -> bool:
    return (
        (reading.sarcasm is None or 0 <= reading.sarcasm <= 1)
        and (reading.sentiment is None or -1 <= reading.sentiment <= 1)
        and (reading.activation is None or -1 <= reading.activation <= 1)
    )


def _are_words(words: WordEmbeddings) -> bool:
    count = len(words.intervals_ns)
    return (
        words.intervals_ns.shape == (count, 2)
        and words.vectors.ndim == 2
        and len(words.vectors) == count
        and words.sentiments.shape == words.sarcasms.shape == (count,)
        and all(bool(np.isfinite(each).all()) for each in (words.vectors, words.sentiments, words.sarcasms))
    )


def _is_outline(outline: Outline) -> bool:
    points = outline.points
    drawn = points.dtype == _FLOAT32 and points.shape in ((0, 2), (POINTS, 2)) and bool(np.isfinite(points).all())
    return abs(outline.pts_ns) < _FOREVER_NS and 0 < outline.aspect <= 100 and drawn


def _is_contour(contour: Contour) -> bool:
    series = (contour.pitch_hz, contour.loudness_db)
    return (
        _is_time(contour.interval)
        and all(map(_is_series, series))
        and len(contour.pitch_hz) == len(contour.loudness_db) <= _MOST_TONES
        and bool(((contour.pitch_hz >= 0) & (contour.pitch_hz <= 2000)).all())
    )

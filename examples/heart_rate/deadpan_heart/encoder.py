"""A heart's rate and beats in, how far both are from what is usual for this person out.

Values are [rate in beats per minute, intervals between beats in ms ...], as deadpan_heart.characteristic has them. What
a heart does says how strongly something is felt, not what: its rate rises with anger and with joy (Kreibig 2010,
Biological Psychology 84: 394-421). So its reading tells of activation alone, and what it says of sarcasm, if anything,
is for fusion to learn from recordings.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

import numpy as np

from encoders.baseline import Baseline
from encoders.samples import NS_PER_S, Embedding, Interval, Measurement, Modality, Reading

HEART_DIMS = (
    "rate_bpm",  # above this person's running level
    "rise_bpm",  # of the last 3 s above the 3 s before
    "variability",  # natural logarithm of RMSSD in ms, above its running level; 0 where no beats are told
)
_USUAL_BPM = 75.0
_ACTIVE_BPM = 15.0  # above the level, and the heart is clearly roused: chosen, not measured
_RATES_BPM = (30.0, 220.0)
_INTERVALS_MS = (270.0, 2000.0)
_STEP = 0.2  # an interval that differs from the last by more is a missed or an extra beat
_FEWEST_BEATS = 8
_RISE_S = 3.0
_VARIABILITY_S = 30.0  # RMSSD of so much agrees with that of minutes: Munoz et al. 2015, PLoS ONE 10: e0138921
_LEVEL_S = 120.0
_ACQUAINTED_S = 10.0
_LONGEST_NS = 3 * NS_PER_S


class HeartEncoder:
    """One person's heart. An instance of `Encoder[Measurement]`: an embedding for each measurement."""

    modality = Modality("heart")
    dim = len(HEART_DIMS)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Another person."""
        self._level = Baseline(np.array([_USUAL_BPM]), prior_s=2.0, memory_s=_LEVEL_S)
        self._variability = Baseline(np.zeros(1), prior_s=0.0, memory_s=_LEVEL_S)
        self._rates: deque[tuple[float, float]] = deque()  # when, in s, and how fast
        self._beats: deque[tuple[float, float]] = deque()  # when, and the square of the change of interval
        self._last_interval_ms: float | None = None
        self._seq = 0
        self._end_ns: int | None = None

    def push(self, measurement: Measurement, /) -> Sequence[Embedding]:
        """The embedding of the stretch since the last measurement, or of the last 3 s if that is longer ago."""
        end_ns = measurement.pts_ns
        since_ns = end_ns - NS_PER_S if self._end_ns is None else self._end_ns
        start_ns = max(since_ns, end_ns - _LONGEST_NS)
        self._end_ns = end_ns
        rate_bpm, *intervals_ms = measurement.values.tolist()
        interval, self._seq = Interval(start_ns, end_ns), self._seq + 1
        if not _RATES_BPM[0] <= rate_bpm <= _RATES_BPM[1]:  # not worn, or slipped
            return [Embedding(self._seq - 1, self.modality, interval, np.zeros(self.dim, np.float32), 0.0)]
        now_s, took_s = end_ns / NS_PER_S, max(interval.duration_ns, 1) / NS_PER_S
        self._level.update(np.array([rate_bpm]), took_s)
        above_bpm = rate_bpm - float(self._level.level[0])
        vector = np.array([above_bpm, self._rise(now_s, rate_bpm), self._unsteadiness(now_s, took_s, intervals_ms)])
        reading = Reading(activation=math.tanh(above_bpm / _ACTIVE_BPM))
        confidence = min(1.0, self._level.seen_s / _ACQUAINTED_S)
        return [Embedding(self._seq - 1, self.modality, interval, vector.astype(np.float32), confidence, reading)]

    def flush(self) -> Sequence[Embedding]:
        """Nothing is held back."""
        return ()

    def _rise(self, now_s: float, rate_bpm: float) -> float:
        self._rates.append((now_s, rate_bpm))
        while self._rates[0][0] <= now_s - 2 * _RISE_S:
            self._rates.popleft()
        late = [rate for at_s, rate in self._rates if at_s > now_s - _RISE_S]
        early = [rate for at_s, rate in self._rates if at_s <= now_s - _RISE_S]
        return sum(late) / len(late) - sum(early) / len(early) if early else 0.0

    def _unsteadiness(self, now_s: float, took_s: float, intervals_ms: Sequence[float]) -> float:
        """Logarithm of the root mean square of successive differences (Task Force 1996, Circulation 93: 1043-1065)."""
        for each_ms in intervals_ms:
            last_ms = self._last_interval_ms
            self._last_interval_ms = each_ms if _INTERVALS_MS[0] <= each_ms <= _INTERVALS_MS[1] else None
            if last_ms is not None and self._last_interval_ms is not None and abs(each_ms / last_ms - 1) <= _STEP:
                self._beats.append((now_s, (each_ms - last_ms) ** 2))
        while self._beats and self._beats[0][0] <= now_s - _VARIABILITY_S:
            self._beats.popleft()
        if len(self._beats) < _FEWEST_BEATS:
            return 0.0
        rmssd_ms = math.sqrt(sum(square for _, square in self._beats) / len(self._beats))
        told = np.array([math.log(max(rmssd_ms, 1.0))])
        self._variability.update(told, took_s)
        return float(told[0] - self._variability.level[0])

"""Points and latencies of hours in; slopes with their intervals, percentiles by period and drift out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from bench.measure import percentile

_NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Slope:
    """How much something grows, per unit of its abscissa, with the interval that holds it 95 times in 100."""

    value: float
    low: float
    high: float

    def exceeds(self, limit: float) -> bool | None:
        """Whether it is above the limit; None where the interval holds both answers."""
        return True if self.low > limit else False if self.high < limit else None


@dataclass(frozen=True, slots=True)
class Period:
    """The latencies of one period of a session, in ms; `at_s` is where it begins."""

    at_s: float
    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


def slope(points: Sequence[tuple[float, float]]) -> Slope:
    """The median of the slopes of all pairs, which a few wild points do not move (Theil 1950; interval: Sen 1968).

    Raises ValueError for less than three points at different places.
    """
    slopes = sorted((y - x_y) / (x - x_x) for (x_x, x_y), (x, y) in combinations(points, 2) if x != x_x)
    if len(slopes) < 3:
        raise ValueError("a slope needs three points at different places")
    count = len(points)
    spread = _NORMAL_95 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(0, math.floor((len(slopes) - spread) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + spread) / 2))
    return Slope(median(slopes), slopes[low], slopes[high])


def thinned(points: Iterable[tuple[float, float]], every: float) -> list[tuple[float, float]]:
    """One point for every stretch of `every`, its medians: neighbours are alike, and would feign a narrow interval."""
    stretches: dict[int, list[tuple[float, float]]] = {}
    for point in points:
        stretches.setdefault(math.floor(point[0] / every), []).append(point)
    return [(median(x for x, _ in stretch), median(y for _, y in stretch)) for _, stretch in sorted(stretches.items())]


def periods(latencies: Iterable[tuple[float, float]], length_s: float) -> list[Period]:
    """Latencies as (second of the session, ms) in, what they were in each period that has any."""
    by_period: dict[int, list[float]] = {}
    for at_s, latency_ms in latencies:
        by_period.setdefault(int(at_s // length_s), []).append(latency_ms)
    return [
        Period(number * length_s, len(each), percentile(each, 0.5), percentile(each, 0.95), percentile(each, 0.99))
        for number, each in sorted(by_period.items())
    ]


def drift(latencies: Sequence[tuple[float, float]], share: float = 0.99) -> float:
    """By how much the percentile of the last third of the time exceeds that of the first, as a part of the latter."""
    begin_s, end_s = min(at for at, _ in latencies), max(at for at, _ in latencies)
    third_s = (end_s - begin_s) / 3
    first = [ms for at, ms in latencies if at <= begin_s + third_s]
    last = [ms for at, ms in latencies if at >= end_s - third_s]
    return percentile(last, share) / percentile(first, share) - 1

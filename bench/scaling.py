"""The demo, longer and with other settings, in; what a second of it costs, out."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agent.capture.media import probe
from agent.session import demo_location
from bench.measure import Scoring, run_session, score_demo
from bench.soak.recording import looped

TIMES = (1, 4, 16)
_RATES = (5, 15, 25)
_TICKS = (2, 5, 10)
_SUBSCRIBERS = (0, 10, 50)


@dataclass(frozen=True, slots=True)
class Growth:
    """Cost against length: a line through the measured points, by least squares."""

    scorings: tuple[Scoring, ...]

    @property
    def line(self) -> tuple[float, float]:
        """Processor seconds of starting, and per second of recording."""
        slope, start = np.polyfit([each.media_s for each in self.scorings], [each.cpu_s for each in self.scorings], 1)
        return float(start), float(slope)

    @property
    def worst(self) -> float:
        """The largest distance of a point from the line, as a share of the point."""
        start, slope = self.line
        return max(abs(each.cpu_s - start - slope * each.media_s) / each.cpu_s for each in self.scorings)


def growth(times: tuple[int, ...] = TIMES) -> Growth:
    """Score the demo played so many times over, one file each."""
    with tempfile.TemporaryDirectory() as folder:
        demo, length_s = demo_location(), (probe(demo_location()).duration_ns or 0) / 1e9
        recordings = [looped(demo, Path(folder) / f"{count}.mkv", count * length_s) for count in times]
        return Growth(tuple(score_demo(str(recording)) for recording in recordings))


def by_frame_rate() -> dict[int, Scoring]:
    """Scorings at several frame rates, by frames a second."""
    return {rate: score_demo(config=f"camera:\n  rate_hz: {rate}\n") for rate in _RATES}


def by_tick_rate() -> dict[int, Scoring]:
    """Scorings at several rates of estimates, by estimates a second."""
    return {rate: score_demo(config=f"fusion:\n  tick_hz: {rate}\n") for rate in _TICKS}


def by_subscribers() -> dict[int, float]:
    """Processor seconds of the publishing process in a live session of the demo, by how many subscribers it has more
    than the one that the command itself is.
    """
    costs = {}
    for count in _SUBSCRIBERS:
        session = run_session(demo_location(), subscribers=count)
        costs[count] = session.cpu_s["fusion"]
    return costs

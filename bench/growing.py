"""Scorings and sessions of several sizes in, the table of how cost grows out."""

from __future__ import annotations

from bench.measure import Scoring
from bench.scaling import TIMES, by_frame_rate, by_subscribers, by_tick_rate, growth


def scaling_table() -> str:
    """Measure and tell how cost grows with length, frames, estimates and subscribers."""
    grown, subscribers = growth(), by_subscribers()
    start_s, slope = grown.line
    lengths = ", ".join(f"{each.cpu_s:.1f}" for each in grown.scorings)
    rows = [
        (f"recording {' ×, '.join(map(str, TIMES))} × the demo", f"{lengths} s of processor"),
        ("… as a line", f"{start_s:.1f} s + {slope:.3f} s per s; no point is further off than {grown.worst:.0%}"),
        *((f"{rate} frames a second", _per_s(scoring)) for rate, scoring in by_frame_rate().items()),
        *((f"{rate} estimates a second", _per_s(scoring)) for rate, scoring in by_tick_rate().items()),
        *((f"{count} more subscribers", f"fusion process {cost_s:.2f} s") for count, cost_s in subscribers.items()),
    ]
    return "\n".join(["| with | cost |", "|---|---|", *(f"| {what} | {cost} |" for what, cost in rows)])


def _per_s(scoring: Scoring) -> str:
    return f"{scoring.cpu_s / scoring.media_s:.3f} s of processor per s of recording, start-up included"

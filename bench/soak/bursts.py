"""Seconds of a session in; other programs that want all of the machine in some of them, and what that left, out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.measure import percentile
from bench.soak.live import Live
from bench.soak.sampling import Sample

_SPIN = "while True: pass"
_LOOK_S = 60.0
"""The last minute before a burst, and before the next, is what is compared."""


@dataclass(frozen=True, slots=True)
class Bursts:
    """When other programs want the machine: `count` times for `lasting_s`, `apart_s` from begin to begin.

    The first begins after `calm_s`.
    """

    count: int = 4
    calm_s: float = 180.0
    lasting_s: float = 60.0
    apart_s: float = 240.0
    programs: int = 4 * (os.cpu_count() or 1)

    @property
    def begins_s(self) -> list[float]:
        return [self.calm_s + n * self.apart_s for n in range(self.count)]

    @property
    def minutes(self) -> float:
        """The length of a session that has room for all of them, and for a calm after the last."""
        return (self.calm_s + self.count * self.apart_s) / 60

    def at(self, now_s: float) -> bool:
        """Whether there is one now."""
        return any(begin_s <= now_s < begin_s + self.lasting_s for begin_s in self.begins_s)


class Spinning:
    """The other programs, which run while there is a burst."""

    def __init__(self, bursts: Bursts) -> None:
        self._bursts = bursts
        self._running: list[subprocess.Popen[bytes]] = []

    def attend(self, now_s: float) -> None:
        """Start or end them, when it is time."""
        if self._bursts.at(now_s) and not self._running:
            self._running = [_begun() for _ in range(self._bursts.programs)]
        elif self._running and not self._bursts.at(now_s):
            self.close()

    def close(self) -> None:
        """End all that run."""
        for each in self._running:
            each.kill()
            each.wait()
        self._running = []


def _begun() -> subprocess.Popen[bytes]:
    """In a session of its own: Linux gives those of one together as much as it gives one of the agent's processes."""
    return subprocess.Popen([sys.executable, "-c", _SPIN], start_new_session=True)


def bursts_part(live: Live, bursts: Bursts) -> list[str]:
    """What a session with bursts was like: a line for the calm before the first, and one for each."""
    often = "once" if bursts.count == 1 else f"{bursts.count} times"
    lines = [
        f"### Overloaded {often}",
        "",
        f"The same for {bursts.minutes:.0f} minutes, in which {bursts.programs} programs that only compute wanted the"
        f" machine {often} for {bursts.lasting_s:.0f} s, with {bursts.apart_s - bursts.lasting_s:.0f} s after it. The"
        " last minute of the calm before the first time and after each is compared: own (anonymous) memory, MB, and how"
        f" late estimates were. Estimates: {len(live.latencies)} ticks, {live.missing_ticks} missing."
        f" Processes restarted: {live.restarts}.",
        "",
    ]
    names = sorted(set[str]().union(*(sample.footprints for sample in live.samples)))
    lines += [
        f"| after | {' | '.join(names)} | all | p50, p99 ms | p50, p99 ms in it | given up most | nothing given up"
        " after, s |",
        f"|{'---|' * (len(names) + 6)}",
        _row(live, "the beginning", names, bursts.calm_s),
    ]
    totals = []
    for number, begin_s in enumerate(bursts.begins_s, 1):
        end_s, next_s = begin_s + bursts.lasting_s, begin_s + bursts.apart_s
        totals.append(sum(_own_mb(live.samples, name, next_s) for name in names))
        levels = [(at_s, level) for at_s, level in live.levels if begin_s <= at_s < next_s]
        most = max((level for _, level in levels), default=0)
        given_up_s = [at_s for at_s, level in levels if level]
        back = f"{max(0.0, given_up_s[-1] - end_s):.0f}" if given_up_s else "–"
        if given_up_s and given_up_s[-1] == levels[-1][0]:
            back = "not yet"
        lines.append(_row(live, f"{number}", names, next_s, (begin_s, end_s), f"level {most}", back))
    if bursts.count > 1:
        lines += ["", f"From the first to the last: {totals[-1] - totals[0]:+.1f} MB of {totals[0]:.0f}."]
    return lines


def _row(
    live: Live,
    after: str,
    names: Sequence[str],
    until_s: float,
    burst_s: tuple[float, float] | None = None,
    level: str = "",
    back: str = "",
) -> str:
    own = [_own_mb(live.samples, name, until_s) for name in names]
    calm = _lateness(live, until_s - _LOOK_S, until_s)
    disturbed = "" if burst_s is None else _lateness(live, *burst_s)
    cells = [*(f"{each:.1f}" for each in own), f"{sum(own):.1f}", calm, disturbed, level, back]
    return f"| {after} | {' | '.join(cells)} |"


def _own_mb(samples: Sequence[Sample], name: str, until_s: float) -> float:
    """A process's own memory in the last minute before then."""
    calm = [each.footprints for each in samples if until_s - _LOOK_S <= each.at_s < until_s]
    held = [footprints[name].own_mb for footprints in calm if name in footprints]
    return median(held) if held else 0.0


def _lateness(live: Live, begin_s: float, end_s: float) -> str:
    late = [ms for at_s, ms in live.latencies if begin_s <= at_s < end_s]
    return f"{percentile(late, 0.5):.0f}, {percentile(late, 0.99):.0f}" if late else "none"

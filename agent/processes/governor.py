"""How the encoders keep up, in; how much is asked of the machine, out. Told the time, like everything that decides.

On a machine that is too slow the recognizer first reads less often, then fewer pictures are looked at; once there has
been room for a while, both come back. One level at a time, so that each has time to show what it does.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from deadpan.messages import Pace

_STEPS, _RATES = (1, 2, 4), (2 / 3, 1 / 3)
_LEAST_RATE_HZ = 5.0
"""Pictures are not thinned below this: a face embedding speaks of a fifth of a second at the most."""

_BUSY, _BEHIND_S = 0.7, 1.0
_IDLE, _IN_TIME_S = 0.35, 0.3
"""Half of _BUSY: the level below may cost twice as much, and must not be too much at once."""
_REPORTS, _WINDOW_S = 3, 3.0
"""A level is judged by an encoder's last reports, as many as tell of so long a time. Two at the least, and once there
are more, three: one may fall on a single long utterance."""
_DWELL_S = 3.0
"""The least between two changes."""
_CALM_S, _LONGEST_CALM_S = 10.0, 160.0
"""How long there must be room before a level is left; twice as long after each time that was too early..."""
_RELAPSE_S = 60.0
"""...which it was when the level had to be taken again within this. When it was not, the trouble is over."""


@dataclass(frozen=True, slots=True)
class Load:
    """One report of an encoder: how far it was behind, and which part of the time it was at work (if that matters)."""

    lag_s: float
    busy: float | None = None


def ladder(step_s: float | None, rate_hz: float | None) -> tuple[Pace, ...]:
    """The levels, from all that is configured down. None: the session has no recognizer, or no face encoder."""
    least_hz = None if rate_hz is None else min(rate_hz, _LEAST_RATE_HZ)
    steps = [None] if step_s is None else [step_s * times for times in _STEPS]
    rates = [] if rate_hz is None or least_hz is None else [max(rate_hz * share, least_hz) for share in _RATES]
    asked = [(step, rate_hz) for step in steps] + [(steps[-1], rate) for rate in rates]
    return tuple(Pace(level=n, step_s=step, face_rate_hz=rate) for n, (step, rate) in enumerate(dict.fromkeys(asked)))


@dataclass(frozen=True, slots=True)
class _Report:
    load: Load
    span_s: float  # the time it tells of: a pulse waits for the end of a long reading


class _Reports:
    """One encoder's last reports."""

    def __init__(self) -> None:
        self._last: deque[_Report] = deque()
        self._told_s: float | None = None

    def add(self, load: Load, now_s: float) -> None:
        span_s = 0.0 if self._told_s is None else now_s - self._told_s
        self._told_s = now_s
        self._last.append(_Report(load, span_s))
        while len(self._last) > _REPORTS and self._span_s() - self._last[0].span_s >= _WINDOW_S:
            self._last.popleft()

    def clear(self, now_s: float) -> None:
        """Judge by nothing that was before this moment."""
        self._last.clear()
        self._told_s = now_s

    @property
    def loads(self) -> list[Load]:
        return [report.load for report in self._last]

    @property
    def busy(self) -> float | None:
        """Which part of the time was work; None until two of them have measured it."""
        measured = [(report.load.busy, report.span_s) for report in self._last if report.load.busy is not None]
        span_s = sum(span_s for _, span_s in measured)
        if len(measured) < 2 or not span_s:
            return None
        return sum(busy * span_s for busy, span_s in measured) / span_s

    def _span_s(self) -> float:
        return sum(report.span_s for report in self._last)


class Governor:
    """The present level of one session, and why."""

    def __init__(self, levels: tuple[Pace, ...]) -> None:
        self._levels = levels
        self._level = 0
        self._reports: dict[str, _Reports] = {}
        self._changed_s = float("-inf")
        self._fell_s: float | None = None  # while the last change was a fall
        self._calm_since_s: float | None = None
        self._calm_s = _CALM_S
        self._cause = ""

    @property
    def pace(self) -> Pace:
        return self._levels[self._level]

    @property
    def reason(self) -> str:
        """What is done without and why, in words; empty at level 0."""
        if self._level == 0:
            return ""
        full, pace = self._levels[0], self.pace
        less = []
        if pace.step_s is not None and pace.step_s != full.step_s:
            less.append(f"recognizing every {pace.step_s:g} s")
        if pace.face_rate_hz is not None and pace.face_rate_hz != full.face_rate_hz:
            less.append(f"looking {pace.face_rate_hz:.3g} times a second")
        return f"{' and '.join(less)}: {self._cause}"

    def note(self, worker: str, load: Load, now_s: float) -> None:
        """Take an encoder's report: it tells of the time since its last one."""
        self._reports.setdefault(worker, _Reports()).add(load, now_s)

    def forget(self, worker: str) -> None:
        """An encoder has ended: what it last reported says nothing about the next."""
        self._reports.pop(worker, None)

    def judge(self, now_s: float) -> bool:
        """Whether the level changes now."""
        if self._fell_s is not None and now_s - self._fell_s >= _RELAPSE_S:
            self._calm_s = _CALM_S
        cause = self._overload()
        if cause or not self._is_calm():
            self._calm_since_s = None
        elif self._calm_since_s is None:
            self._calm_since_s = now_s
        if now_s - self._changed_s < _DWELL_S:
            return False
        if cause and self._level < len(self._levels) - 1:
            self._rise(cause, now_s)
        elif self._level > 0 and self._calm_since_s is not None and now_s - self._calm_since_s >= self._calm_s:
            self._fall(now_s)
        else:
            return False
        self._changed_s, self._calm_since_s = now_s, None
        for reports in self._reports.values():
            reports.clear(now_s)  # they tell of the level that was
        return True

    def _rise(self, cause: str, now_s: float) -> None:
        if self._fell_s is not None and now_s - self._fell_s < _RELAPSE_S:
            self._calm_s = min(2 * self._calm_s, _LONGEST_CALM_S)
        self._fell_s = None
        self._level, self._cause = self._level + 1, cause

    def _fall(self, now_s: float) -> None:
        self._fell_s = now_s
        self._level -= 1

    def _overload(self) -> str:
        """Who cannot keep up, and how far; empty when all can."""
        for worker, reports in self._reports.items():
            loads = reports.loads
            if len(loads) > 1 and min(load.lag_s for load in loads) > _BEHIND_S:
                return f"{worker} was {loads[-1].lag_s:.1f} s behind"
            if (busy := reports.busy) is not None and busy > _BUSY:
                return f"{worker} was at work {busy:.0%} of the time"
        return ""

    def _is_calm(self) -> bool:
        """Whether every encoder that reports has room to spare."""
        told = [reports for reports in self._reports.values() if reports.loads]
        return bool(told) and all(
            max(load.lag_s for load in reports.loads) < _IN_TIME_S and (reports.busy or 0.0) < _IDLE for reports in told
        )

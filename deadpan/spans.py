"""When a voice was heard and turns were announced in, from when to when a turn was spoken out. Touches no clock."""

from __future__ import annotations

from dataclasses import dataclass

_S = 1_000_000_000
_LEAD_NS = _S // 2  # a turn announced without a voice heard before began about so long ago
_LATE_NS = 3 * _S  # a turn that is announced once its words are recognized may be so late
_MOST_RUNS = 100


@dataclass(slots=True)
class _Run:
    """A run of voice; without an end while it lasts."""

    start_ns: int
    end_ns: int | None = None


class SpokenSpans:
    """Runs of voice, kept until the turn that they make up is taken. All times are of one clock, and never fall.

    Voice activity tells best. Where nothing detects it, the announcements of turns stand in.
    """

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    def voice_started(self, at_ns: int) -> None:
        """A voice is heard since `at_ns`."""
        if self._open() is None:
            self._runs = [*self._runs[-_MOST_RUNS:], _Run(at_ns)]

    def voice_stopped(self, at_ns: int) -> None:
        """No voice is heard any more since `at_ns`."""
        if (run := self._open()) is not None:
            run.end_ns = max(run.start_ns, at_ns)

    def turn_started(self, now_ns: int) -> None:
        """A turn has been announced: what was heard before it never became one, and is forgotten."""
        last = self._runs[-1] if self._runs else None
        if last is None or (last.end_ns is not None and last.end_ns < now_ns - _LATE_NS):
            self._runs = [_Run(now_ns - _LEAD_NS)]
        else:
            self._runs = [last]

    def turn_stopped(self, now_ns: int) -> None:
        """A turn is over: nobody speaks, whether or not anything told so before."""
        self.voice_stopped(now_ns)

    def so_far(self, now_ns: int) -> tuple[int, int] | None:
        """From when to when the turn has been spoken so far; None when nothing has been heard."""
        over = [run for run in self._runs if run.end_ns is not None] or self._runs
        if not over:
            return None
        return over[0].start_ns, over[-1].end_ns or now_ns

    def take(self, now_ns: int) -> tuple[int, int] | None:
        """The same of a turn whose words are there. What is spoken at this moment beside it belongs to the next."""
        span = self.so_far(now_ns)
        spoken = self._open() if len(self._runs) > 1 else None
        self._runs = [] if spoken is None else [spoken]
        return span

    def _open(self) -> _Run | None:
        return self._runs[-1] if self._runs and self._runs[-1].end_ns is None else None

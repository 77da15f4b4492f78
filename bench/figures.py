"""Measured turns in, the tables of docs/benchmarks.md out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import median
from typing import TypeAlias

from bench.calls import BareCost
from bench.measure import Scoring, Session, percentile, spread
from bench.naive import Loop
from bench.spoken_demo import Delays, delays, spoken_lines

_UNDERSTUDY = "fusion (understudy)"

_Row: TypeAlias = tuple[str, str, str, bool | None]
"""What, its budget, what was measured, whether the budget is kept."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One live session, the same model calls by themselves, one scoring and one straightforward loop, in a row."""

    live: Session
    bare: Sequence[BareCost]
    scoring: Scoring
    loop: Loop

    @property
    def live_cpu_s(self) -> float:
        """Of the whole agent; the understudy of fusion only starts meanwhile, which is not what running costs."""
        return sum(its_s for name, its_s in self.live.cpu_s.items() if name != _UNDERSTUDY)

    @property
    def over_bare(self) -> float:
        """The whole agent over its model calls, each made when the session makes it."""
        return self.live_cpu_s / sum(cost.paced_s for cost in self.bare)

    @property
    def over_together(self) -> float:
        """The same, the calls back to back."""
        return self.live_cpu_s / sum(cost.together_s for cost in self.bare)

    @property
    def under_loop(self) -> float:
        """The straightforward loop's processor time over the whole agent's."""
        return sum(self.loop.cpu_s) / self.live_cpu_s

    @property
    def delays(self) -> Delays:
        return delays(spoken_lines(), self.live.utterances, self.scoring.utterances)


def budgets(turns: Sequence[Turn], imports_s: Sequence[float]) -> str:
    """Every budget of the design, what was measured, and whether it is kept."""
    estimates = _all(turns, lambda turn: turn.live.estimate_latency_ms)
    voice = _all(turns, lambda turn: turn.delays.from_voice_activity_ms)
    speech = _all(turns, lambda turn: turn.delays.from_speech_ms)

    def most(what: str, of: Callable[[Turn], float], limit: float | None = None, digits: int = 2) -> _Row:
        measured = [of(turn) for turn in turns]
        kept = None if limit is None else median(measured) <= limit
        return what, "" if limit is None else f"≤ {limit:g}", spread(measured, digits), kept

    speeds = [turn.scoring.speed for turn in turns]
    rows: list[_Row] = [
        ("capture → published estimate, p50 / p95, ms", "p95 ≤ 250", _pair(estimates), _within(estimates, None, 250)),
        ("voice activity end → final utterance, p50 / p95, ms", "≤ 150 / 250", _pair(voice), _within(voice, 150, 250)),
        ("end of speech → final utterance, p50 / p95, ms", "≤ 350 / 500", _pair(speech), _within(speech, 350, 500)),
        most("processor, whole agent live at 15 frames a second, cores", lambda turn: turn.live.cores, 1),
        most("the same over its model calls by themselves", lambda turn: turn.over_bare, 1.3),
        most("… the calls back to back, their weights in the caches", lambda turn: turn.over_together),
        most("memory of all processes together (PSS), MB", lambda turn: turn.live.memory_mb, 1000, 0),
        ("replay of the demo, start-up included, times real time", "≥ 4", spread(speeds, 1), median(speeds) >= 4),
        most("processor time of that, s per s of recording", lambda turn: turn.scoring.cpu_s / turn.scoring.media_s),
        ("`import deadpan`, s", "≤ 0.15, no numpy", spread(list(imports_s), 3), median(imports_s) <= 0.15),
        most("command → first estimate, s", lambda turn: turn.live.first_estimate_s, 6),
    ]
    head = ["| what | budget | measured: median (least to greatest) | kept |", "|---|---|---|---|"]
    return "\n".join(
        [*head, *(f"| {what} | {budget} | {value} | {_mark(kept)} |" for what, budget, value, kept in rows)]
    )


def processes_table(turns: Sequence[Turn]) -> str:
    """Where the live agent's processor time goes, and how far behind the session's clock each process is."""
    head = [
        "| process | processor, % of a core | of that, model calls | behind the clock, p50 / p95, ms |",
        "|---|---|---|---|",
    ]
    rows = []
    for name in turns[-1].live.cpu_s:
        share = [100 * turn.live.cpu_s.get(name, 0.0) / turn.live.lasted_s for turn in turns]
        bare = median(sum(cost.paced_s for cost in turn.bare if cost.process == name) for turn in turns)
        calls = f"{bare / median(turn.live.cpu_s.get(name, 0.0) for turn in turns):.0%}" if bare else "–"
        lags = [
            worker.lag_ms
            for turn in turns
            for health in turn.live.healths
            if (worker := health.workers.get(name)) is not None and worker.lag_ms is not None
        ]
        rows.append(f"| {name} | {spread(share, 1)} | {calls} | {_pair(lags)} |")
    return "\n".join([*head, *rows])


def calls_table(turns: Sequence[Turn]) -> str:
    """What each model costs by itself."""
    head = ["| model | calls | each, when the session makes it, ms | each, back to back, ms |", "|---|---|---|---|"]
    rows = []
    for cost in turns[0].bare:
        same = [
            each for turn in turns for each in turn.bare if (each.process, each.model) == (cost.process, cost.model)
        ]
        paced, together = (
            spread([1000 * getattr(each, field) / each.calls for each in same]) for field in ("paced_s", "together_s")
        )
        rows.append(f"| {cost.process}: {cost.model} | {cost.calls} | {paced} | {together} |")
    return "\n".join([*head, *rows])


def loop_table(turns: Sequence[Turn]) -> str:
    """The agent beside the loop that computes everything anew at every tick."""
    cpu = _all(turns, lambda turn: [1000 * each for each in turn.loop.cpu_s])
    wall = _all(turns, lambda turn: [1000 * each for each in turn.loop.wall_s])
    ours = [1000 * turn.live_cpu_s / len(turn.live.estimate_latency_ms) for turn in turns]
    estimates = _all(turns, lambda turn: turn.live.estimate_latency_ms)
    return "\n".join(
        [
            "| a tick of 200 ms | the straightforward loop | the agent |",
            "|---|---|---|",
            f"| processor, ms | mean {sum(cpu) / len(cpu):.0f}, p50 / p95 {_pair(cpu)} | mean {spread(ours, 0)} |",
            f"| until its answer, p50 / p95, ms | {_pair(wall)} | {_pair(estimates)} |",
            f"| loop over agent, processor | {spread([turn.under_loop for turn in turns])} | |",
        ]
    )


def _all(turns: Sequence[Turn], of: Callable[[Turn], Sequence[float]]) -> list[float]:
    return list(chain.from_iterable(map(of, turns)))


def _pair(numbers: Sequence[float]) -> str:
    return f"{percentile(list(numbers), 0.5):.0f} / {percentile(list(numbers), 0.95):.0f}" if numbers else "–"


def _within(numbers: list[float], p50: float | None, p95: float) -> bool:
    return percentile(numbers, 0.95) <= p95 and (p50 is None or percentile(numbers, 0.5) <= p50)


def _mark(kept: bool | None) -> str:
    return "" if kept is None else "yes" if kept else "**no**"

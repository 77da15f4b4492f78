"""A recording to score in, what came of it out: scored, found scored already, or failed with its reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import DeadpanError
from agent.replay import Player
from agent.report.findings import Findings
from agent.report.products import make, make_at, missing
from agent.scoring.recordings import Task
from agent.scoring.results import Heard, score, session_of
from agent.scoring.summary import Summary, combined, read


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of every recording.

    `settings`: see agent.scoring.summary.fingerprint. `products`: what is made of the results (agent.report.products).
    `hints`: see agent.report.findings.Findings. `again`: results that are there already are made anew. `overlay`: where
    the overlay of the only recording goes; None where there is none, or it is one of the products.
    """

    settings: str
    products: Sequence[str]
    hints: bool = True
    again: bool = False
    overlay: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a recording. `summary` is None when it failed; then `problem` says why."""

    task: Task
    summary: Summary | None
    problem: str = ""
    found: bool = False
    """It had been scored before."""
    took_s: float = 0.0


Making = Callable[[str], None]
"""Told the name of a file that is made of the results now."""


def recalled(task: Task, player: Player, wanted: Wanted, making: Making) -> Outcome | None:
    """A recording that was scored before, from the same content and settings, with what is wanted of it; None for one
    that has to be scored. The player need not be started.
    """
    began_s = time.monotonic()
    try:
        summary = None if wanted.again else _scored_before(task, _settings(task, player, wanted))
        if summary is None:
            return None
        _make(task, summary, wanted, making, missing(task.folder, wanted.products))
    except (DeadpanError, OSError) as error:
        return _failed(task, error, began_s)
    return Outcome(task, summary, found=True, took_s=time.monotonic() - began_s)


def attempt(task: Task, player: Player, wanted: Wanted, heard: Heard, making: Making) -> Outcome:
    """Score a recording, and make what is wanted of it. `heard`: see agent.scoring.results.

    A recording that cannot be scored is an outcome, not an error: the next ones have a right to their turn.
    """
    began_s = time.monotonic()
    try:
        summary = score(task, player, _settings(task, player, wanted), heard)
        _make(task, summary, wanted, making, wanted.products)
    except (DeadpanError, OSError) as error:
        return _failed(task, error, began_s)
    return Outcome(task, summary, took_s=time.monotonic() - began_s)


def _make(task: Task, summary: Summary, wanted: Wanted, making: Making, products: Iterable[str]) -> None:
    duration_ns = round(summary.duration_s * 1e9)
    findings = Findings(task.location, task.folder, task.title, duration_ns, hints=wanted.hints)
    make(findings, products, making)
    if wanted.overlay is not None:
        make_at(findings, "overlay", "overlay.mp4", wanted.overlay, making)


def _failed(task: Task, error: DeadpanError | OSError, began_s: float) -> Outcome:
    problem = f"cannot write to {task.folder}: {error.strerror or error}" if isinstance(error, OSError) else str(error)
    return Outcome(task, None, problem, took_s=time.monotonic() - began_s)


def _settings(task: Task, player: Player, wanted: Wanted) -> str:
    return combined(wanted.settings, player.also_read(task.location))


def _scored_before(task: Task, settings: str) -> Summary | None:
    """The summary of the results that are there, if they are what scoring it now would give."""
    summary = read(task.folder)
    if summary is None or summary.settings != settings or summary.recording != task.location.name:
        return None
    return summary if summary.session == session_of(task.location) else None

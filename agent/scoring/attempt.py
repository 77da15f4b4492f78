"""A recording to score in, what came of it out: scored, found scored already, or failed with its reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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


def attempt(task: Task, player: Player, wanted: Wanted, heard: Heard, making: Callable[[str], None]) -> Outcome:
    """Score a recording, unless it was scored before from the same content and settings, and make what is wanted.
    `heard` and `making` are told of the progress: see agent.scoring.results and agent.report.products.

    A recording that cannot be scored is an outcome, not an error: the next ones have a right to their turn.
    """
    began_s = time.monotonic()
    try:
        settings = combined(wanted.settings, player.also_read(task.location))
        summary = None if wanted.again else _scored_before(task, settings)
        found = summary is not None
        if summary is None:
            summary = score(task, player, settings, heard)
        findings = Findings(task.location, task.folder, task.title, round(summary.duration_s * 1e9), hints=wanted.hints)
        make(findings, missing(task.folder, wanted.products) if found else wanted.products, making)
        if wanted.overlay is not None:
            making(wanted.overlay.name)
            make_at(findings, "overlay", "overlay.mp4", wanted.overlay)
    except DeadpanError as error:
        return Outcome(task, None, str(error), took_s=time.monotonic() - began_s)
    except OSError as error:
        problem = f"cannot write to {task.folder}: {error}"
        return Outcome(task, None, problem, took_s=time.monotonic() - began_s)
    return Outcome(task, summary, found=found, took_s=time.monotonic() - began_s)


def _scored_before(task: Task, settings: str) -> Summary | None:
    """The summary of the results that are there, if they are what scoring it now would give."""
    summary = read(task.folder)
    if summary is None or summary.settings != settings or summary.recording != task.location.name:
        return None
    return summary if summary.session == session_of(task.location) else None

"""What comes of recordings in; a bar with the remaining time, a line for each and a table of all out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from agent.scoring.attempt import Outcome
from agent.scoring.recordings import Task

_MOST_ROWS = 200
_PIPED_COLUMNS = 120


class Display:
    """Shows how far it has come. A context manager.

    How long the rest takes is told by size: what was read of how many bytes, and in which time. The bar is written over
    on standard error, and is not there where that is no terminal.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._sizes = {task.location: max(1, task.size_bytes) for task in tasks}
        self._size = sum(self._sizes.values())
        self._done = self._came = 0
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self._progress = Progress(
            *columns,
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,  # or what is piped on would be shown above the bar instead
        )
        self._bar: TaskID = self._progress.add_task("", total=self._size)

    def __enter__(self) -> Self:
        if self._progress.console.is_interactive:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress.console.is_interactive:  # where there was no bar, its end would be an empty line
            self._progress.stop()

    @property
    def share(self) -> float:
        """How much of all is done, by size."""
        bar = self._progress.tasks[self._bar]
        return bar.completed / bar.total if bar.total else 1.0

    def heard(self, task: Task, at_ns: int, of_ns: int | None) -> None:
        """A recording has come so far, of so much."""
        share = min(1.0, at_ns / of_ns) if of_ns else 0.0
        self._progress.update(
            self._bar,
            description=f"{self._place()}{task.title}",
            completed=self._done + share * self._sizes[task.location],
        )

    def making(self, task: Task, file: str) -> None:
        """A recording was heard to its end, and a file is made of it now."""
        self._progress.update(self._bar, description=f"{self._place()}{task.title} → {file}")

    def came(self, outcome: Outcome) -> None:
        """A recording is done."""
        size, place = self._sizes[outcome.task.location], self._place()
        self._came += 1
        if outcome.found:  # it took no time that would tell anything of the rest
            self._size -= size
            self._progress.update(self._bar, total=self._size)
        else:
            self._done += size
        self._progress.update(self._bar, completed=self._done)
        if outcome.summary is None:
            self._say(f"deadpan: {outcome.problem}", sys.stderr)
        else:
            self._say(f"{place}{told(outcome)}", sys.stdout)

    def _say(self, line: str, stream: TextIO) -> None:
        """A line, whole however long it is, and above the bar where there is one."""
        if self._progress.console.is_terminal and stream.isatty():
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            stream.write(f"{line}\n")
            stream.flush()

    def _place(self) -> str:
        return f"[{self._came + 1}/{len(self._sizes)}] " if len(self._sizes) > 1 else ""


def told(outcome: Outcome) -> str:
    """What came of a recording that was scored, in one line."""
    summary, task = outcome.summary, outcome.task
    if summary is None:
        return f"{task.title}: {outcome.problem}"
    if outcome.found:
        return f"{task.title}: scored already -> {task.folder}"
    speed = summary.duration_s / outcome.took_s if outcome.took_s > 0 else 0.0
    return (
        f"{task.title}: {summary.duration_s:.1f} s in {outcome.took_s:.1f} s ({speed:.1f} times real time),"
        f" {counted(summary.estimates, 'estimate')}, {counted(summary.utterances, 'utterance')} -> {task.folder}"
        + (f"  ({_damage(summary.losses)})" if summary.losses else "")
    )


def show_table(outcomes: Sequence[Outcome], stream: TextIO) -> None:
    """All recordings in a table, the means of each one's utterances in a row; and what they come to together.

    Of more than 200 the rows are left out: they are in the summaries.
    """
    console = Console(file=stream, width=None if stream.isatty() else _PIPED_COLUMNS, highlight=False)
    if len(outcomes) <= _MOST_ROWS:
        rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        rows.add_column("recording", overflow="fold")
        for name in ("length", "utterances", "words", "sarcastic", "sarcasm", "said", "heard", "meant"):
            rows.add_column(name, justify="right", no_wrap=True)
        rows.add_column("", overflow="fold")
        for outcome in outcomes:
            rows.add_row(*_row(outcome), style=None if outcome.summary is not None else "red")
        console.print(rows)
    console.print(_totals(outcomes), soft_wrap=True, markup=False)


def _row(outcome: Outcome) -> tuple[str, ...]:
    summary = outcome.summary
    name = outcome.task.title.replace("[", r"\[")
    if summary is None:
        return (name, *[""] * 8, "failed")
    remark = _damage(summary.losses) if summary.losses else "scored already" if outcome.found else ""
    return (
        name,
        length(summary.duration_s),
        str(summary.utterances),
        str(summary.words),
        str(summary.sarcastic),
        "-" if summary.sarcasm is None else f"{summary.sarcasm:.2f}",
        *("-" if each is None else f"{each:+.2f}" for each in (summary.literal, summary.delivered, summary.intended)),
        remark,
    )


def _totals(outcomes: Sequence[Outcome]) -> str:
    summaries = [outcome.summary for outcome in outcomes if outcome.summary is not None]
    failed, found = len(outcomes) - len(summaries), sum(outcome.found for outcome in outcomes)
    parts = [f"{len(summaries)} of {len(outcomes)} recordings, {length(sum(each.duration_s for each in summaries))}"]
    parts += [counted(sum(each.utterances for each in summaries), "utterance")]
    parts += [f"{found} of them scored already"] if found else []
    parts += [f"{failed} failed"] if failed else []
    return ", ".join(parts)


def counted(number: int, what: str) -> str:
    """So many of what there is one of, or more."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _damage(losses: str) -> str:
    """What a recording lost on its way, as the stream counts it, for people."""
    return f"damaged: {losses.replace('_', ' ')}"


def length(seconds: float) -> str:
    """Hours, minutes and seconds, as a clock shows them."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"

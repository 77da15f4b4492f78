"""deadpan score: recordings through the pipeline as fast as the machine allows, a folder of results for each."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from dataclasses import replace
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from agent.config import check
from agent.engines import settle
from agent.errors import DeadpanError
from agent.replay import Player
from agent.scoring import score
from agent.settings import found


def perform(options: argparse.Namespace) -> int:
    """Score one after another. A recording that cannot be read does not end the run, but makes the exit code 1."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)  # or what is half written would stay
    config, failed = found(options.config), 0
    if options.speech is not None:
        config = check(replace(config, speech=replace(config.speech, engine=options.speech)), "command line")
    names = [path.stem for path in options.files]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        print(f"deadpan: several recordings would be written to {options.out}/{twice[0]}; rename one", file=sys.stderr)
        return 1
    config, told = settle(config)
    if told:
        print(told, file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with (
        Player(config) as player,
        Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress,
    ):
        for path in options.files:
            task = progress.add_task(path.name, total=None)
            began_s = time.monotonic()
            try:
                scored = score(path, options.out, player, partial(_show, progress, task))
            except (DeadpanError, OSError) as error:
                failed += 1
                progress.remove_task(task)
                where = f"cannot write to {options.out}: " if isinstance(error, OSError) else ""
                print(f"deadpan: {where}{error}", file=sys.stderr)
                continue
            progress.update(task, completed=1, total=1)
            took_s = time.monotonic() - began_s
            print(
                f"{path.name}: {scored.duration_s:.1f} s in {took_s:.1f} s ({scored.duration_s / took_s:.1f} times real"
                f" time), {scored.estimates} estimates, {scored.utterances} utterances -> {scored.folder}"
                + (f"  (damaged: {scored.losses})" if scored.losses else "")
            )
    return 1 if failed else 0


def _show(progress: Progress, task: TaskID, done_ns: int, total_ns: int | None) -> None:
    progress.update(task, completed=done_ns, total=total_ns)

"""deadpan score: recordings through the pipeline as fast as the machine allows, a folder of results for each."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from agent.config import Config, check
from agent.engines import settle
from agent.errors import DeadpanError
from agent.extras import installing
from agent.plug_ins.roster import reading
from agent.report.products import chosen
from agent.scoring.attempt import Wanted
from agent.scoring.display import Display, counted, show_table
from agent.scoring.engines import Engine, Here
from agent.scoring.recordings import Task, plan
from agent.scoring.summary import fingerprint
from agent.settings import found


class EngineMissingError(DeadpanError):
    """What is to score is not installed. Its text says what to do."""


class PlaceError(DeadpanError):
    """The results cannot go where they were asked for. Its text says what to do."""


def perform(options: argparse.Namespace) -> int:
    """Score all of them. A recording that cannot be scored does not end the run, but makes the exit code 1."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)  # or what is half written would stay
    products = chosen(() if options.write == ["none"] else options.write)
    if options.out.exists() and not options.out.is_dir():
        raise PlaceError(f"--out {options.out} is a file; name a folder, there or to be made, for the results")
    recordings = plan(options.recordings, options.out)
    if recordings.passed_over:
        told = counted(recordings.passed_over, "file")
        print(f"Passed over {told} not called like a recording (.mp4, .wav and so on).", file=sys.stderr)
    if not recordings.tasks:
        print("deadpan: there is no recording to score", file=sys.stderr)
        return 1
    if options.overlay is not None:
        _check_overlay(options.overlay, recordings.tasks)
    config = found(options.config)
    if options.speech is not None:
        config = check(replace(config, speech=replace(config.speech, engine=options.speech)), "command line")
    config = reading(config, options.modality)
    config, told = settle(config)
    if told:
        print(told, file=sys.stderr)
    wanted = Wanted(fingerprint(config), products, hints=options.hints, again=options.again, overlay=options.overlay)
    engine = _engine(options, config)
    outcomes = []
    try:
        with Display(recordings.tasks) as display:
            for outcome in engine.score(recordings.tasks, wanted, display):
                outcomes.append(outcome)
                display.came(outcome)
    except KeyboardInterrupt:
        print("Interrupted; the same command goes on where this one stopped.", file=sys.stderr)
        raise
    if len(outcomes) > 1:
        print()
        places = {task: place for place, task in enumerate(recordings.tasks)}
        show_table(sorted(outcomes, key=lambda outcome: places[outcome.task]), sys.stdout)
    return 0 if all(outcome.summary is not None for outcome in outcomes) else 1


def _engine(options: argparse.Namespace, config: Config) -> Engine:
    """Where it is scored. Raises EngineMissingError."""
    if options.engine == "here":
        return Here(config)
    if find_spec("ray") is None:
        raise EngineMissingError(f"--engine ray needs the ray extra; run: {installing('ray')}")
    cluster: Callable[[Config, str | None], Engine] = import_module("agent.scoring.cluster").Cluster
    return cluster(config, options.ray_address)


def _check_overlay(path: Path, tasks: Sequence[Task]) -> None:
    """Raises PlaceError for what would not work after minutes of scoring, or would be regretted."""
    if len(tasks) > 1:
        raise PlaceError("--overlay is for one recording; of several, --write overlay puts one beside each's results")
    if path.suffix.lower() != ".mp4":
        raise PlaceError(f"--overlay writes an MP4: {path} must end in .mp4")
    if path.resolve() == tasks[0].location.resolve():
        raise PlaceError(f"--overlay would overwrite the recording, {path}; name another file")
    if not path.absolute().parent.is_dir():
        raise PlaceError(f"--overlay: there is no folder {path.absolute().parent}")

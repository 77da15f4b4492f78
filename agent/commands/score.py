"""deadpan score: recordings through the pipeline as fast as the machine allows, a folder of results for each."""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace

from agent.config import check
from agent.engines import settle
from agent.report.products import chosen
from agent.scoring.attempt import Wanted
from agent.scoring.display import Display, show_table
from agent.scoring.engines import Here
from agent.scoring.recordings import plan
from agent.scoring.summary import fingerprint
from agent.settings import found


def perform(options: argparse.Namespace) -> int:
    """Score all of them. A recording that cannot be scored does not end the run, but makes the exit code 1."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)  # or what is half written would stay
    products = chosen(() if options.write == ["none"] else options.write)
    recordings = plan(options.recordings, options.out)
    if recordings.passed_over:
        print(f"{recordings.passed_over} files are called like no recording: passed over", file=sys.stderr)
    if not recordings.tasks:
        print("deadpan: there is no recording to score", file=sys.stderr)
        return 1
    config = found(options.config)
    if options.speech is not None:
        config = check(replace(config, speech=replace(config.speech, engine=options.speech)), "command line")
    config, told = settle(config)
    if told:
        print(told, file=sys.stderr)
    wanted = Wanted(fingerprint(config), products, hints=options.hints, again=options.again)
    outcomes = []
    with Display(recordings.tasks) as display:
        for outcome in Here(config).score(recordings.tasks, wanted, display.heard):
            outcomes.append(outcome)
            display.came(outcome)
    if len(outcomes) > 1:
        print()
        show_table(outcomes, sys.stdout)
    return 0 if all(outcome.summary is not None for outcome in outcomes) else 1

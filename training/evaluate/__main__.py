"""Clips and label tables in; the suites' sections of docs/evaluation.md out.

    python -m training.evaluate [SUITE ...] [--clips PATH [PATH ...]] [--data DIR]

Each suite writes its own section and its figures as soon as it is done, and the goals' table anew. What takes long is
kept under the cache, so that an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from training.clips.paths import CACHE, DATA, ROOT
from training.evaluate import alarms, behaviour, clips, rolling, sentiment, shortcuts, text
from training.evaluate.material import Material
from training.evaluate.page import Findings, publish
from training.evaluate.readme import tell_newcomers

PAGE = ROOT / "docs" / "evaluation.md"
SUITES: Mapping[str, Callable[[Material], Findings]] = {
    "text": text.run,
    "clips": clips.run,
    "sentiment": sentiment.run,
    "alarms": alarms.run,
    "behaviour": behaviour.run,
    "rolling": rolling.run,
    "shortcuts": shortcuts.run,
}


def main() -> None:
    """Run the suites asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; all when none is given")
    parser.add_argument("--clips", type=Path, nargs="+", default=[], help="folders or bare git repositories of clips")
    parser.add_argument("--data", type=Path, default=DATA, help="label tables, models and everyday speech")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where to keep what was computed")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write; its figures go to .json beside it")
    chosen = parser.parse_args()
    if unknown := set(chosen.suites) - set(SUITES):
        parser.error(f"no suite is called {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    logging.getLogger().setLevel(logging.ERROR)  # what encoders say of their own start
    material = Material(tuple(chosen.clips), chosen.data, chosen.cache)
    for name, run in SUITES.items():
        if not chosen.suites or name in chosen.suites:
            print(f"{name} …", flush=True)
            publish(chosen.page, name, run(material))
    if chosen.page == PAGE:
        tell_newcomers(ROOT / "README.md", PAGE.with_suffix(".json"))
    print(f"written: {chosen.page}")


if __name__ == "__main__":
    main()

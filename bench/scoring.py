"""How fast a corpus is scored: one recording after another, and on Ray with one scorer, two … : python -m bench.scoring

Writes its table into docs/scoring.md. It needs the ray extra, and a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from agent.config import Config
from agent.engines import settle
from agent.scoring.attempt import Wanted
from agent.scoring.cluster import Cluster
from agent.scoring.display import Display
from agent.scoring.engines import Engine, Here
from agent.scoring.recordings import plan
from agent.scoring.summary import fingerprint
from agent.session import demo_location

PAGE = Path(__file__).parents[1] / "docs" / "scoring.md"
_MARKS = "<!-- throughput:begin -->\n", "<!-- throughput:end -->"


def measure(engine: Engine, wanted: Wanted, corpus: Path, out: Path) -> tuple[float, float]:
    """Seconds of recordings, and the seconds that scoring took from its start to its end, with all there is to load."""
    tasks = plan([corpus], out).tasks
    began_s = time.monotonic()
    outcomes = list(engine.score(tasks, wanted, Display(tasks)))
    took_s = time.monotonic() - began_s
    summaries = [outcome.summary for outcome in outcomes]
    if None in summaries:
        raise SystemExit("\n".join(outcome.problem for outcome in outcomes if outcome.summary is None))
    return sum(summary.duration_s for summary in summaries if summary is not None), took_s


def rows(recordings: int) -> Iterator[str]:
    """The table's rows, as they are known."""
    config, _ = settle(Config())
    wanted = Wanted(fingerprint(config), ())
    engines: list[tuple[str, Engine]] = [("one after another (`here`)", Here(config))]
    engines += [
        (f"`ray`, {count} scorer{'s' if count > 1 else ''}", Cluster(config, scorers=count))
        for count in range(1, (os.cpu_count() or 1) + 1)
    ]
    first = None
    with tempfile.TemporaryDirectory() as name:
        corpus = Path(name) / "corpus"
        corpus.mkdir()
        for number in range(recordings):
            shutil.copy(demo_location(), corpus / f"{number:03d}.mp4")
        for number, (title, engine) in enumerate(engines):
            duration_s, took_s = measure(engine, wanted, corpus, Path(name) / str(number))
            speed = duration_s / took_s
            first = first or speed
            print(title, f"{took_s:.1f} s", flush=True)
            yield f"| {title} | {took_s:.0f} s | {speed:.1f} | {speed / first:.2f} |"


def main() -> int:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=8, help="copies of the demo (default: %(default)s)")
    options = parser.parse_args()
    table = [
        f"Measured by `python -m bench.scoring` on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores,"
        f" {options.recordings} recordings of 29 s, start to end with all loading:",
        "",
        "| engine | took | times real time | beside `here` |",
        "|---|---|---|---|",
        *rows(options.recordings),
    ]
    begin, end = _MARKS
    text = PAGE.read_text(encoding="utf-8")
    written = "\n".join(table)
    PAGE.write_text(re.sub(rf"(?s){begin}.*?{end}", lambda _: f"{begin}{written}\n{end}", text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

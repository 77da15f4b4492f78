"""python -m bench.soak: the agent at real time, overloaded, and for hours under a virtual clock.

It writes docs/reliability.md.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from contextlib import closing
from pathlib import Path

from bench.soak import live, replay
from bench.soak.bursts import Bursts, Spinning, bursts_part
from bench.soak.report import BURSTS, LIVE, PAGE, REPLAY, live_part, replay_part, write_part


def main() -> None:
    options = _options().parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        if options.minutes:
            session = live.play(options.minutes, options.every, Path(folder))
            lines = live_part(session, options.warm_up * 60)
            print("\n".join(lines), flush=True)
            write_part(LIVE, lines, options.page)
        if options.bursts:
            bursts = Bursts(options.bursts)
            with closing(Spinning(bursts)) as programs:
                disturbed = live.play(bursts.minutes, options.every, Path(folder), programs.attend)
            lines = bursts_part(disturbed, bursts)
            print("\n".join(lines), flush=True)
            write_part(BURSTS, lines, options.page)
        if options.hours:
            scoring = replay.play(options.hours, options.every, Path(folder), options.within * 60)
            lines = replay_part(scoring, options.warm_up * 60)
            print("\n".join(lines), flush=True)
            write_part(REPLAY, lines, options.page)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    options.add_argument("--minutes", type=float, default=40, help="at real time; 0: not at all (default 40)")
    options.add_argument("--bursts", type=int, default=4, help="of overload, four minutes each; 0: none (default 4)")
    options.add_argument("--hours", type=float, default=3, help="of recording, scored; 0: not at all (default 3)")
    options.add_argument(
        "--within", type=float, default=math.inf, metavar="MIN", help="score no longer than this (default: to the end)"
    )
    options.add_argument("--every", type=float, default=10, metavar="S", help="between two samples (default 10)")
    options.add_argument(
        "--warm-up", type=float, default=10, metavar="MIN", help="minutes left out of slopes and drift (default 10)"
    )
    options.add_argument("--page", type=Path, default=PAGE, help="what to write it into (default %(default)s)")
    return options


if __name__ == "__main__":
    main()

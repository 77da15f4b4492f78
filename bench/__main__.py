"""python -m bench [--runs N]: measures this machine and writes docs/benchmarks.md.

What is compared is run in turns, and given as a ratio of the same turn: a slow minute of the machine touches both.
"""

from __future__ import annotations

import argparse
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from agent.session import demo_location
from bench.calls import BareCost
from bench.figures import Turn, budgets, calls_table, loop_table, processes_table
from bench.growing import scaling_table
from bench.imports import import_cost, imported_by
from bench.measure import printed, run_session, score_demo
from bench.naive import Loop
from bench.rivals import rivals_table

_PAGE = Path("docs/benchmarks.md")
_BEGIN, _END = "<!-- bench:begin -->", "<!-- bench:end -->"
_IMPORTS = 7


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--runs", type=int, default=3, help="how often each is run (default 3)")
    options.add_argument("--quick", action="store_true", help="only print; leave out scaling and what others do")
    options.add_argument("--rivals", metavar="PYTHON", help="an interpreter with opensmile and pocketsphinx installed")
    chosen = options.parse_args()
    imports = [import_cost("import deadpan") for _ in range(_IMPORTS)]
    if imported_by("import deadpan", "numpy"):
        raise SystemExit("import deadpan loads numpy")
    turns = [_turn(number + 1, chosen.runs) for number in range(chosen.runs)]
    sections = [
        budgets(turns, [wall_s for wall_s, _ in imports]),
        processes_table(turns),
        calls_table(turns),
        loop_table(turns),
    ]
    if not chosen.quick:
        sections.append(scaling_table())
        if chosen.rivals:
            sections.append(rivals_table(chosen.rivals, turns))
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    note = (
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {chosen.runs} runs each, {machine}. Meanwhile"
        f" {os.getloadavg()[2]:.1f} processes wanted to run on them, the bench's own among them."
    )
    if spared := sum(turn.live.spared for turn in turns):
        note += (
            f" They were too busy: at {spared} chunks of sound speech was so late that it told no partial words, so"
            " the live sessions did less than the model calls beside them."
        )
    body = "\n\n".join([note, *sections])
    print(body)
    if not chosen.quick:
        head, tail = _PAGE.read_text().split(_BEGIN)[0], _PAGE.read_text().split(_END)[1]
        _PAGE.write_text(f"{head}{_BEGIN}\n{body}\n{_END}{tail}")


def _turn(number: int, of: int) -> Turn:
    """Everything that is compared with something, once."""
    live = run_session(demo_location())
    bare = msgspec.json.decode(printed("bench.calls"), type=list[BareCost])
    scoring = score_demo()
    loop = msgspec.json.decode(printed("bench.naive"), type=Loop)
    turn = Turn(live, bare, scoring, loop)
    spared = f", {live.spared} chunks without partial words: the machine is too busy" if live.spared else ""
    print(
        f"run {number} of {of}: live {live.cores:.2f} cores, {turn.over_bare:.2f} x its model calls; score"
        f" {scoring.speed:.1f} x real time{spared}",
        flush=True,
    )
    return turn


if __name__ == "__main__":
    main()

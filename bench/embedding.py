"""python -m bench.embedding [--runs N]: what each way to embed costs on the demo; writes it into docs/embedding.md."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from agent.capture.media import probe
from agent.processes.child import ONE_THREAD
from agent.session import demo_location
from bench.measure import COMMAND, Session, percentile, run_session, spread, watched

_PAGE = Path("docs/embedding.md")
_BEGIN, _END = "<!-- bench:begin -->", "<!-- bench:end -->"
_PLAYING = [sys.executable, "-m", "bench.playing"]


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.embedding", description=__doc__)
    options.add_argument("--runs", type=int, default=3, help="how often each is run (default 3)")
    runs = options.parse_args().runs
    ways: dict[str, list[Session]] = {name: [] for name in _WAYS}
    for number in range(runs):  # in turns: a slow minute of the machine touches all
        for name, run in _WAYS.items():
            ways[name].append(run())
            print(f"run {number + 1} of {runs}: {name}, {ways[name][-1].cores:.2f} cores", flush=True)
    table = ["| | " + " | ".join(ways) + " |", "|---|" + "---|" * len(ways)]
    for what, row in _ROWS.items():
        table.append(f"| {what} | " + " | ".join(row(sessions) for sessions in ways.values()) + " |")
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    note = f"Written by `python -m bench.embedding` on {datetime.now(UTC):%Y-%m-%d}: {runs} runs each, {machine}."
    body = "\n".join([_BEGIN, note, "", *table, _END])
    head, rest = _PAGE.read_text().split(_BEGIN)
    _PAGE.write_text(head + body + rest.split(_END)[1])
    print("\n".join(table))


def run_fed() -> Session:
    """The demo from another program, whose own cost is left out, as that of a call would be."""
    duration_s = (probe(demo_location()).duration_ns or 0) / 1e9
    with tempfile.TemporaryDirectory() as folder:
        feed = f"ipc://{folder}/feed"
        with subprocess.Popen([*_PLAYING, feed]):
            publish = ("--publish", f"ipc://{folder}/out", "--seconds", str(duration_s))
            return watched([*COMMAND, "run", "--source", feed, "--json", *publish])


def run_inside(env: Mapping[str, str]) -> Session:
    """The demo in an Agent of a program that decodes it itself."""
    return watched([*_PLAYING, "agent"], env)


def _pair(numbers: list[float]) -> str:
    return f"{percentile(numbers, 0.5):.0f} / {percentile(numbers, 0.95):.0f}" if numbers else "none"


_WAYS: dict[str, Callable[[], Session]] = {
    "processes": lambda: run_session(demo_location()),
    "processes, fed": run_fed,
    "in-process": lambda: run_inside(ONE_THREAD),
    "in-process, NumPy's threads not limited": lambda: run_inside({}),
}

_ROWS: dict[str, Callable[[list[Session]], str]] = {
    "memory (PSS), MB": lambda sessions: spread([session.memory_mb for session in sessions], 0),
    "cores": lambda sessions: spread([session.cores for session in sessions]),
    "end of an estimate's stretch → published, p50 / p95, ms": lambda sessions: _pair(
        [latency for session in sessions for latency in session.estimate_latency_ms]
    ),
    "end of an utterance's sound → its message, p50 / p95, ms": lambda sessions: _pair(
        [latency for session in sessions for latency in session.utterance_latency_ms]
    ),
}


if __name__ == "__main__":
    main()

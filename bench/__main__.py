"""python -m bench [--runs N]: measures this machine and writes docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from agent.session import demo_location
from bench.measure import percentile, run_session, score_demo, spread

_PAGE = Path("docs/benchmarks.md")
_BEGIN, _END = "<!-- bench:begin -->", "<!-- bench:end -->"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--runs", type=int, default=5, help="how often each is run (default 5)")
    runs = options.parse_args().runs
    scorings, sessions = [], []
    for number in range(runs):  # paired: a slow minute of the machine touches both
        scorings.append(score_demo())
        print(f"run {number + 1} of {runs}: score {scorings[-1].speed:.1f} x real time", flush=True)
        sessions.append(run_session(demo_location()))
        print(f"run {number + 1} of {runs}: live {sessions[-1].cores:.2f} cores", flush=True)
    estimates = [latency for session in sessions for latency in session.estimate_latency_ms]
    utterances = [latency for session in sessions for latency in session.utterance_latency_ms]
    rows = [
        (
            "replay (`deadpan score` of the demo, start-up included), times real time",
            "≥ 4",
            spread([s.speed for s in scorings], 1),
        ),
        ("processor time of that, s per s of recording", "", spread([s.cpu_s / s.media_s for s in scorings])),
        ("live at 15 frames a second, all processes, cores", "≤ 1", spread([s.cores for s in sessions])),
        ("command to first estimate, s", "≤ 6", spread([s.first_estimate_s for s in sessions])),
        ("memory of all processes together (PSS), MB", "≤ 1000", spread([s.memory_mb for s in sessions], 0)),
        ("end of an estimate's stretch → published, p50 / p95, ms", "p95 ≤ 250", _pair(estimates)),
        ("end of an utterance's sound → its message, p50 / p95, ms", "", _pair(utterances)),
    ]
    table = ["| what | budget | measured: median (least to greatest) |", "|---|---|---|"]
    table += [f"| {what} | {budget} | {measured} |" for what, budget, measured in rows]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    note = f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {runs} runs each, {machine}."
    body = "\n".join([_BEGIN, note, "", *table, _END])
    page = _PAGE.read_text() if _PAGE.is_file() else f"# Benchmarks\n\n{_BEGIN}{_END}\n"
    head, tail = page.split(_BEGIN)[0], page.split(_END)[1]
    _PAGE.write_text(head + body + tail)
    print("\n".join(table))


def _pair(numbers: list[float]) -> str:
    return f"{percentile(numbers, 0.5):.0f} / {percentile(numbers, 0.95):.0f}" if numbers else "none"


if __name__ == "__main__":
    main()

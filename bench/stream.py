"""python -m bench.stream [--runs N]: what the stream costs, beside bare ZeroMQ; writes it into docs/benchmarks.md."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import COMMAND, percentile, spread

_PAGE = Path("docs/benchmarks.md")
_BEGIN, _END = "<!-- stream:begin -->", "<!-- stream:end -->"
_SUBSCRIBERS, _PROCESSES = 200, 4  # in few processes: two hundred would measure the machine, not the stream
_MESSAGES = 50
_CLIENT_S = 10.0


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.stream", description=__doc__)
    options.add_argument("--runs", type=int, default=3, help="how often each pair is run (default 3)")
    runs = options.parse_args().runs
    ours, bare, alone, watched = [], [], [], []
    for number in range(runs):  # paired: a slow minute of the machine touches both
        ours.append(delays_ms("deadpan"))
        bare.append(delays_ms("bare"))
        alone.append(tick_latencies_ms(0))
        watched.append(tick_latencies_ms(_SUBSCRIBERS))
        print(f"run {number + 1} of {runs}: p99 {_p99(ours[-1]):.1f} ms, bare {_p99(bare[-1]):.1f} ms", flush=True)
    imports = [import_s() for _ in range(7)]
    crowd = f"{_SUBSCRIBERS} subscribers over ipc, 5 Hz"
    rows = [
        (f"publish → received, {crowd}: p50, ms", "", spread([percentile(each, 0.5) for each in ours])),
        (f"publish → received, {crowd}: p99, ms", "≤ 5", spread([_p99(each) for each in ours])),
        ("the same bytes through a bare PUB: p50, ms", "", spread([percentile(each, 0.5) for each in bare])),
        ("the same bytes through a bare PUB: p99, ms", "", spread([_p99(each) for each in bare])),
        (
            "p50 over bare p50, paired",
            "",
            spread([percentile(a, 0.5) / percentile(b, 0.5) for a, b in _pairs(ours, bare)]),
        ),
        ("p99 over bare p99, paired", "", spread([_p99(a) / _p99(b) for a, b in _pairs(ours, bare)])),
        ("tick → published, live demo, no subscriber but the console: p50 / p95, ms", "", _both(alone)),
        (f"the same with {_SUBSCRIBERS} subscribers: p50 / p95, ms", "no effect", _both(watched)),
        ("`import deadpan`, s", "≤ 0.15", spread([wall_s for wall_s, _ in imports], 3)),
        (
            "processor time of that, s, which a busy machine does not lengthen",
            "",
            spread([cpu_s for _, cpu_s in imports], 3),
        ),
        ("a Python subscriber at 5 Hz, % of a core", "< 1", spread([client_share() * 100 for _ in range(runs)])),
    ]
    table = ["| the stream | budget | measured: median (least to greatest) |", "|---|---|---|"]
    table += [f"| {what} | {budget} | {measured} |" for what, budget, measured in rows]
    note = (
        f"Written by `python -m bench.stream` on {datetime.now(UTC):%Y-%m-%d}: {runs} runs each, subscribers in"
        f" {_PROCESSES} processes on the same {os.cpu_count()} cores; meanwhile {os.getloadavg()[1]:.1f} processes"
        " wanted to run."
    )
    write(_PAGE, "\n".join([note, "", *table]))
    print("\n".join(table))


def write(page: Path, body: str) -> None:
    """Put the figures between their marks, or at the end of the page where there are none yet."""
    text = page.read_text()
    if _BEGIN not in text:
        text = f"{text.rstrip()}\n\n## The stream\n\n{_BEGIN}{_END}\n"
    page.write_text(text.split(_BEGIN)[0] + "\n".join([_BEGIN, body, _END]) + text.split(_END)[1])


def delays_ms(publisher: str) -> list[float]:
    """From the making of each message until each subscriber has it, with a publisher of one kind."""
    with _endpoint() as endpoint, ExitStack() as stack:
        _started(stack, "bench.audience", publisher, endpoint)
        crowd = _crowd(stack, endpoint)
        return [delay for each in crowd for delay in _result(each)]


def tick_latencies_ms(subscribers: int) -> list[float]:
    """What the estimates of a live session of the demo say of their own latency, with so many subscribers."""
    with _endpoint() as endpoint, ExitStack() as stack:
        command = [*COMMAND, "run", "--source", "demo", "--json", "--publish", endpoint]
        session = stack.enter_context(
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        )
        if subscribers:
            _crowd(stack, endpoint, wait=False)
        assert session.stdout is not None
        read = [json.loads(line) for line in session.stdout]
    estimates = [message["latency_ms"] for message in read if message["type"] == "estimate"]
    if len(estimates) < 100:
        raise SystemExit(f"the session published {len(estimates)} estimates only; try: deadpan run --source demo")
    return estimates[25:]  # all are there by then


def import_s() -> tuple[float, float]:
    """What importing the client takes in a fresh interpreter: on the clock, and of a processor."""
    program = (
        "import time; began, began_cpu = time.perf_counter(), time.process_time(); import deadpan;"
        " print(time.perf_counter() - began, time.process_time() - began_cpu)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    wall_s, cpu_s = map(float, ran.stdout.split())
    return wall_s, cpu_s


def client_share() -> float:
    """The share of a core that a Python subscriber takes."""
    with _endpoint() as endpoint, ExitStack() as stack:
        _started(stack, "bench.audience", "deadpan", endpoint)
        return float(_result(_started(stack, "bench.audience", "client", endpoint, str(_CLIENT_S))))


@contextmanager
def _endpoint() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"ipc://{folder}/out"


def _crowd(stack: ExitStack, endpoint: str, *, wait: bool = True) -> list[subprocess.Popen[str]]:
    share, messages = _SUBSCRIBERS // _PROCESSES, _MESSAGES if wait else 10_000
    crowd = [_started(stack, "bench.audience", "crowd", endpoint, str(share), str(messages)) for _ in range(_PROCESSES)]
    for each in crowd if wait else ():
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    return crowd


def _started(stack: ExitStack, module: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True)
    stack.enter_context(process)
    stack.callback(process.terminate)
    return process


def _result(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.read())


def _p99(numbers: list[float]) -> float:
    return percentile(numbers, 0.99)


def _pairs(ours: list[list[float]], others: list[list[float]]) -> list[tuple[list[float], list[float]]]:
    return list(zip(ours, others, strict=True))


def _both(sessions: list[list[float]]) -> str:
    return " / ".join(f"{median([percentile(each, share) for each in sessions]):.0f}" for share in (0.5, 0.95))


if __name__ == "__main__":
    main()

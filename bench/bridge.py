"""python -m bench.bridge [--seconds S]: what deadpan bridge costs beside an agent; writes it into docs/bridges.md."""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

import deadpan
from bench.measure import COMMAND, percentile, pss_mb

_PAGE = Path("docs/bridges.md")
_BEGIN, _END = "<!-- bench:begin -->", "<!-- bench:end -->"
_READERS = (0, 1, 20)


@dataclass(frozen=True, slots=True)
class Cost:
    """One bridge of one live agent, with so many WebSocket readers of everything."""

    readers: int
    cores: float
    """Processor time of the bridge over time passed."""
    memory_mb: float
    messages_hz: float
    added_ms: tuple[float, ...]
    """From a subscriber of the agent having a message until a reader of the bridge has it too."""


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.bridge", description=__doc__)
    options.add_argument("--seconds", type=float, default=15.0, help="of each measurement (default 15)")
    seconds = options.parse_args().seconds
    costs = [asyncio.run(measure_bridge(readers, seconds)) for readers in _READERS]
    table = [
        "| WebSocket readers of everything | processor, % of a core | memory (PSS), MB | added delay, p50 / p99, ms |",
        "|---|---|---|---|",
        *map(_row, costs),
    ]
    note = (
        f"Written by `python -m bench.bridge` on {datetime.now(UTC):%Y-%m-%d}, beside an agent on the demo:"
        f" {max(cost.messages_hz for cost in costs):.0f} messages a second. Meanwhile"
        f" {os.getloadavg()[1]:.0f} processes wanted to run on {os.cpu_count()} cores."
    )
    head, tail = _PAGE.read_text().split(_BEGIN)[0], _PAGE.read_text().split(_END)[1]
    _PAGE.write_text(head + "\n".join([_BEGIN, note, "", *table, _END]) + tail)
    print("\n".join([note, *table]))


async def measure_bridge(readers: int, seconds: float) -> Cost:
    """Run an agent on the demo and a bridge, read from both for so long."""
    with ExitStack() as processes, tempfile.TemporaryDirectory() as folder:
        endpoint = f"ipc://{folder}/out"
        _start(processes, "run", "--source", "demo", "--publish", endpoint)
        bridge = _start(processes, "bridge", endpoint, "--listen", "127.0.0.1:0")
        assert bridge.stdout is not None
        url = bridge.stdout.readline().split()[-3]
        async with AsyncExitStack() as stack:
            subscription = deadpan.subscribe(endpoint, types=("estimate", "utterance", "transcript", "event", "health"))
            stack.callback(subscription.close)
            first = await subscription.receive_async(60)
            assert first is not None, "the agent published nothing"
            direct: dict[bytes, float] = {}
            bridged: dict[bytes, float] = {}
            reading = [asyncio.create_task(_read_direct(subscription, direct))]
            http = await stack.enter_async_context(aiohttp.ClientSession())
            sockets = [await http.ws_connect(f"{url}/ws") for _ in range(readers)]
            reading += [asyncio.create_task(_read(each, bridged if n == 0 else {})) for n, each in enumerate(sockets)]
            began_s, began_cpu_s = time.monotonic(), _cpu_s(bridge.pid)
            await asyncio.sleep(seconds)
            took_s, took_cpu_s = time.monotonic() - began_s, _cpu_s(bridge.pid) - began_cpu_s
            memory_mb = pss_mb(bridge.pid)
            for task in reading:
                task.cancel()
            await asyncio.wait(reading)
    since = {body: at_s for body, at_s in direct.items() if at_s > began_s}
    added = tuple((bridged[body] - at_s) * 1000 for body, at_s in since.items() if body in bridged)
    return Cost(readers, took_cpu_s / took_s, memory_mb, len(since) / took_s, added)


def _start(processes: ExitStack, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    processes.enter_context(process)
    processes.callback(process.terminate)
    return process


async def _read_direct(subscription: deadpan.Subscription, seen: dict[bytes, float]) -> None:
    async for message in subscription:
        seen[deadpan.to_json(message)] = time.monotonic()


async def _read(socket: aiohttp.ClientWebSocketResponse, seen: dict[bytes, float]) -> None:
    async for frame in socket:
        seen.setdefault(frame.data.encode(), time.monotonic())


def _cpu_s(pid: int) -> float:
    """Processor time so far, finer than the ticks of /proc/PID/stat."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def _row(cost: Cost) -> str:
    added = "–"
    if cost.added_ms:
        added = " / ".join(f"{percentile(list(cost.added_ms), share):.1f}" for share in (0.5, 0.99))
    return f"| {cost.readers} | {cost.cores * 100:.1f} | {cost.memory_mb:.0f} | {added} |"


if __name__ == "__main__":
    main()

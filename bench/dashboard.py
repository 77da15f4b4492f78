"""python -m bench.dashboard: what an open page costs the agent, and how often it is drawn; into docs/dashboard.md."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.browser import Browser
from bench.measure import spread
from bench.soak.sampling import cpu_s, family, named
from deadpan.dashboard import Dashboard
from deadpan.subscription import subscribe

_PAGE = Path("docs/dashboard.md")
_BEGIN, _END = "<!-- dashboard:begin -->", "<!-- dashboard:end -->"
_FROM_NS = 4_000_000_000  # of the session: its models are loaded, and a page is there
_MEASURED_S = 20.0
_PATIENCE_S = 60.0
_COUNTS = "[Number(document.documentElement.dataset.frames), deadpan.memory.received]"


@dataclass(frozen=True, slots=True)
class Turn:
    """One session on the demo: processor time over time passed, of all its processes, and of what shows it."""

    agent_cores: float
    fusion_cores: float
    server_cores: float = 0.0
    drawn_hz: float = 0.0
    messages_hz: float = 0.0


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.dashboard", description=__doc__)
    options.add_argument("--pairs", type=int, default=3, help="sessions without a page and with one (default 3)")
    pairs = options.parse_args().pairs
    text = _told([(asyncio.run(_turn(watched=False)), asyncio.run(_turn(watched=True))) for _ in range(pairs)])
    head, tail = _PAGE.read_text().split(_BEGIN)[0], _PAGE.read_text().split(_END)[1]
    _PAGE.write_text(head + "\n".join([_BEGIN, text, _END]) + tail)
    print(text)


def _told(turns: list[tuple[Turn, Turn]]) -> str:
    alone = spread([100 * without.agent_cores for without, _ in turns], 0)
    added = spread([100 * (watched.agent_cores - without.agent_cores) for without, watched in turns], 1)
    fusion = spread([100 * (watched.fusion_cores - without.fusion_cores) for without, watched in turns], 1)
    server = spread([100 * watched.server_cores for _, watched in turns], 1)
    given, drawn = (spread([getattr(each, name) for _, each in turns], 0) for name in ("messages_hz", "drawn_hz"))
    return "\n".join(
        [
            f"Written by `python -m bench.dashboard` on {datetime.now(UTC):%Y-%m-%d}, over {len(turns)} pairs of",
            "sessions on the demo, one without a page and one with one. Without, the agent takes",
            f"{alone} % of a core; an open page adds {added},",
            f"of which to fusion, which sends more, {fusion}. The page's server, and what measures beside it, take",
            f"{server} %. The page was given {given} messages a second and drawn",
            f"{drawn} times a second, by a browser without a graphics processor. Meanwhile",
            f"{os.getloadavg()[1]:.0f} processes wanted to run on {os.cpu_count()} cores.",
        ]
    )


async def _turn(*, watched: bool) -> Turn:
    async with AsyncExitStack() as stack:
        endpoint = f"ipc://{stack.enter_context(tempfile.TemporaryDirectory())}/stream"
        browser, server = None, None
        if watched:
            dashboard = await stack.enter_async_context(Dashboard(endpoint, listen="127.0.0.1:0"))
            browser, server = await stack.enter_async_context(Browser()), os.getpid()
            await browser.go(f"http://{dashboard.address}/")
        run = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "agent.cli", "run", "--source", "demo", "--publish", endpoint),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with subscribe(endpoint, types=("estimate", "health"), timeout_s=_PATIENCE_S) as subscription:
                async for message in subscription:
                    if message.end_ns >= _FROM_NS:
                        break
            return await _measure(run.pid, browser, server)
        finally:
            run.terminate()
            await run.wait()


async def _measure(pid: int, browser: Browser | None, server: int | None) -> Turn:
    processes = family(pid)
    fusion = [named(processes, "deadpan:")["fusion"]]
    watchers = [] if server is None else [server]

    async def counts() -> tuple[float, ...]:
        drawn = received = 0
        if browser is not None:
            drawn, received = await browser.tell(
                "[Number(document.documentElement.dataset.frames), deadpan.memory.received]"
            )
        now = asyncio.get_running_loop().time()
        return (now, cpu_s(processes), cpu_s(fusion), cpu_s(watchers), drawn, received)

    before = await counts()
    await asyncio.sleep(_MEASURED_S)
    after = await counts()
    passed_s, *used = (late - early for early, late in zip(before, after, strict=True))
    return Turn(*(each / passed_s for each in used))


if __name__ == "__main__":
    main()

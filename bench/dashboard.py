"""python -m bench.dashboard: what an open page costs the agent, and how often it is drawn; into docs/dashboard.md."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import aiohttp

from bench.browser import Browser
from bench.measure import spread
from bench.soak.sampling import cpu_s, family, named
from deadpan.messages import MESSAGE_TYPES
from deadpan.subscription import subscribe

_PAGE = Path("docs/dashboard.md")
_BEGIN, _END = "<!-- dashboard:begin -->", "<!-- dashboard:end -->"
_FROM_NS = 4_000_000_000  # of the session: its models are loaded, and a page is there
_MEASURED_S = 20.0
_PATIENCE_S = 60.0
_TYPES = ",".join(MESSAGE_TYPES)
_COUNTS = "[Number(document.documentElement.dataset.frames), deadpan.memory.received]"

_Counts: TypeAlias = Callable[[], Awaitable[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Turn:
    """One session on the demo: processor time over time passed, of all its processes, and of what shows it."""

    agent_cores: float
    fusion_cores: float
    camera_cores: float
    server_cores: float
    drawn_hz: float = 0.0
    """Or how many pictures of the camera came, where these alone are counted."""
    messages_hz: float = 0.0


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m bench.dashboard", description=__doc__)
    options.add_argument("--rounds", type=int, default=3, help="of four sessions each (default 3)")
    rounds = [
        [asyncio.run(_turn(watcher)) for watcher in (_nobody, _reader, _page, _looker)]
        for _ in range(options.parse_args().rounds)
    ]
    text = _told(rounds)
    head, tail = _PAGE.read_text().split(_BEGIN)[0], _PAGE.read_text().split(_END)[1]
    _PAGE.write_text(head + "\n".join([_BEGIN, text, _END]) + tail)
    print(text)


def _told(rounds: list[list[Turn]]) -> str:
    alone = spread([100 * without.agent_cores for without, *_ in rounds], 0)
    added = spread([100 * (read.agent_cores - without.agent_cores) for without, read, *_ in rounds], 1)
    fusion = spread([100 * (read.fusion_cores - without.fusion_cores) for without, read, *_ in rounds], 1)
    server = spread([100 * read.server_cores for _, read, *_ in rounds], 1)
    given, drawn = (spread([getattr(page, name) for *_, page, _ in rounds], 0) for name in ("messages_hz", "drawn_hz"))
    camera = spread([100 * (seen.camera_cores - read.camera_cores) for _, read, _, seen in rounds], 1)
    serving = spread([100 * (seen.server_cores - read.server_cores) for _, read, _, seen in rounds], 1)
    pictures = spread([seen.drawn_hz for *_, seen in rounds], 0)
    return "\n".join(
        [
            f"Written by `python -m bench.dashboard` on {datetime.now(UTC):%Y-%m-%d}, in {len(rounds)} rounds of four",
            "sessions on the demo: unwatched, read as by a page, shown on one, and read with the camera's picture.",
            f"Unwatched, the agent takes {alone} % of a core; read as by a page, {added} more,",
            f"and its fusion process, which alone has more to do, {fusion}. The page's server takes",
            f"{server} %. The page is given {given} messages a second and drawn",
            f"{drawn} times a second, by a browser without a graphics processor. Asked for its picture",
            f"{pictures} times a second, the camera's process takes {camera} % of a core more,",
            f"and the page's server {serving}. Meanwhile",
            f"{os.getloadavg()[1]:.0f} processes wanted to run on {os.cpu_count()} cores.",
        ]
    )


@asynccontextmanager
async def _nobody(_: str) -> AsyncIterator[_Counts]:
    """A page that is not open."""
    yield _no_counts


@asynccontextmanager
async def _reader(address: str) -> AsyncIterator[_Counts]:
    """Whoever reads what a page does and draws nothing: with a browser beside it the agent would ask less of itself."""
    async with aiohttp.ClientSession() as http, http.ws_connect(f"ws://{address}/ws?types={_TYPES}") as socket:
        reading = asyncio.create_task(_read(socket))
        yield _no_counts
        reading.cancel()


@asynccontextmanager
async def _looker(address: str) -> AsyncIterator[_Counts]:
    """The same, and whoever asks for one picture of the camera after another as the page does."""
    pictures = 0

    async def look(http: aiohttp.ClientSession) -> None:
        nonlocal pictures
        while True:
            async with http.get(f"http://{address}/picture") as answer:
                pictures += bool(await answer.read())

    async def counts() -> tuple[float, float]:
        return pictures, 0.0

    async with _reader(address), aiohttp.ClientSession() as http:
        looking = asyncio.create_task(look(http))
        yield counts
        looking.cancel()


@asynccontextmanager
async def _page(address: str) -> AsyncIterator[_Counts]:
    """The page in a browser, and how often it has been drawn and given a message."""
    async with Browser() as browser:
        await browser.go(f"http://{address}/")

        async def counts() -> tuple[float, float]:
            drawn, received = await browser.tell(_COUNTS)
            return drawn, received

        yield counts


async def _no_counts() -> tuple[float, float]:
    return 0.0, 0.0


async def _read(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in socket:
        pass


async def _turn(watcher: Callable[[str], AbstractAsyncContextManager[_Counts]]) -> Turn:
    async with AsyncExitStack() as stack:
        endpoint = f"ipc://{stack.enter_context(tempfile.TemporaryDirectory())}/stream"
        run, address = await stack.enter_async_context(_running(endpoint, pictured=watcher is _looker))
        counts = await stack.enter_async_context(watcher(address))
        async with subscribe(endpoint, types=("estimate", "health"), timeout_s=_PATIENCE_S) as subscription:
            async for message in subscription:
                if message.end_ns >= _FROM_NS:
                    break
        return await _measure(run, counts)


@asynccontextmanager
async def _running(endpoint: str, *, pictured: bool) -> AsyncIterator[tuple[int, str]]:
    """A session on the demo with a page beside it: its process, and where the page is."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli", "run", "--source", "demo", "--publish", endpoint),
        *("--dashboard", "127.0.0.1:0", *(["--picture"] if pictured else [])),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        async for line in process.stderr:
            if found := re.search(r"http://([^/]+)/", line.decode()):
                yield process.pid, found[1]
                break
    finally:
        process.terminate()
        await process.communicate()


async def _measure(run: int, counts: _Counts) -> Turn:
    processes = family(run)
    server = [pid for pid in processes if b"\0dashboard\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    agent = [pid for pid in processes if pid not in server]
    fusion, camera = ([named(agent, "deadpan:")[name]] for name in ("fusion", "camera"))

    async def now() -> tuple[float, ...]:
        return (time.monotonic(), *map(cpu_s, (agent, fusion, camera, server)), *await counts())

    before = await now()
    await asyncio.sleep(_MEASURED_S)
    passed_s, *used = (late - early for early, late in zip(before, await now(), strict=True))
    return Turn(*(each / passed_s for each in used))


if __name__ == "__main__":
    main()

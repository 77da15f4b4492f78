"""The demo in, pictures of the dashboard out: python -m docs.make_screenshots (two minutes; it needs Chromium)."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import cv2
import numpy as np

from bench.browser import Browser
from deadpan.dashboard import dashboard

FOLDER = Path(__file__).parent / "assets"
TOLD_S = 25  # of the demo's 29 seconds
MARKED_S = 12
KILLED_S = 15
PICTURED_S = 8
STALE_TICKS, KILLS = 8, 5  # killed so often in a minute it is given up, and stays away
_STALE = "deadpan.memory.ticks.filter((tick) => tick.estimate.modalities.face.status !== 'ok').length"
_SETTLED = "new Promise((done) => setTimeout(done, 500))"  # a few pictures later
WIDE_PX, NARROW_PX, HIGH_PX = 1280, 480, 1010


async def main() -> None:
    """Watch the demo on a page; once more, where its camera is killed; and once with its picture."""
    with tempfile.TemporaryDirectory() as folder:
        endpoint = f"ipc://{folder}/stream"
        async with dashboard(endpoint, listen="127.0.0.1:0") as served, Browser(WIDE_PX, HIGH_PX) as browser:
            await browser.go(f"http://{served.address}/")
            await _play(endpoint, _take_all(browser))
            await _play(endpoint, _take_trouble(browser))
        async with (
            _played(endpoint, "--dashboard", "127.0.0.1:0", "--picture") as run,
            Browser(WIDE_PX, HIGH_PX) as browser,
        ):
            await _take_picture(run, browser)


async def _play(endpoint: str, watching: Coroutine[None, None, None]) -> None:
    async with _played(endpoint):
        await watching


@asynccontextmanager
async def _played(endpoint: str, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The demo, as long as the block lasts."""
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli", "run", "--source", "demo", "--publish", endpoint, *options),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield run
    finally:
        with suppress(ProcessLookupError):  # its recording may have ended
            run.terminate()
        await run.communicate()


async def _take_all(browser: Browser) -> None:
    await browser.until(_reached(MARKED_S))
    await browser.press("m")
    await browser.until(_reached(TOLD_S))
    _write("dashboard-light", await _whole(browser, WIDE_PX))
    await browser.press("t")
    await browser.press("t")
    await browser.press(" ")
    await browser.press("ArrowLeft", shift=True)
    _write("dashboard-dark", await _whole(browser, WIDE_PX))
    await browser.press("t")
    await browser.press("l")
    _write("dashboard-narrow", await _whole(browser, NARROW_PX))


async def _take_trouble(browser: Browser) -> None:
    session = await browser.tell("deadpan.memory.session")
    await browser.until(f"deadpan.memory.session !== '{session}' && {_reached(KILLED_S)}")
    killed: set[int] = set()
    while await browser.tell(_STALE) < STALE_TICKS:  # killed once it is back before anything becomes stale
        pid = await browser.tell("deadpan.memory.health.workers.camera.pid")
        if pid and pid not in killed and len(killed) < KILLS:
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.05)
    _write("dashboard-killed", await _whole(browser, WIDE_PX))


async def _take_picture(run: asyncio.subprocess.Process, browser: Browser) -> None:
    """The face as it is with --picture, and no more of the page."""
    await browser.go(await _address(run))
    await browser.until(f"{_reached(PICTURED_S)} && deadpan.pictures.at(deadpan.memory.outlines.at(-1)?.t)?.width")
    _write("dashboard-picture", await browser.picture("[aria-labelledby=face-title]"))


async def _address(run: asyncio.subprocess.Process) -> str:
    """Where the page is that it says it shows."""
    while run.stderr is not None and (line := await run.stderr.readline()):
        if found := re.search(rb"http://127\.0\.0\.1:\d+/", line):
            return found[0].decode()
    raise EOFError("there is no page")


async def _whole(browser: Browser, width_px: int) -> bytes:
    """The page at that width, to its end: nothing of it has to be scrolled to."""
    await browser.resize(width_px, HIGH_PX)
    await browser.resize(width_px, await browser.tell("document.documentElement.scrollHeight"))
    await browser.tell(_SETTLED)
    return await browser.picture()


def _reached(second: int) -> str:
    return f"(window.deadpan?.memory.ticks.at(-1)?.t ?? 0) >= {second}"


def _write(name: str, png: bytes) -> None:
    FOLDER.mkdir(exist_ok=True)
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    cv2.imwrite(str(FOLDER / f"{name}.png"), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])  # Chromium is in a hurry


if __name__ == "__main__":
    asyncio.run(main())

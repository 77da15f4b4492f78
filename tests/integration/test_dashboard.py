"""The dashboard beside a session on the demo, in a real browser: it loads, moves and obeys, shows the camera's picture,
having been asked to, and a camera that was killed.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from agent.stream.recorded import check
from bench.browser import Browser, program
from tests.integration.processes import PATIENCE_S, started
from tests.stand_ins.encore import write_encore

TIMES = 4  # two minutes of the demo, in which all that is done to it must be done
_NOTED = """(() => {
  const trouble = document.getElementById("trouble");
  window.troubles = [];  // it may be over in half a second, and before anybody has looked
  new MutationObserver(() => trouble.checkVisibility() && window.troubles.push(trouble.innerText))
    .observe(trouble, { attributes: true, childList: true, characterData: true, subtree: true });
})()"""
_PICTURE_S = "deadpan.pictures.pictures.at(-1)?.t"


@pytest.mark.skipif(program() is None, reason="no Chromium is installed")
@pytest.mark.timeout(300)
def test_a_person_at_the_browser_sees_the_session_and_what_happens_to_it(tmp_path: Path) -> None:
    asked = ("--publish", f"ipc://{tmp_path}/out", "--dashboard", "127.0.0.1:0", "--picture")
    source = write_encore(tmp_path / "encore.mkv", TIMES)
    with started("run", "--source", str(source), *asked) as run:
        assert run.stderr is not None
        assert run.stdout is not None
        told = iter(run.stderr.readline, "")
        address = next(found[1] for line in told if (found := re.search(r"http://(127\.0\.0\.1:\d+)/", line)))
        asyncio.run(_look(address, tmp_path))
        assert any("[picture shown]" in line for line in iter(run.stdout.readline, ""))


async def _look(address: str, downloads: Path) -> None:
    async with Browser() as browser:
        await browser.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        await browser.go(f"http://{address}/")
        await _it_moves(browser)
        await _it_obeys(browser, downloads)
        await _the_picture_moves(browser)
        await _a_killed_camera_shows(browser)
        assert browser.problems == []
        asked = {url.split("?")[0] for url in browser.requests if not url.startswith(("data:", "blob:", "about:"))}
        assert f"ws://{address}/ws" in asked
        assert {re.sub(r"^(?:http|ws)://([^/]+)/.*", r"\1", url) for url in asked} == {address}


async def _it_moves(browser: Browser) -> None:
    assert await browser.until("window.deadpan && document.title") == "deadpan"
    await browser.until("document.getElementById('contact').dataset.state === 'live'")
    first = await browser.until(_shown("sarcasm", r"^0\.\d\d$"))
    await browser.until(f"document.getElementById('sarcasm').textContent !== '{first}'")
    await browser.until("document.querySelector('#words .verdict')?.innerText")
    await browser.until("document.querySelector('#words .word[data-tone]')?.innerText")
    await browser.until("deadpan.memory.outlines.some((each) => each.face.strokes.outer_lips)")
    await browser.until("deadpan.memory.tones.some((tone) => tone.hz > 60)")
    await browser.until("deadpan.memory.ticks.some((tick) => tick.first && tick.final && tick.first !== tick.final)")
    await browser.until(_painted("#face"))
    await browser.until(_painted("#modalities-plot"))
    await browser.until(_painted("#sarcasm-plot canvas"))


async def _it_obeys(browser: Browser, downloads: Path) -> None:
    await browser.press(" ")
    at = await browser.tell("document.getElementById('clock').textContent")
    known = await browser.tell("deadpan.memory.ticks.length")
    await browser.until(f"deadpan.memory.ticks.length > {known + 10}")  # it is paused, not deaf
    assert await browser.tell("document.getElementById('clock').textContent") == at
    await browser.press("ArrowLeft")
    await browser.until(f"document.getElementById('clock').textContent !== '{at}'")
    await browser.press("m")
    assert await browser.until("document.querySelectorAll('#marks li').length") == 1
    await browser.press("l")
    await browser.until("document.getElementById('live').disabled")
    await browser.press("e")
    file = downloads / f"deadpan-{await browser.tell('deadpan.memory.session')}.jsonl"
    async with asyncio.timeout(PATIENCE_S):
        while not file.exists():
            await asyncio.sleep(0.05)
    assert check(file) > known  # and deadpan run --source FILE plays it
    before = await _background(browser)
    await browser.press("t")
    await browser.press("t")
    assert await _background(browser) != before
    await browser.press("t")


async def _the_picture_moves(browser: Browser) -> None:
    first = await browser.until(_PICTURE_S)
    await browser.until(f"{_PICTURE_S} > {first} + 0.5")
    await browser.until("!document.getElementById('pictured').hidden")
    assert await browser.tell("deadpan.pictures.pictures[0].image.width") == 640


async def _a_killed_camera_shows(browser: Browser) -> None:
    pid = await browser.until("deadpan.memory.health?.workers.camera.pid")
    await browser.tell(_NOTED)
    os.kill(pid, signal.SIGKILL)
    await browser.until("window.troubles.some((told) => told.includes('camera'))")
    await browser.until("document.querySelector('#workers [data-worker=camera]').innerText.includes('restarted 1')")


async def _background(browser: Browser) -> Any:
    return await browser.tell("getComputedStyle(document.body).backgroundColor")


def _shown(name: str, pattern: str) -> str:
    """What an element says, as soon as it says something of that form."""
    return f"document.getElementById('{name}').textContent.match(/{pattern}/)?.[0]"


def _painted(selector: str) -> str:
    """Whether anything stands on a canvas."""
    return (
        f"(() => {{ const canvas = document.querySelector('{selector}');"
        " const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
        " return data.some((value) => value > 0); })()"
    )

"""The page in a real browser, told what to show message by message."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from bench.browser import Browser, program
from deadpan.dashboard import dashboard
from deadpan.messages import Estimate, Message, ModalityReading, Sarcasm
from tests.deadpan.dashboard.filmed import camera
from tests.deadpan.sent import estimate, every_type, sketch, utterance
from tests.deadpan.stage import Stage

pytestmark = pytest.mark.skipif(program() is None, reason="no Chromium is installed")

WELCOME, HEALTH = every_type()[5], every_type()[4]
TRANSCRIPT = every_type()[2]
S = 1_000_000_000
_TOPS = "[...document.querySelectorAll('main section, #scrubbing')].map((each) => each.getBoundingClientRect().top)"
_CONTACT = "document.getElementById('contact').dataset.state"


def _at(message: Message, second: float) -> Message:
    ns = round(second * S)
    return msgspec.structs.replace(message, start_ns=ns, end_ns=ns, created_ns=ns, published_ns=ns)


def _tick(seq: int, probability: float, *, final: bool) -> Estimate:
    ns = (seq + 1) * S // 5
    return msgspec.structs.replace(
        estimate(seq, int(final)),
        start_ns=0,
        end_ns=ns,
        created_ns=ns,
        published_ns=ns,
        sarcasm=Sarcasm(probability=probability, state="on" if probability > 0.6 else "off"),
    )


def _watch(look: Callable[[Browser, Stage], Awaitable[None]], picture: str | None = None) -> None:
    async def main() -> None:
        stage = Stage()
        try:
            async with asyncio.timeout(100), Browser(1000, 900) as browser:
                async with dashboard(stage.endpoint, listen="127.0.0.1:0", picture=picture) as served:
                    await browser.go(f"http://{served.address}/")
                    await browser.until(f"{_CONTACT} === 'waiting'")
                    assert stage.await_subscriptions(2) == [b"deadpan/1/", b"deadpan.sketch/1/"]
                    await look(browser, stage)
                    assert browser.problems == []
                    assert any(url.endswith("/picture") for url in browser.requests) is (picture is not None)
                await browser.until(f"{_CONTACT} === 'left'")
                assert await browser.tell("!document.querySelector('#workers li')")  # it is not known any more
        finally:
            stage.close()

    asyncio.run(main())


def test_what_is_not_certain_looks_so_and_what_was_revised_is_replaced() -> None:
    async def look(browser: Browser, stage: Stage) -> None:
        stage.publish(_at(WELCOME, 0), *(_tick(seq, 0.3, final=False) for seq in range(20)), _at(TRANSCRIPT, 4))
        assert await browser.until("document.querySelector('#words .tentative')?.innerText") == "great"
        assert await browser.tell("document.querySelector('#words .word:not(.tentative)').innerText") == "Oh"
        await browser.until("document.getElementById('sarcasm').textContent === '0.30'")
        stage.publish(*(_tick(seq, 0.8, final=True) for seq in range(20)), _at(utterance(), 4))
        await browser.until("document.getElementById('sarcasm').textContent === '0.80'")
        await browser.until("document.getElementById('state').textContent === 'on'")
        assert await browser.tell("deadpan.memory.ticks.length") == 20
        assert "sarcasm 82 %" in await browser.until("document.querySelector('#words .verdict')?.innerText")
        assert await browser.tell("document.querySelectorAll('#words li').length") == 1
        assert not await browser.tell("document.querySelectorAll('#words .tentative').length")
        assert "Oh great…" in await browser.tell("document.getElementById('announced').textContent")
        stage.publish(_at(TRANSCRIPT, 170))  # of a speech process that was restarted, and counts anew
        await browser.until("deadpan.memory.utterances.length === 2")

    _watch(look)


def test_the_newest_words_are_in_sight_until_somebody_looks_for_older_ones() -> None:
    words = "document.getElementById('words')"
    at_end = f"{words}.scrollTop > 0 && {words}.scrollHeight - {words}.scrollTop - {words}.clientHeight < 2"

    def spoken(number: int) -> Message:
        return msgspec.structs.replace(_at(utterance(), 3 + number), utterance_id=number, seq=number)

    async def look(browser: Browser, stage: Stage) -> None:
        stage.publish(_at(WELCOME, 0), *map(spoken, range(9)))
        await browser.until(at_end)
        await browser.tell(f"{words}.scrollTop = 0")
        await browser.until("deadpan.memory.utterances.length === 9")
        stage.publish(spoken(9))
        await browser.until(f"{words}.childElementCount === 10")
        assert await browser.tell(f"{words}.scrollTop") == 0
        await browser.press(" ")
        await browser.press("l")
        await browser.until(at_end)

    _watch(look)


def test_trouble_recording_and_another_session_are_seen_and_said() -> None:
    gone = ModalityReading(status="stale", age_ms=2500.0, sarcasm=None, sentiment=None, contribution=0.0)

    async def look(browser: Browser, stage: Stage) -> None:
        tick = msgspec.structs.replace(_tick(20, 0.3, final=True), modalities={"face": gone, "heart": gone})
        laid_out = await browser.tell(_TOPS)
        stage.publish(_at(WELCOME, 0), tick, sketch(), msgspec.structs.replace(_at(HEALTH, 4), recording=True))
        assert "face is failed: no model" in await browser.until("document.getElementById('trouble').innerText")
        assert await browser.tell(_TOPS) == laid_out  # told over the page: nothing was pushed down by it
        assert await browser.tell("!document.getElementById('recording').hidden")
        assert "stale · 2.5 s ago" in await browser.until("document.querySelector('[data-modality=face]')?.innerText")
        assert await browser.tell("document.querySelector('[data-modality=heart]').dataset.status") == "stale"
        assert await browser.tell("'trouble' in document.querySelector('#workers [data-worker=face]').dataset")
        assert "failed, no model" in await browser.until("document.getElementById('face-note').innerText")
        stage.publish(msgspec.structs.replace(_at(WELCOME, 0), session="s2"))
        await browser.until("deadpan.memory.session === 's2' && !deadpan.memory.ticks.length")
        await browser.until("document.getElementById('sarcasm').textContent === '–'")
        await browser.until(f"{_CONTACT} === 'silent'")

    _watch(look)


def test_everything_can_be_done_by_the_keyboard(tmp_path: Path) -> None:
    async def look(browser: Browser, stage: Stage) -> None:
        await browser.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        stage.publish(_at(WELCOME, 0), *(_tick(seq, 0.3, final=True) for seq in range(60)))
        await browser.until("deadpan.memory.ticks.length === 60")
        reached = set()
        for _ in range(20):
            await browser.press("Tab")
            reached.add(await browser.tell("document.activeElement.id"))
            assert await browser.tell("document.activeElement.matches(':focus-visible') || !document.activeElement.id")
        assert {"pause", "mark", "export", "theme", "scrub", "words"} <= reached
        await browser.tell("document.activeElement.blur()")
        await browser.press(" ")
        assert await browser.tell("document.getElementById('pause').getAttribute('aria-pressed')") == "true"
        await browser.press("ArrowLeft", shift=True)
        await browser.press("m")
        await browser.tell("document.querySelector('#marks input').focus()")
        for key in 'Oh, "m"':
            await browser.press(key)
        assert await browser.tell("deadpan.memory.marks.map((mark) => mark.note)") == ['Oh, "m"']
        await browser.tell("document.getElementById('export-marks').click()")
        file = tmp_path / "deadpan-s1-marks.csv"
        while not file.exists() or not file.read_text():
            await asyncio.sleep(0.05)
        head, row = file.read_text().splitlines()
        assert head == "session,seconds,note"
        assert row.startswith("s1,")
        assert row.endswith(',"Oh, ""m"""')

    _watch(look)


def test_the_camera_s_picture_is_shown_while_it_is_there_and_wanted_and_the_page_is_live(tmp_path: Path) -> None:
    _, encoded = cv2.imencode(".jpg", np.full((48, 64, 3), 200, np.uint8))
    address = f"ipc://{tmp_path}/picture"
    began_ns = time.monotonic_ns()
    shown, gone = (f"{sign}document.getElementById('pictured').hidden" for sign in ("!", ""))

    async def look(browser: Browser, stage: Stage) -> None:
        assert await browser.tell("document.getElementById('picture').getAttribute('aria-pressed')") == "true"
        with camera(address, encoded.tobytes(), lambda: time.monotonic_ns() - began_ns) as asked:
            assert not asked  # there is no session yet
            ticking = asyncio.create_task(_tick_on(stage, began_ns))
            await browser.until(shown)
            await browser.until("document.getElementById('face-kind').textContent.includes('and picture')")
            assert await browser.tell("deadpan.pictures.pictures.every(({ image }) => image.width === 64)")
            await browser.press("p")
            await browser.until(f"{gone} && !deadpan.pictures.pictures.length")
            asked.clear()
            await _draw_on(browser)
            assert len(asked) <= 1  # what was under way
            await browser.press("p")
            await browser.until(shown)
            await browser.press(" ")
            await _draw_on(browser)
            assert await browser.tell(shown)  # as all that is held
            asked.clear()
            await _draw_on(browser)
            assert not asked
            await browser.press("l")
            await browser.until(shown)
        await browser.until(gone)
        ticking.cancel()

    _watch(look, address)


async def _tick_on(stage: Stage, began_ns: int) -> None:
    """A session that goes on."""
    stage.publish(_at(WELCOME, 0))
    for seq in range(1_000):
        now_s = (time.monotonic_ns() - began_ns) / S
        stage.publish(msgspec.structs.replace(_at(HEALTH, now_s), seq=seq))
        await asyncio.sleep(0.1)


async def _draw_on(browser: Browser) -> None:
    """Let the page be drawn thirty times more."""
    frames = "Number(document.documentElement.dataset.frames)"
    await browser.until(f"{frames} > {await browser.tell(frames)} + 30")

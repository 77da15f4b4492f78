"""The page of a recording: what it holds, that it asks for nothing, and that a real browser draws it."""

from __future__ import annotations

import asyncio
import html
import json
import re
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from agent.report import page
from agent.report.apart import ReadingError
from agent.report.tracing import Trace, trace
from bench.browser import Browser, program
from deadpan.messages import Sentiment
from tests.agent.capture.films import write_audio, write_video
from tests.agent.report.spoken import found, said, ticks

EVIL = "</script><script>alert(1)</script>&amp;"
SOUND = Trace(bytes([10, 200] * 100), np.array([0, 120] * 100, "<u2").tobytes())
UTTERANCES = [said("It is open.", 0.5, 1.5, 0.2, 0), said(f"Oh great {EVIL}", 2, 4, 0.85, 1), said("Hm", 5, 6, None, 2)]


@pytest.fixture
def text(tmp_path: Path) -> str:
    return page.page(found(tmp_path, UTTERANCES, ticks(50)), UTTERANCES, SOUND)


def test_it_asks_nobody_for_anything_and_says_so_in_its_policy(text: str) -> None:
    assert "default-src 'none'" in text
    assert not re.findall(r"(?:src|href)=|https?:|url\(|@import|fetch\(|XMLHttpRequest|WebSocket", text)


def test_what_was_said_is_there_without_scripts_and_as_it_was_said(text: str) -> None:
    static = re.sub(r"(?s)<script.*?</script>", "", text)
    words = html.unescape(re.sub(r"<[^>]+>", "", static))
    for utterance in UTTERANCES:
        assert " ".join(utterance.text.split()) in " ".join(words.split())
    assert "alert(1)</script>" not in text
    assert static.count("<li class=") == 3
    assert static.count('class="hint"') == 1
    assert "(probably not meant literally)" in static
    assert "sarcasm <b>unknown</b>" in static


@pytest.mark.parametrize(
    ("sentiment", "told"),
    [(0.5, ' class="positive" style="--tint:22%"'), (-0.5, ' class="negative" style="--tint:22%"'), (0.05, "")],
)
def test_what_a_word_says_is_told_by_a_tint_or_a_hatching(tmp_path: Path, sentiment: float, told: str) -> None:
    utterance = said("Well.", 0, 1, 0.2, 0)
    words = tuple(replace(word, sentiment=sentiment, sarcasm=0.1) for word in utterance.words)
    utterances = [replace(utterance, words=words)]
    text = page.page(found(tmp_path, utterances), utterances, SOUND)
    assert f"<span{told}>Well.</span>" in text
    assert ".negative { background: repeating-linear-gradient" in text


def test_averages_are_by_duration_as_in_the_summary(tmp_path: Path) -> None:
    feelings = (
        Sentiment(literal=1.0, delivered=None, intended=-0.001),
        Sentiment(literal=0.0, delivered=0.5, intended=0),
    )
    utterances = [
        replace(said("Long.", 0, 3, 0.2, 0), sentiment=feelings[0]),
        replace(said("Short.", 4, 5, 0.2, 1), sentiment=feelings[1]),
    ]
    text = page.page(found(tmp_path, utterances), utterances, SOUND)
    assert re.findall(r"<dd>([+−–][\d.]*)</dd>", text) == ["+0.75", "+0.50", "+0.00"]


def test_what_is_drawn_is_in_it_as_columns(text: str) -> None:
    (embedded,) = re.findall(r'(?s)<script id="found" type="application/json">(.*?)</script>', text)
    drawn = json.loads(embedded)
    assert len(drawn["end_s"]) == len(drawn["sarcasm"]) == len(drawn["cues"]) == 50
    assert (drawn["sarcasm"][0], drawn["intended"][0], drawn["tick_hz"], drawn["duration_s"]) == (82, -60, 5, 10)
    assert drawn["on"] == [[0, 10]]
    assert drawn["modalities"]["text"]["status"] == "s" * 50
    assert drawn["modalities"]["voice"]["contribution"][0] == 10
    assert drawn["utterances"][1]["text"].endswith(EVIL)


def test_nothing_found_is_a_page_that_says_so(tmp_path: Path) -> None:
    text = page.page(found(tmp_path, []), [], Trace())
    assert "<dd>0</dd>" in text


def test_the_sound_s_pitch_and_loudness_are_those_of_the_recording(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 220 * np.arange(32_000) / 16_000)
    tone[:16_000] = 0
    heard = trace(write_audio(tmp_path / "tone.wav", tone[:, None], 16_000))
    peaks, pitch_hz = np.frombuffer(heard.peaks, np.uint8), np.frombuffer(heard.pitch_hz, "<u2")
    assert len(peaks) == len(pitch_hz) == 40
    assert not peaks[:19].any()
    assert not pitch_hz[:18].any()
    assert np.abs(peaks[21:] - 127.5).max() < 2
    assert np.abs(pitch_hz[24:38].astype(int) - 220).max() <= 5


def test_pictures_without_sound_have_no_trace_and_what_is_no_recording_is_an_error(tmp_path: Path) -> None:
    assert trace(write_video(tmp_path / "silent.mp4", [0, 100, 200])) == Trace()
    with pytest.raises(ReadingError, match=r"none\.wav"):
        trace(tmp_path / "none.wav")


@pytest.mark.skipif(program() is None, reason="needs Chromium")
def test_a_browser_draws_it_and_a_keyboard_reaches_all_of_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    (tmp_path / "nothing.html").write_text(page.page(found(tmp_path, []), [], Trace()), encoding="utf-8")
    sound = write_audio(tmp_path / "talk.wav", np.zeros((160_000, 1)), 16_000)
    asyncio.run(_use(f"file://{tmp_path / 'report.html'}#t=2.5", sound))


async def _use(page_url: str, sound: Path) -> None:
    async with Browser(1000, 900) as browser:

        async def at() -> float:
            return float(await browser.tell("document.getElementById('lanes').getAttribute('aria-valuenow')"))

        await browser.go(page_url)
        assert await at() == 2.5  # where the link says
        assert "sarcasm 0.82" in await browser.tell("document.getElementById('lanes').getAttribute('aria-valuetext')")
        assert await browser.tell("document.querySelector('li.current').textContent.includes('Oh great')")
        await browser.tell("document.getElementById('lanes').focus()")
        before = await browser.picture()
        await browser.press("ArrowRight")
        assert await at() == pytest.approx(2.7)
        assert await browser.picture() != before
        await browser.press("ArrowRight", shift=True)
        assert await at() == 5  # the next utterance
        whole = await _lanes(browser)
        await browser.press("+")
        assert await _lanes(browser) != whole
        await browser.press("-")
        assert await _lanes(browser) == whole
        assert await browser.tell("getComputedStyle(document.querySelector('.hint')).display") == "block"
        await browser.tell("document.getElementById('hints').click()")
        assert await browser.tell("getComputedStyle(document.querySelector('.hint')).display") == "none"
        await _listen_along(browser, sound)
        assert [url for url in browser.requests if not url.startswith(("file://", "blob:", "data:"))] == []
        await browser.go(f"file://{sound.with_name('nothing.html')}")
        assert "sarcasm –" in await browser.tell("document.getElementById('now').textContent")
        assert browser.problems == []


async def _lanes(browser: Browser) -> str:
    """What is drawn."""
    return str(await browser.tell("document.querySelector('#lanes canvas').toDataURL()"))


async def _listen_along(browser: Browser, sound: Path) -> None:
    """Open the recording; it goes where the cursor goes."""
    root = (await browser.command("DOM.getDocument"))["root"]["nodeId"]
    box = (await browser.command("DOM.querySelector", nodeId=root, selector="#open"))["nodeId"]
    await browser.command("DOM.setFileInputFiles", files=[str(sound)], nodeId=box)
    await browser.until("document.querySelector('video')?.readyState >= 1")
    await browser.tell("document.getElementById('lanes').focus()")
    await browser.press("Home")
    await browser.press("ArrowRight", shift=True)
    await browser.until("Math.abs(document.querySelector('video').currentTime - 0.5) < 0.01")

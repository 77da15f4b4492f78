"""The page as its server gives it: all that it needs, from itself alone, and to nobody from elsewhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

import deadpan.dashboard
from deadpan.dashboard import dashboard
from deadpan.dashboard.serving import pages
from deadpan.messages import MESSAGE_TYPES, to_json
from tests.deadpan.sent import sketch
from tests.deadpan.stage import PATIENCE_S, Stage

FOLDER = Path(deadpan.dashboard.__file__).parent / "page"
OURS = [path for path in FOLDER.iterdir() if path.is_file()]


@asynccontextmanager
async def shown() -> AsyncIterator[tuple[Stage, str, aiohttp.ClientSession]]:
    stage = Stage()
    try:
        async with (
            asyncio.timeout(PATIENCE_S),
            dashboard(stage.endpoint, listen="127.0.0.1:0") as served,
            aiohttp.ClientSession() as http,
        ):
            stage.await_subscriptions()
            yield stage, f"http://{served.address}", http
    finally:
        stage.close()


def test_every_file_is_served_as_what_it_is_and_may_load_from_its_own_server_alone() -> None:
    async def main() -> None:
        async with shown() as (_, url, http):
            for path in pages():
                async with http.get(url + path) as answer:
                    assert answer.status == 200
                    policy = answer.headers["Content-Security-Policy"]
                    assert policy.startswith(
                        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
                    )
                    kind = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
                    assert answer.content_type == kind.get(
                        Path(path).suffix, "text/html" if path == "/" else "text/plain"
                    )
                    assert await answer.read() == pages()[path].body

    asyncio.run(main())


def test_all_files_of_the_page_are_served() -> None:
    files = {f"/{path.relative_to(FOLDER)}" for path in FOLDER.rglob("*") if path.is_file()}
    assert pages().keys() == files | {"/"}


def test_nothing_in_it_points_elsewhere() -> None:
    for path in OURS:
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"https?://|//[a-z]+\.[a-z]", text), path.name
        assert re.findall(r"(?:src|href)=\"([^/d][^\"]*)\"", text) == []


def test_what_others_wrote_comes_with_its_licence() -> None:
    assert "MIT" in (FOLDER / "vendor" / "uPlot.LICENSE").read_text(encoding="utf-8")
    assert {path.name for path in (FOLDER / "vendor").iterdir()} == {
        "uPlot.iife.min.js",
        "uPlot.min.css",
        "uPlot.LICENSE",
    }


def test_it_asks_for_every_type_of_message() -> None:
    (asked,) = re.findall(r'const TYPES = "([a-z,]+)"', (FOLDER / "stream.js").read_text(encoding="utf-8"))
    assert set(asked.split(",")) == set(MESSAGE_TYPES)


def test_a_stranger_s_page_may_neither_frame_nor_read_it() -> None:
    async def main() -> None:
        async with shown() as (_, url, http):
            async with http.get(url, headers={"Origin": "https://elsewhere.example"}) as answer:
                assert answer.status == 403
            async with http.get(url, headers={"Host": "elsewhere.example"}) as answer:
                assert answer.status == 403
            async with http.get(url) as answer:
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]

    asyncio.run(main())


def test_while_a_page_is_open_sketches_are_asked_for_and_passed_on() -> None:
    async def main() -> None:
        async with shown() as (stage, url, http), http.ws_connect(f"{url}/ws?types=sketch") as socket:
            assert stage.await_subscriptions() == [b"deadpan.sketch/1/"]
            stage.publish(sketch())
            assert (await socket.receive()).data.encode() == to_json(sketch())

    asyncio.run(main())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_that_is_read_stands_out_from_its_ground(theme: str) -> None:
    """By at least 4.5, which WCAG 2.2 asks of text (1.4.3); lines would do with 3 (1.4.11)."""
    css = (FOLDER / "style.css").read_text(encoding="utf-8")
    block = re.search(
        r":root\[data-theme=\"dark\"\] \{(.*?)\}" if theme == "dark" else r":root \{(.*?)\}", css, re.DOTALL
    )
    assert block is not None
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block[1]))
    for name in ("ink", "soft", "sarcasm", "said", "heard", "meant"):
        for ground in ("card", "paper"):
            assert _contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
    assert _contrast(colours["trouble"], colours["trouble-paper"]) >= 4.5


def _contrast(one: str, other: str) -> float:
    """The ratio of two colours, 1 to 21: WCAG 2.2, Relative luminance."""
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

"""The camera's picture as the page's server passes it on: to our own pages alone, while there is one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from deadpan.dashboard import dashboard
from deadpan.dashboard.pictures import Pictures
from tests.deadpan.dashboard.filmed import camera
from tests.deadpan.stage import PATIENCE_S

_JPEG = b"\xff\xd8 a picture \xff\xd9"


@asynccontextmanager
async def shown(folder: Path, picture: str | None) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    async with (
        asyncio.timeout(PATIENCE_S),
        dashboard(f"ipc://{folder}/stream", listen="127.0.0.1:0", picture=picture) as served,
        aiohttp.ClientSession() as http,
    ):
        yield f"http://{served.address}", http


def test_a_page_that_was_not_asked_to_show_it_is_told_so_and_given_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with shown(tmp_path, None) as (url, http):
            async with http.get(url) as page:
                assert 'data-picture="none"' in await page.text()
            async with http.get(f"{url}/picture") as answer:
                assert answer.status == 404

    with camera(f"ipc://{tmp_path}/picture", _JPEG) as asked:
        asyncio.run(main())
    assert asked == []


def test_the_next_picture_is_passed_on_with_its_time_and_may_be_kept_by_nobody(tmp_path: Path) -> None:
    async def main() -> None:
        async with shown(tmp_path, address) as (url, http):
            async with http.get(url) as page:
                assert 'data-picture="asked"' in await page.text()
            assert asked == []
            for number in (1, 2):
                async with http.get(f"{url}/picture") as answer:
                    assert (answer.status, answer.content_type) == (200, "image/jpeg")
                    assert answer.headers["Picture-Pts-Ns"] == str(number)
                    assert answer.headers["Cache-Control"] == "no-store"
                    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
                    assert await answer.read() == _JPEG

    address = f"ipc://{tmp_path}/picture"
    with camera(address, _JPEG) as asked:
        asyncio.run(main())
    assert asked == [b"", b""]


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "elsewhere.example"}],
)
def test_a_page_from_elsewhere_gets_none_of_it(tmp_path: Path, headers: dict[str, str]) -> None:
    async def main() -> None:
        async with shown(tmp_path, address) as (url, http), http.get(f"{url}/picture", headers=headers) as answer:
            assert answer.status == 403

    address = f"ipc://{tmp_path}/picture"
    with camera(address, _JPEG) as asked:
        asyncio.run(main())
    assert asked == []


def test_another_user_of_the_machine_gets_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with shown(tmp_path, address) as (url, http), http.get(f"{url}/picture") as answer:
            assert answer.status == 403
            assert "for the user alone who started" in await answer.text()

    monkeypatch.setattr("deadpan.dashboard.pictures.is_own", lambda *_: False)
    address = f"ipc://{tmp_path}/picture"
    with camera(address, _JPEG) as asked:
        asyncio.run(main())
    assert asked == []


def test_a_camera_that_is_gone_has_none_and_one_that_is_back_has(tmp_path: Path) -> None:
    async def main() -> None:
        async with shown(tmp_path, address) as (url, http):
            async with http.get(f"{url}/picture") as answer:
                assert (answer.status, await answer.read()) == (204, b"")
            with camera(address, _JPEG):
                status = 204
                while status == 204:
                    async with http.get(f"{url}/picture") as answer:
                        status = answer.status
            assert status == 200

    address = f"ipc://{tmp_path}/picture"
    asyncio.run(main())


def test_all_who_wait_are_given_the_same_picture(tmp_path: Path) -> None:
    async def main() -> None:
        pictures = Pictures(address)
        first, second = await asyncio.gather(pictures.next(), pictures.next())
        assert first is second
        assert first is not None
        pictures.close()

    address = f"ipc://{tmp_path}/picture"
    with camera(address, _JPEG) as asked:
        asyncio.run(main())
    assert len(asked) == 1

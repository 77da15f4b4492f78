"""An endpoint in, the page about it served at a loopback address out: a bridge with files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from deadpan.bridge.serving import Bridge
from deadpan.bridge.site import Answer, Limits, Page
from deadpan.connection import DEFAULT_ENDPOINT
from deadpan.dashboard.pictures import Pictures

DEFAULT_ADDRESS = "127.0.0.1:5740"

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".LICENSE": "text/plain; charset=utf-8",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""A page that can ask nobody but its own server, whatever is in it."""


@asynccontextmanager
async def dashboard(
    endpoint: str = DEFAULT_ENDPOINT,
    *,
    listen: str = DEFAULT_ADDRESS,
    stream: str | None = None,
    key: str | Path | None = None,
    limits: Limits | None = None,
    picture: str | None = None,
) -> AsyncIterator[Bridge]:
    """A bridge that serves one stream's page, too, as long as the block lasts. Raises StreamError for what cannot be.

    `picture` is where the camera is asked for what it sees, if the page may show that: see agent.processes.mirror.
    """
    async with AsyncExitStack() as stack:
        served: dict[str, Page | Answer] = {**pages(pictured=picture is not None)}
        if picture is not None:
            pictures = Pictures(picture)
            stack.callback(pictures.close)
            served["/picture"] = pictures.answer
        yield await stack.enter_async_context(
            Bridge(endpoint, listen=listen, stream=stream, key=key, limits=limits, pages=served)
        )


def pages(*, pictured: bool = False) -> dict[str, Page]:
    """The files of the page, by the path they are served at. It is told whether it may ask for pictures."""
    served = dict(_found(files("deadpan.dashboard") / "page", ""))
    page = served["/index.html"]
    told = b'data-picture="%s"'
    index = replace(page, body=page.body.replace(told % b"none", told % b"asked")) if pictured else page
    return {**served, "/": index, "/index.html": index}


def _found(folder: Traversable, above: str) -> list[tuple[str, Page]]:
    found = []
    for each in folder.iterdir():
        path = f"{above}/{each.name}"
        if each.is_dir():
            found += _found(each, path)
        elif (kind := _TYPES.get(Path(each.name).suffix)) is not None:
            found.append((path, Page(each.read_bytes(), kind, _POLICY)))
    return found

"""An endpoint in, the page about it served at a loopback address out: a bridge with files."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from deadpan.bridge.serving import Bridge
from deadpan.bridge.site import Limits, Page
from deadpan.connection import DEFAULT_ENDPOINT

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


def dashboard(
    endpoint: str = DEFAULT_ENDPOINT,
    *,
    listen: str = DEFAULT_ADDRESS,
    stream: str | None = None,
    key: str | Path | None = None,
    limits: Limits | None = None,
) -> Bridge:
    """A bridge that serves one stream's page, too, from when it is entered. Raises StreamError for what cannot be."""
    return Bridge(endpoint, listen=listen, stream=stream, key=key, limits=limits, pages=pages())


def pages() -> dict[str, Page]:
    """The files of the page, by the path they are served at."""
    served = dict(_found(files("deadpan.dashboard") / "page", ""))
    return {"/": served["/index.html"], **served}


def _found(folder: Traversable, above: str) -> list[tuple[str, Page]]:
    found = []
    for each in folder.iterdir():
        path = f"{above}/{each.name}"
        if each.is_dir():
            found += _found(each, path)
        elif (kind := _TYPES.get(Path(each.name).suffix)) is not None:
            found.append((path, Page(each.read_bytes(), kind, _POLICY)))
    return found

"""A page's Markdown in, the same for the site out: what lies outside of docs/ is named there, not linked to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./([^)#]+)(#[^)]*)?\)")
_FILE = re.compile(r"\[([\w-]+\.md)\](?=\(\1[#)])")


def on_page_markdown(markdown: str, *, config: Any, **_: Any) -> str:
    """Called by mkdocs for each page. A link to ../examples/x is read on a code host; the site has no such file.

    A link that is called after its page's file is called as the page is on the site.
    """
    titles = dict(_titles(config["nav"]))
    return _FILE.sub(lambda link: f"[{titles[link[1]]}]", _OUTSIDE.sub(_named, markdown))


def _titles(nav: list[Any]) -> Iterator[tuple[str, str]]:
    """Each page's file, and what it is called in the list of all pages."""
    for each in nav:
        for title, below in each.items():
            yield from [(below, title)] if isinstance(below, str) else _titles(below)


def _named(link: re.Match[str]) -> str:
    text, path = link[1], link[2]
    return f"`{path}`" if text.strip("`").endswith(path) else f"{text} (`{path}`)"


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Called for each page as HTML: what the theme would fetch from a server lies beside the pages."""
    depth = page.url.count("/")
    return output.replace("https://unpkg.com/iframe-worker/shim", "../" * depth + "assets/iframe-worker.js")


def on_post_template(output_content: str, **_: Any) -> str:
    """The same for the page that a server shows where there is none."""
    return output_content.replace("https://unpkg.com/iframe-worker/shim", "/assets/iframe-worker.js")

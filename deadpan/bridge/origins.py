"""A request's headers in, why it must be refused out: so that no stranger's web page reads how a person feels.

A page from anywhere can have the browser on this machine ask a server on this machine. Two things tell: the browser
names the page's origin, which the page cannot change; and a page that reaches us under a name of its own (DNS
rebinding) asks for that name as host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from deadpan.errors import EndpointError
from deadpan.loopback import is_loopback

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+")


class Origins:
    """Whose pages may read: our own, and those named. Raises EndpointError for what is not one page's origin."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(map(_checked, allowed))

    def refusal(self, headers: Mapping[str, str]) -> str:
        """Why the answer must not be given, in words for people; empty when it may be."""
        host = headers.get("Host", "")
        if not _is_ours(host):
            return f"this is not {host or '(no host)'}: ask for 127.0.0.1 or localhost"
        origin = headers.get("Origin")
        if origin is None:
            # Older browsers do not send this header; they do not share the answer with the page either.
            if headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin"):
                return ""
            return "a page of another origin asked for this, and its origin is not known"
        if self._may_read(origin, host):
            return ""
        if origin == "null":
            return "a page without an origin, such as a file, may not read this: serve the page, and allow its origin"
        return f"a page of {origin} may not read this; if it is yours, start the bridge with --allow-origin {origin}"

    def sharing(self, headers: Mapping[str, str]) -> dict[str, str]:
        """What an answer says so that the browser gives it to a page that may read it (CORS), and to no other."""
        told = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Vary": "Origin",
            "X-Content-Type-Options": "nosniff",
        }
        origin = headers.get("Origin")
        if origin is not None and self._may_read(origin, headers.get("Host", "")):
            told["Access-Control-Allow-Origin"] = origin
            told["Cross-Origin-Resource-Policy"] = "cross-origin"
        return told

    def _may_read(self, origin: str, host: str) -> bool:
        return origin.lower() in self._allowed or origin.lower() == f"http://{host.lower()}"


def _is_ours(host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        whole = parts.netloc == host and parts.username is None and parts.port != 0
    except ValueError:  # of brackets or a port that are none
        return False
    return whole and is_loopback(parts.hostname or "")


def _checked(origin: str) -> str:
    asked = origin.lower().rstrip("/")
    if asked == "null":
        raise EndpointError(
            "cannot allow the origin null: pages opened as files have it, and so have strangers' pages in a sandbox. "
            "Serve your page, for example with python -m http.server --bind 127.0.0.1 8000"
        )
    if not _ORIGIN.fullmatch(asked) or "*" in asked:
        raise EndpointError(f"cannot allow the origin {origin}: it should look like http://localhost:8000")
    return asked

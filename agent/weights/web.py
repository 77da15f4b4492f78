"""Addresses in, replies out: HTTP as far as getting files needs it, over https alone, through the person's proxy."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import cast
from urllib.parse import urljoin, urlsplit

from agent import __version__
from agent.weights.catalogue import ModelError

_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_REDIRECTS = 10
FAILURES = (OSError, http.client.HTTPException)
"""What a connection may raise while it is opened or read."""


class WebError(ModelError):
    """A request that did not succeed. `passing`: the same one may succeed later. `reached`: something did answer it."""

    def __init__(self, text: str, *, passing: bool, reached: bool = True) -> None:
        super().__init__(text)
        self.passing, self.reached = passing, reached


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply whose body is still to be read. Close it."""

    address: str
    """Where it came from, after redirects."""
    response: http.client.HTTPResponse

    @property
    def status(self) -> int:
        return self.response.status

    def header(self, name: str) -> str:
        """A header's value; empty without one."""
        return self.response.headers.get(name, "")

    def close(self) -> None:
        self.response.close()


class Web:
    """Requests that follow redirects, but never to anything less than https.

    Plain http is for this machine alone (127.0.0.1, ::1, localhost). HTTPS_PROXY, HTTP_PROXY and NO_PROXY are heeded.
    """

    def __init__(self, *, timeout_s: float = 30.0) -> None:
        self._timeout_s = timeout_s
        self._opener = urllib.request.OpenerDirector()  # not build_opener: that would also open files and ftp
        for handler in (urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
            self._opener.add_handler(handler())

    def open(
        self,
        address: str,
        headers: dict[str, str] | None = None,
        *,
        method: str = "GET",
        follow: Callable[[str], bool] = lambda _address: True,
    ) -> Reply:
        """Ask for an address; redirects are followed where `follow` agrees to the new address.

        Any status is a reply. Raises WebError when none comes, or when a redirect leaves https.
        """
        headers = {"User-Agent": f"deadpan/{__version__}", "Accept-Encoding": "identity"} | (headers or {})
        before = ""
        for _ in range(_MAX_REDIRECTS):
            if not is_safe(address, before):
                raise WebError(f"{address} is refused: only https is used", passing=False)
            request = urllib.request.Request(address, headers=headers, method=method)  # noqa: S310 - checked above
            try:
                response = self._opener.open(request, timeout=self._timeout_s)
            except FAILURES as error:
                raise WebError(in_words(error, address), passing=True, reached=False) from error
            reply = Reply(address, cast(http.client.HTTPResponse, response))
            target = urljoin(address, reply.header("Location")) if reply.header("Location") else ""
            if reply.status not in _REDIRECTS or not target or not follow(target):
                return reply
            reply.close()
            before, address = address, target
        raise WebError(f"{host_of(address)} sends from one address to the next without end", passing=False)


def is_safe(address: str, before: str = "") -> bool:
    """Whether what comes from an address cannot be changed on the way: https, or http within this machine.

    `before` is the address that sent here, empty for none: from https there is no way to anything else.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    host = parts.hostname or ""
    within = parts.scheme == "http" and _is_here(host) and not before.startswith("https:")
    return bool(host) and (parts.scheme == "https" or within)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return host == "localhost"


def host_of(address: str) -> str:
    return urlsplit(address).hostname or address


def status_error(reply: Reply, what: str) -> WebError:
    """A reply that is not the file asked for, in words."""
    host = host_of(reply.address)
    if reply.status in (404, 410):
        return WebError(f"{host} has no {what} ({reply.status})", passing=False)
    if reply.status == 429 or reply.status >= 500:
        return WebError(f"{host} cannot give {what} now ({reply.status})", passing=True)
    return WebError(f"{host} does not give {what} ({reply.status})", passing=False)


def in_words(error: BaseException, address: str) -> str:
    """Why a connection failed, and whose it was."""
    host = host_of(address)
    cause = getattr(error, "reason", error)
    proxy = _proxy_of(address)
    via = f" (through the proxy {proxy})" if proxy else ""
    match cause:
        case socket.gaierror():
            return f"{proxy or host} cannot be found{via} (is there a network?)"
        case ssl.SSLCertVerificationError():
            return f"the certificate of {host} cannot be verified{via}: {cause.verify_message}"
        case ConnectionRefusedError():
            return f"{host} refuses the connection{via}"
        case TimeoutError():
            return f"{host} does not answer{via}"
        case http.client.HTTPException() | ConnectionError():
            return f"{host} broke off the connection{via}"
        case OSError() if cause.strerror:
            return f"{host} cannot be reached{via}: {cause.strerror}"
        case _:
            return f"{host} cannot be reached{via}: {cause}"


def _proxy_of(address: str) -> str:
    """The proxy that requests for an address go through, without the password it may carry."""
    parts = urlsplit(address)
    if urllib.request.proxy_bypass(parts.netloc):
        return ""
    proxy = urllib.request.getproxies().get(parts.scheme, "")
    return urlsplit(proxy if "//" in proxy else f"//{proxy}").netloc.rpartition("@")[2] if proxy else ""

"""Where requests go, and where they never go."""

from __future__ import annotations

import gc
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import closing
from http.client import RemoteDisconnected
from urllib.error import URLError

import pytest

from agent.weights.web import Web, WebError, in_words, is_safe
from tests.stand_ins.files import FileServer

HUB = "https://huggingface.co/a/b"


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as server:
        yield server


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://huggingface.co/x", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://[::1]:8080/x", True),
        ("http://localhost/x", True),
        ("http://huggingface.co/x", False),
        ("http://127.0.0.1.nip.io/x", False),
        ("http://localhost@evil.example/x", False),
        ("http://10.0.0.1/x", False),
        ("ftp://127.0.0.1/x", False),
        ("file:///etc/passwd", False),
        ("https:///x", False),
        ("http://[::1/x", False),
        ("", False),
    ],
)
def test_only_https_and_this_machine_are_safe(address: str, safe: bool) -> None:
    assert is_safe(address) is safe


def test_no_server_elsewhere_sends_to_one_on_this_machine() -> None:
    here, there = "http://127.0.0.1:631/", "https://huggingface.co/"
    assert not is_safe(here, before=there)
    assert is_safe(there, before=here)
    assert is_safe(here, before=here)
    assert is_safe(there, before=there)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://example.com/x", "data:,x"])
def test_a_redirect_to_anything_less_than_https_is_refused(server: FileServer, target: str) -> None:
    with pytest.raises(WebError, match=r"is refused: only https is used"):
        Web().open(server.put("/x", b"", {"Location": target}))
    assert len(server.asked) == 1


def test_a_redirect_keeps_the_method_and_the_headers(server: FileServer) -> None:
    server.put("/there", b"found")
    with closing(
        Web().open(server.put("/here", b"", {"Location": "/there"}), {"Range": "bytes=0-"}, method="HEAD")
    ) as reply:
        assert (reply.status, reply.address) == (200, f"{server.address}/there")
    assert [(asked.method, asked.path, asked.headers["Range"]) for asked in server.asked] == [
        ("HEAD", "/here", "bytes=0-"),
        ("HEAD", "/there", "bytes=0-"),
    ]


def test_a_redirect_that_is_not_to_be_followed_is_the_reply(server: FileServer) -> None:
    address = server.put("/here", b"", {"Location": "https://storage.example/x", "X-Linked-Size": "5"})
    with closing(Web().open(address, method="HEAD", follow=lambda _target: False)) as reply:
        assert (reply.status, reply.header("X-Linked-Size"), reply.header("X-None")) == (302, "5", "")


def test_redirects_without_end_come_to_one(server: FileServer) -> None:
    with pytest.raises(WebError, match="from one address to the next without end"):
        Web().open(server.put("/x", b"", {"Location": "/x"}))
    assert len(server.asked) == 10


def test_a_server_is_not_asked_for_a_compressed_file_and_told_who_asks(server: FileServer) -> None:
    Web().open(server.put("/x", b"")).close()
    assert server.asked[0].headers["Accept-Encoding"] == "identity"
    assert server.asked[0].headers["User-Agent"].startswith("deadpan/")


def test_the_person_s_proxy_is_used_and_named_without_its_password(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = server.address.removeprefix("http://")
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@{proxy}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(WebError) as told:
        Web().open(HUB)
    said = str(told.value)
    with warnings.catch_warnings():  # Python before 3.11.4 leaves the proxy's reply open
        warnings.simplefilter("ignore", ResourceWarning)
        del told
        gc.collect()
    assert said == (
        f"huggingface.co cannot be reached (through the proxy {proxy}): Tunnel connection failed: 502 Bad Gateway"
    )
    assert [(asked.method, asked.path) for asked in server.asked] == [("CONNECT", "huggingface.co:443")]
    assert server.asked[0].headers["Proxy-Authorization"].startswith("Basic ")


def test_a_server_that_says_nothing_is_not_waited_for_forever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        with pytest.raises(WebError, match=r"127\.0\.0\.1 does not answer"):
            Web(timeout_s=0.05).open(address)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (URLError(socket.gaierror(-3, "Temporary failure")), "huggingface.co cannot be found (is there a network?)"),
        (URLError(ConnectionRefusedError(111, "refused")), "huggingface.co refuses the connection"),
        (URLError(TimeoutError("timed out")), "huggingface.co does not answer"),
        (TimeoutError("timed out"), "huggingface.co does not answer"),
        (RemoteDisconnected("closed"), "huggingface.co broke off the connection"),
        (ConnectionResetError(104, "reset"), "huggingface.co broke off the connection"),
        (URLError(OSError(101, "Network is unreachable")), "huggingface.co cannot be reached: Network is unreachable"),
        (URLError("no host given"), "huggingface.co cannot be reached: no host given"),
    ],
    ids=lambda each: type(getattr(each, "reason", each)).__name__ if isinstance(each, Exception) else "",
)
def test_a_failed_connection_is_put_in_words(error: Exception, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    assert in_words(error, HUB) == said


def test_a_certificate_that_is_not_to_be_trusted_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    error = ssl.SSLCertVerificationError(1, "verify failed")
    error.verify_message = "self-signed certificate"
    said = "the certificate of huggingface.co cannot be verified: self-signed certificate"
    assert in_words(URLError(error), HUB) == said

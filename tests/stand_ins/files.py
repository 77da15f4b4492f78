"""A server of files made of nothing: HTTP on the loopback interface, as good or as bad as a test asks for.

with FileServer() as server:
    server.put("/model.bin", content, {"X-Repo-Commit": "…"})
    server.script.append(Answer(cut_at=1000))      # the next GET breaks off after 1000 bytes
    ...                                            # get server.address + "/model.bin"
    assert server.ranges("/model.bin") == ["", "bytes=1000-"]
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """How one request is answered; by default as a good server does."""

    cut_at: int | None = None
    """The connection breaks after that many bytes of the body."""
    stalls: bool = False
    """In place of breaking, nothing more comes."""
    ranges: bool = True
    """Whether Range is heeded, and If-Range with it."""
    conditions: bool = True
    """Whether If-Range is heeded."""
    length: bool = True
    """Whether the body's length is told."""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    """Instead of the usual ones, or beside them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    path: str
    headers: Mapping[str, str]


class FileServer:
    """Serves what was put there. GETs take their answers from `script` first, then all answers are good."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.script: deque[Answer] = deque()
        self._files: dict[str, tuple[bytes, Mapping[str, str]]] = {}
        self._closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._answer(self, outer.script.popleft() if outer.script else Answer())

            def do_HEAD(self) -> None:
                outer._answer(self, Answer())

            def do_CONNECT(self) -> None:  # it is a proxy too, one that gets nowhere
                outer._answer(self, Answer(status=502))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """A test's output is not the place for it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def put(self, path: str, content: bytes, headers: Mapping[str, str] | None = None) -> str:
        """Serve a file; returns its address. A header Location makes it a redirect."""
        self._files[path] = (content, headers or {})
        return self.address + path

    def ranges(self, path: str) -> list[str]:
        """The Range header of every GET of a file; empty where it had none."""
        return [asked.headers.get("Range", "") for asked in self.asked if (asked.method, asked.path) == ("GET", path)]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler, answer: Answer) -> None:
        self.asked.append(Asked(request.command, request.path, dict(request.headers)))
        request.close_connection = True
        content, headers = self._files.get(request.path, (b"", {}))
        status = answer.status or (302 if "Location" in headers else 200 if request.path in self._files else 404)
        headers = dict(headers) | dict(answer.headers)
        begin = self._begin(request, headers, answer, len(content)) if status == 200 else 0
        if begin > len(content):
            status, headers["Content-Range"], content = 416, f"bytes */{len(content)}", b""
        elif begin:
            status = 206
            headers = {"Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"} | headers
        body = content[begin:] if status in (200, 206) else b""
        if answer.length:
            headers = {"Content-Length": str(len(body))} | headers
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command == "GET":
            with suppress(ConnectionError):  # who asked may have heard enough
                request.wfile.write(body[: answer.cut_at])
                request.wfile.flush()
            if answer.stalls:
                self._closing.wait(_PATIENCE_S)

    def _begin(self, request: BaseHTTPRequestHandler, headers: Mapping[str, str], answer: Answer, size: int) -> int:
        """The first byte asked for; 0 when that is all of them."""
        wanted = request.headers.get("Range", "").removeprefix("bytes=").removesuffix("-")
        if not (answer.ranges and wanted.isdecimal() and request.command == "GET"):
            return 0
        condition = request.headers.get("If-Range")
        if answer.conditions and condition is not None and condition != headers.get("ETag"):
            return 0
        return size + 1 if int(wanted) >= size else int(wanted)

"""HTTP requests in, what a relay holds and passes on out: WebSocket, server-sent events, last values."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from deadpan.bridge.origins import Origins
from deadpan.bridge.queries import QueryError, Wanted, read_query
from deadpan.messages import MESSAGE_TYPES, ON_REQUEST
from deadpan.relay import Published, Reader, Relay

_FRAME_BYTES = 1024  # of what a client sends: it has nothing to say
_FRAME_PAUSE_S = 0.05  # between two of them: whoever sends more has to wait
_FAREWELL_S = 1.0  # for the other end to read the last of it and say goodbye

_PAGE = """\
deadpan bridge: what {endpoint} publishes, for browsers and everything else that speaks HTTP.

  /ws             WebSocket: one message a frame, as published
  /events         server-sent events: the same messages
  /latest/TYPE    the last message of a type; the header Age says how many seconds old it is
  /counters       what was passed on, and what was not

TYPE is one of {types}.
All but the last take ?stream=NAME, where several are published; /ws and /events take ?types=TYPE,TYPE.
Fields, units and what they mean: docs/protocol.md
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one bridge bears."""

    readers: int = 100
    """WebSockets and event streams at once; one more is turned away (503)."""
    heartbeat_s: float = 15.0
    """Between two signs of life on a connection without messages. A WebSocket's other end answers within half of it."""
    stuck_s: float = 10.0
    """A client that has not read a byte for so long is closed (WebSocket: 1013, try again later)."""


@dataclass(frozen=True, slots=True)
class Page:
    """A file that a browser is given. `policy` says what it may load (Content-Security-Policy)."""

    body: bytes
    content_type: str
    policy: str


Answer: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""Who answers a request."""


class Site:
    """The pages of one bridge, and `pages` besides, by path: files, or who answers.

    `turned` is called when a reader has come or gone.
    """

    def __init__(
        self,
        relay: Relay,
        endpoint: str,
        origins: Origins,
        limits: Limits,
        turned: Callable[[], None],
        pages: Mapping[str, Page | Answer],
    ) -> None:
        self._relay, self._endpoint, self._origins, self._limits = relay, endpoint, origins, limits
        self._turned, self._pages = turned, pages

    @property
    def counters(self) -> dict[str, int]:
        """Those of the relay; refused (origin or host), turned_away (too many), stuck (did not read); and readers."""
        return {**self._relay.counters, "readers": len(self._relay)}

    def application(self) -> web.Application:
        """The pages, for aiohttp to serve."""
        application = web.Application(middlewares=[self._guarding()], client_max_size=_FRAME_BYTES)
        application.on_response_prepare.append(self._share)
        application.on_shutdown.append(self._end)
        application.router.add_get("/about" if "/" in self._pages else "/", self._explain)
        for path, page in self._pages.items():
            application.router.add_get(path, _giving(page) if isinstance(page, Page) else page)
        application.router.add_get("/ws", self._websocket, allow_head=False)
        application.router.add_get("/events", self._events, allow_head=False)  # it would never end, and show nothing
        application.router.add_get("/latest/{type}", self._latest)
        application.router.add_get("/counters", self._counted)
        return application

    def _guarding(self) -> Callable[..., Awaitable[web.StreamResponse]]:
        @web.middleware
        async def guard(request: web.Request, handler: Answer) -> web.StreamResponse:
            if refusal := self._origins.refusal(request.headers):
                self._relay.counters["refused"] += 1
                return web.Response(status=403, text=f"{refusal}\n")
            return await handler(request)

        return guard

    async def _share(self, request: web.Request, response: web.StreamResponse) -> None:
        for name, value in self._origins.sharing(request.headers).items():
            response.headers.setdefault(name, value)

    async def _end(self, _: web.Application) -> None:
        self._relay.end()

    async def _explain(self, _: web.Request) -> web.Response:
        return web.Response(text=_PAGE.format(endpoint=self._endpoint, types=", ".join(MESSAGE_TYPES)))

    async def _counted(self, _: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode(self.counters), content_type="application/json")

    async def _latest(self, request: web.Request) -> web.Response:
        kind, stream, now_s = request.match_info["type"], _wanted(request).stream, time.monotonic()
        if kind not in MESSAGE_TYPES:
            raise web.HTTPBadRequest(text=f"no such message type: {kind!r}; there are {', '.join(MESSAGE_TYPES)}\n")
        if kind in ON_REQUEST:
            raise web.HTTPNotFound(text=f"{kind} messages are of their moment and not kept: read /ws?types={kind}\n")
        found = self._relay.latest(kind, now_s, stream)
        if found is None:
            raise web.HTTPNotFound(text=f"no {kind}: {self._why_none(now_s, stream)}\n")
        age = {"Age": str(int(now_s - found.received_s))}
        return web.Response(body=found.body, content_type="application/json", headers=age)

    def _why_none(self, now_s: float, stream: str | None) -> str:
        source = f"stream {stream} at {self._endpoint}" if stream else self._endpoint
        silent_s = self._relay.silent_s(now_s, stream)
        if silent_s is None:
            return f"{source} has said nothing yet; is deadpan run running?"
        if silent_s > self._relay.silence_s:
            return f"{source} has been silent for {silent_s:.0f} s"
        return f"{source} has published none so far"

    async def _events(self, request: web.Request) -> web.StreamResponse:
        async with self._reading(request) as reader:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            chunk: bytes | None = b"retry: 2000\n\n"
            try:
                while chunk is not None:
                    async with asyncio.timeout(self._limits.stuck_s):
                        await response.write(chunk)
                    chunk = await self._next_event(reader)
            except TimeoutError:
                self._relay.counters["stuck"] += 1
        return response

    async def _next_event(self, reader: Reader) -> bytes | None:
        try:
            message = await asyncio.wait_for(reader.next(), self._limits.heartbeat_s)
        except TimeoutError:
            return b": nothing new\n\n"
        return None if message is None else _event(message)

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        async with self._reading(request) as reader:
            socket = web.WebSocketResponse(
                autoping=False,  # _hear answers
                compress=False,
                heartbeat=self._limits.heartbeat_s,
                max_msg_size=_FRAME_BYTES,
                timeout=_FAREWELL_S,
                writer_limit=1,  # wait as soon as the other end does not keep up
            )
            await socket.prepare(request)
            hearing = asyncio.create_task(_hear(socket, reader))
            try:
                while (message := await reader.next()) is not None:
                    async with asyncio.timeout(self._limits.stuck_s):
                        await socket.send_frame(message.body, WSMsgType.TEXT)
                await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the bridge ends")
            except TimeoutError:
                self._relay.counters["stuck"] += 1
                with suppress(TimeoutError):
                    async with asyncio.timeout(_FAREWELL_S):
                        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=b"you do not read")
            finally:
                hearing.cancel()
                if isinstance(socket.exception(), TimeoutError):  # it did not answer a sign of life
                    self._relay.counters["stuck"] += 1
        return socket

    @asynccontextmanager
    async def _reading(self, request: web.Request) -> AsyncIterator[Reader]:
        wanted = _wanted(request)
        if len(self._relay) >= self._limits.readers:
            self._relay.counters["turned_away"] += 1
            raise web.HTTPServiceUnavailable(text=f"{self._limits.readers} are reading already; try again later\n")
        transport, loop = request.transport, asyncio.get_running_loop()
        reader = self._relay.join(time.monotonic(), wanted.types, wanted.stream)
        self._turned()
        try:
            yield reader
        except ConnectionError:
            pass  # it went away while it was written to
        finally:
            self._relay.leave(reader)
            self._turned()
            if transport is not None:  # what waits for somebody who does not read would keep it open for ever
                loop.call_later(_FAREWELL_S, transport.abort)


def _giving(page: Page) -> Answer:
    told = {"Content-Type": page.content_type, "Content-Security-Policy": page.policy}

    async def give(_: web.Request) -> web.Response:
        return web.Response(body=page.body, headers=told)

    return give


async def _hear(socket: web.WebSocketResponse, reader: Reader) -> None:
    """Take what a client sends, slowly and to no effect, so that it is noticed when it leaves."""
    try:
        async for frame in socket:
            if frame.type is WSMsgType.PING:
                await socket.pong(frame.data)
            await asyncio.sleep(_FRAME_PAUSE_S)
    except ConnectionError:
        pass  # the same
    finally:
        reader.end()


def _event(message: Published) -> bytes:
    return b"event: %s\nid: %s\ndata: %s\n\n" % (message.type.encode(), message.mark.encode(), message.body)


def _wanted(request: web.Request) -> Wanted:
    try:
        return read_query(request.query.items())
    except QueryError as error:
        raise web.HTTPBadRequest(text=f"{error}\n") from error

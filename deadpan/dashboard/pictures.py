"""Questions of a browser in, the next picture of the camera that a session shows, out: only while somebody asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from weakref import WeakSet

import zmq
import zmq.asyncio
from aiohttp import web

from deadpan.dashboard.neighbours import is_own

_WAIT_S = 1.0  # for the next picture; a camera gives many a second
_LARGEST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Picture:
    """What the camera saw at a moment of the session, as JPEG."""

    pts_ns: int
    jpeg: bytes


class Pictures:
    """Asks one camera's process, whose endpoint it is given, for a picture at a time. None is kept."""

    def __init__(self, endpoint: str) -> None:
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.DEALER)
        for option, value in (
            (zmq.LINGER, 0),
            (zmq.SNDHWM, 1),
            (zmq.RCVHWM, 1),
            (zmq.IMMEDIATE, 1),  # a question to a camera that is not there is not kept for when it is
            (zmq.RECONNECT_IVL, 100),
            (zmq.MAXMSGSIZE, _LARGEST_BYTES),
        ):
            self._socket.setsockopt(option, value)
        self._socket.connect(endpoint)
        self._asking: asyncio.Task[Picture | None] | None = None
        self._own = WeakSet[asyncio.Transport]()

    async def next(self) -> Picture | None:
        """The next picture, the same for all who wait for one; None when none comes within a second."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asking)

    async def answer(self, request: web.Request) -> web.Response:
        """The next picture, with when it was taken in the header Picture-Pts-Ns; 204 while there is none.

        Loopback is open to every user of the machine. This is for ours alone, as far as the system tells (else 403).
        """
        if not self._is_own(request.transport):
            raise web.HTTPForbidden(text="the picture is for the user alone who started this session\n")
        picture = await self.next()
        if picture is None:
            return web.Response(status=204)
        told = {"Picture-Pts-Ns": str(picture.pts_ns)}
        return web.Response(body=picture.jpeg, content_type="image/jpeg", headers=told)

    def close(self) -> None:
        """Ask no more. Whoever waits is given nothing."""
        if self._asking is not None:
            self._asking.cancel()
        self._context.destroy(linger=0)

    def _is_own(self, transport: asyncio.Transport | None) -> bool:
        """Looked up once for each connection: the table is long."""
        if transport is None:
            return False
        if transport not in self._own:
            theirs, ours = (transport.get_extra_info(end)[:2] for end in ("peername", "sockname"))
            if not is_own(theirs, ours):
                return False
            self._own.add(transport)
        return True

    async def _ask(self) -> Picture | None:
        try:
            async with asyncio.timeout(_WAIT_S):
                while await self._socket.poll(0):  # an answer that came when nobody waited for it any more
                    await self._socket.recv_multipart()
                await self._socket.send(b"")
                pts_ns, jpeg = await self._socket.recv_multipart()
        except TimeoutError:
            return None
        return Picture(int(pts_ns), jpeg)

"""An endpoint in, its stream served at a loopback address out, for as long as it is wanted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

from aiohttp import web

from deadpan import loopback
from deadpan.bridge.origins import Origins
from deadpan.bridge.site import Answer, Limits, Page, Site
from deadpan.connection import DEFAULT_ENDPOINT
from deadpan.link import Link
from deadpan.messages import SPEC, root
from deadpan.relay import Relay

DEFAULT_ADDRESS = "127.0.0.1:5739"

_FAREWELL_S = 2.0  # for the clients that are told that it ends


class Bridge:
    """Serves one stream, from when it is entered until it is left. Raises StreamError for what cannot be."""

    def __init__(
        self,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        listen: str = DEFAULT_ADDRESS,
        stream: str | None = None,
        key: str | Path | None = None,
        allow_origins: Iterable[str] = (),
        limits: Limits | None = None,
        pages: Mapping[str, Page | Answer] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.address = listen
        """HOST:PORT; once entered, with the port that was free when 0 was asked for."""
        self._below = f"{SPEC}/{stream}/" if stream else f"{SPEC}/"
        self._asked_for: frozenset[str] = frozenset()
        self._key = key
        self._relay = Relay()
        self._limits = limits or Limits()
        self._site = Site(self._relay, endpoint, Origins(allow_origins), self._limits, self._turn, pages or {})

    @property
    def counters(self) -> dict[str, int]:
        """What was received, and every loss and refusal, by cause; and how many readers there are now."""
        return self._site.counters

    async def __aenter__(self) -> Bridge:
        listening = loopback.listen(self.address)
        try:
            self._link = Link(self.endpoint, [b"deadpan/" + self._below.encode()], self._key)
        except BaseException:
            listening.close()
            raise
        self.address = loopback.spoken(listening)
        self._runner = web.AppRunner(
            self._site.application(),
            access_log=None,
            handler_cancellation=True,  # a reader that leaves is noticed at once, not at the next message
            keepalive_timeout=self._limits.heartbeat_s,
            shutdown_timeout=_FAREWELL_S,
        )
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()
        self._taking = asyncio.create_task(self._take())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._taking.cancel()
        await asyncio.wait([self._taking])
        await self._runner.cleanup()
        self._link.close()

    async def run(self) -> None:
        """Pass messages on until cancelled. Raises AccessError when the agent refuses the bridge."""
        await self._taking

    def _turn(self) -> None:
        """Ask the agent for what is made on request as long as a reader does, and no longer."""
        wanted = self._relay.asked_for
        if self._link.closed:
            return
        for kind in wanted - self._asked_for:
            self._link.ask(root(kind) + self._below.encode())
        for kind in self._asked_for - wanted:
            self._link.ask_no_more(root(kind) + self._below.encode())
        self._asked_for = wanted

    async def _take(self) -> None:
        while (frames := await self._link.frames_async(None)) is not None:
            self._relay.take(frames, time.monotonic())
            await asyncio.sleep(0)  # else a flood of messages would leave no time for the readers

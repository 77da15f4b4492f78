"""An endpoint in, its stream served at a loopback address out, for as long as it is wanted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from aiohttp import web

from deadpan import loopback
from deadpan.bridge.origins import Origins
from deadpan.bridge.site import Limits, Site
from deadpan.connection import DEFAULT_ENDPOINT
from deadpan.link import Link
from deadpan.messages import SPEC
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
    ) -> None:
        self.endpoint = endpoint
        self.address = listen
        """HOST:PORT; once entered, with the port that was free when 0 was asked for."""
        self._topic = f"deadpan/{SPEC}/{stream}/" if stream else f"deadpan/{SPEC}/"
        self._key = key
        self._relay = Relay()
        self._limits = limits or Limits()
        self._site = Site(self._relay, endpoint, Origins(allow_origins), self._limits)

    @property
    def counters(self) -> dict[str, int]:
        """What was received, and every loss and refusal, by cause; and how many readers there are now."""
        return self._site.counters

    async def __aenter__(self) -> Bridge:
        listening = loopback.listen(self.address)
        try:
            self._link = Link(self.endpoint, [self._topic.encode()], self._key)
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

    async def _take(self) -> None:
        while (frames := await self._link.frames_async(None)) is not None:
            self._relay.take(frames, time.monotonic())
            await asyncio.sleep(0)  # else a flood of messages would leave no time for the readers

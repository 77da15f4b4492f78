"""A publisher and a bridge of it on free ports, and how the tests read from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from deadpan.bridge import Bridge, Limits
from deadpan.messages import Message, to_json
from tests.deadpan.stage import PATIENCE_S, Stage


@dataclass(frozen=True, slots=True)
class Bridged:
    """What a test has in its hands."""

    stage: Stage
    bridge: Bridge
    http: aiohttp.ClientSession

    def url(self, path: str) -> str:
        return f"http://{self.bridge.address}{path}"

    def publish(self, *messages: Message) -> None:
        self.stage.publish(*messages)

    async def counted(self, name: str, at_least: int = 1) -> None:
        await until(lambda: self.bridge.counters.get(name, 0) >= at_least)


@asynccontextmanager
async def bridged(
    *, allow_origins: Iterable[str] = (), limits: Limits | None = None, stage: Stage | None = None
) -> AsyncIterator[Bridged]:
    """The bridge, subscribed."""
    stage = stage or Stage()
    try:
        async with (
            asyncio.timeout(PATIENCE_S),
            Bridge(stage.endpoint, listen="127.0.0.1:0", allow_origins=allow_origins, limits=limits) as bridge,
            aiohttp.ClientSession() as http,
        ):
            stage.await_subscriptions()
            yield Bridged(stage, bridge, http)
    finally:
        stage.close()


async def until(true: Callable[[], bool]) -> None:
    """Let the bridge work until something is so."""
    while not true():
        await asyncio.sleep(0.005)


async def read(socket: aiohttp.ClientWebSocketResponse, *messages: Message) -> None:
    """Read from a WebSocket, to the byte, what was published."""
    for message in messages:
        frame = await socket.receive()
        assert frame.type is aiohttp.WSMsgType.TEXT
        assert frame.data.encode() == to_json(message)

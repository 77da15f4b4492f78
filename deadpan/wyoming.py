"""A stream in, its utterances out as events of the Wyoming protocol, which Home Assistant and its satellites speak.

async with deadpan.wyoming.Server(listen="tcp://127.0.0.1:10700") as server:
    await server.run()

Needs the wyoming extra. A client that connects is sent, of each utterance from then on, a `transcript` (its words) and
an `affect` (the whole message: how it was meant); it may send `describe` and `ping`. See docs/bridges.md.
"""

from __future__ import annotations

import asyncio
import time
from asyncio import StreamReaderProtocol
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
from wyoming.asr import Transcript
from wyoming.error import Error
from wyoming.event import Event, async_read_event, async_write_event
from wyoming.info import Artifact, Attribution, Describe, Info
from wyoming.ping import Ping, Pong

from deadpan import loopback
from deadpan.connection import DEFAULT_ENDPOINT
from deadpan.errors import EndpointError
from deadpan.link import Link
from deadpan.messages import SPEC
from deadpan.relay import Published, Reader, Relay

DEFAULT_URI = "tcp://127.0.0.1:10700"

_EVENT_BYTES = 1 << 16  # of what a client sends: it has little to say
_EVENT_PAUSE_S = 0.05  # between two of its events: whoever sends more has to wait
_FAREWELL_S = 1.0
_TOLD = frozenset({"utterance"})

_PROGRAM = Artifact(
    name="deadpan",
    attribution=Attribution(name="Deadpan", url=""),
    installed=True,
    description="Sends, unasked, what the person at this machine says and how it was meant. It takes no audio.",
    version=version("deadpan"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server bears."""

    clients: int = 20
    """Connections at once; one more is told so and closed."""
    stuck_s: float = 10.0
    """A client that has not read a byte for so long is closed."""


class Server:
    """Serves a stream's utterances, from when it is entered until it is left. Raises StreamError for what cannot be."""

    def __init__(
        self,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        listen: str = DEFAULT_URI,
        stream: str | None = None,
        key: str | Path | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.uri = listen
        """tcp://HOST:PORT or unix://PATH; once entered, with the port that was free when 0 was asked for."""
        self._prefix = f"deadpan/{SPEC}/{stream}/" if stream else f"deadpan/{SPEC}/"
        self._key = key
        self._limits = limits or Limits()
        self._relay = Relay()
        self._path: Path | None = None

    @property
    def counters(self) -> dict[str, int]:
        """Messages received; clients now, stuck (closed, did not read), turned_away (too many), senseless (closed)."""
        return {**self._relay.counters, "clients": len(self._relay)}

    async def __aenter__(self) -> Server:
        scheme, _, address = self.uri.partition("://")
        if scheme == "tcp":
            listening = loopback.listen(address)
            self.uri = f"tcp://{loopback.spoken(listening)}"
        elif scheme == "unix" and address.startswith("/"):
            self._path = Path(address)
            listening = loopback.listen_at(self._path)
        else:
            raise EndpointError(f"cannot listen at {self.uri}: it should look like {DEFAULT_URI} or unix:///path")
        try:
            self._link = Link(self.endpoint, [self._prefix.encode()], self._key)
        except BaseException:
            listening.close()
            self._leave_path()
            raise
        loop = asyncio.get_running_loop()
        start = loop.create_server if self._path is None else loop.create_unix_server
        self._server = await start(
            lambda: StreamReaderProtocol(_Sparing(limit=_EVENT_BYTES), self._begin), sock=listening
        )
        self._taking = asyncio.create_task(self._take())
        self._serving: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self._relay.end()
        await asyncio.sleep(0)  # for whoever had just been let in
        self._taking.cancel()
        await asyncio.wait([self._taking, *self._serving])
        self._link.close()
        self._leave_path()

    async def run(self) -> None:
        """Pass utterances on until cancelled. Raises AccessError when the agent refuses the server."""
        await self._taking

    async def _take(self) -> None:
        while (frames := await self._link.frames_async(None)) is not None:
            self._relay.take(frames, time.monotonic())
            await asyncio.sleep(0)  # else a flood of messages would leave no time for the clients

    def _leave_path(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _begin(self, client: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._serve(client, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, client: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.set_write_buffer_limits(high=0)  # wait as soon as the other end does not keep up
        try:
            if len(self._relay) < self._limits.clients:
                await self._tell(client, writer)
            else:
                self._relay.counters["turned_away"] += 1
                told = Error(text=f"{self._limits.clients} are connected already; try again later", code="too-many")
                await async_write_event(told.event(), writer)
        except TimeoutError:
            self._relay.counters["stuck"] += 1
        except ConnectionError:
            pass  # it went away while it was written to
        finally:
            await _close(writer)

    async def _tell(self, client: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send utterances until the client or the server leaves. Raises TimeoutError when it does not read."""
        reader = self._relay.join(time.monotonic(), _TOLD, only_new=True)
        hearing = asyncio.create_task(self._hear(client, writer, reader))
        try:
            while (message := await reader.next()) is not None:
                for event in _events(message):
                    async with asyncio.timeout(self._limits.stuck_s):
                        await async_write_event(event, writer)
        finally:
            hearing.cancel()
            self._relay.leave(reader)

    async def _hear(self, client: asyncio.StreamReader, writer: asyncio.StreamWriter, reader: Reader) -> None:
        """Answer what a client asks, slowly. What is no event ends its connection, as does a stream that breaks off."""
        try:
            while (event := await async_read_event(client)) is not None:
                if Describe.is_type(event.type):
                    await async_write_event(_info(), writer)
                elif Ping.is_type(event.type):
                    await async_write_event(Pong(text=Ping.from_event(event).text).event(), writer)
                await asyncio.sleep(_EVENT_PAUSE_S)
            self._relay.counters["senseless"] += not client.at_eof()
        except (EOFError, ConnectionError):
            pass  # it went away
        except (AttributeError, KeyError, RecursionError, TypeError):  # what the package makes of JSON that is no event
            self._relay.counters["senseless"] += 1
        finally:
            reader.end()


class _Sparing(asyncio.StreamReader):
    """A stream of events that are short. As long as it likes is what the package would have an event be."""

    async def readexactly(self, n: int) -> bytes:
        if n > _EVENT_BYTES:
            raise ValueError(f"an event of {n} bytes")
        return await super().readexactly(n)


def _info() -> Event:
    """What there is here: of none of the kinds that the protocol knows, since all of those are asked for something."""
    info = Info().event()
    info.data["affect"] = [_PROGRAM.to_dict()]
    return info


def _events(message: Published) -> Iterator[Event]:
    body: dict[str, Any] = msgspec.json.decode(message.body)
    which = {"session": message.session, "utterance_id": body.get("utterance_id")}
    yield Transcript(text=str(body.get("text", "")), context=which).event()
    yield Event(type="affect", data=body)


async def _close(writer: asyncio.StreamWriter) -> None:
    """End a connection, whether or not the other end reads what still waits for it."""
    writer.close()
    cut = asyncio.get_running_loop().call_later(_FAREWELL_S, writer.transport.abort)
    with suppress(ConnectionError):
        await writer.wait_closed()
    cut.cancel()

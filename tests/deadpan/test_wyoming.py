"""The server over real sockets: read with the official client, and tried by clients that are none."""

from __future__ import annotations

import asyncio
import contextlib
import socket as sockets
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wyoming.asr import Transcript
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong

from deadpan.errors import EndpointError
from deadpan.messages import Utterance, to_json
from deadpan.wyoming import Limits, Server
from tests.deadpan.sent import estimate, every_type, utterance
from tests.deadpan.stage import PATIENCE_S, Stage


@dataclass(frozen=True, slots=True)
class _Served:
    stage: Stage
    server: Server

    async def client(self) -> AsyncClient:
        """A client that has asked, and whom the server therefore knows."""
        client = AsyncClient.from_uri(self.server.uri)
        await client.connect()
        await client.write_event(Ping(text="here").event())
        answer = await client.read_event()
        assert answer is not None
        assert Pong.from_event(answer).text == "here"
        return client

    async def knock(self) -> sockets.socket:
        """A connection that will read nothing, with the least room for what is sent to it."""
        client = sockets.socket()
        client.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 1)
        client.setblocking(False)
        host, port = self.server.uri.removeprefix("tcp://").split(":")
        await asyncio.get_running_loop().sock_connect(client, (host, int(port)))
        return client


@asynccontextmanager
async def served(listen: str = "tcp://127.0.0.1:0", limits: Limits | None = None) -> AsyncIterator[_Served]:
    stage = Stage()
    try:
        async with asyncio.timeout(PATIENCE_S), Server(stage.endpoint, listen=listen, limits=limits) as server:
            stage.await_subscriptions()
            yield _Served(stage, server)
    finally:
        stage.close()


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.005)


async def read(client: AsyncClient, *utterances: Utterance) -> None:
    for said in utterances:
        transcript, affect = await client.read_event(), await client.read_event()
        assert transcript is not None
        assert Transcript.from_event(transcript).text == said.text
        assert transcript.data["context"] == {"session": said.session, "utterance_id": said.utterance_id}
        assert affect == Event(type="affect", data=msgspec.json.decode(to_json(said)))


def test_each_utterance_is_its_words_and_how_they_were_meant() -> None:
    async def main() -> None:
        async with served() as s:
            first, second = await s.client(), await s.client()
            s.stage.publish(estimate(1), utterance(0), *every_type()[2:], utterance(1))
            for client in (first, second):
                await read(client, utterance(0), utterance(1))
                await client.disconnect()

    asyncio.run(main())


def test_what_was_said_before_somebody_came_is_not_said_again() -> None:
    async def main() -> None:
        async with served() as s:
            s.stage.publish(utterance(0))
            await until(lambda: s.server.counters.get("received", 0) == 1)
            client = await s.client()
            s.stage.publish(utterance(1))
            await read(client, utterance(1))
            await client.disconnect()

    asyncio.run(main())


def test_it_describes_itself_as_what_it_is_and_as_nothing_it_is_not() -> None:
    async def main() -> None:
        async with served() as s:
            client = await s.client()
            await client.write_event(Describe().event())
            answer = await client.read_event()
            assert answer is not None
            info = Info.from_event(answer)
            assert not any(
                (info.asr, info.tts, info.handle, info.intent, info.wake, info.mic, info.snd, info.satellite)
            )
            (program,) = answer.data["affect"]
            assert (program["name"], program["installed"]) == ("deadpan", True)
            await client.disconnect()

    asyncio.run(main())


def test_events_of_no_concern_are_passed_over() -> None:
    async def main() -> None:
        async with served() as s:
            client = await s.client()
            await client.write_event(Event("audio-chunk", {"rate": 16000, "width": 2, "channels": 1}, bytes(640)))
            await client.write_event(Ping(text="still").event())
            answer = await client.read_event()
            assert answer == Pong(text="still").event()
            await client.disconnect()

    asyncio.run(main())


def test_a_local_socket_is_this_users_alone_and_gone_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "s"

    async def main() -> None:
        async with served(f"unix://{path}") as s:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            client = await s.client()
            s.stage.publish(utterance(0))
            await read(client, utterance(0))
            await client.disconnect()
            with pytest.raises(EndpointError, match="is taken"):
                async with Server(listen=f"unix://{path}"):
                    pass

    asyncio.run(main())
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_cannot_subscribe_leaves_no_local_socket(tmp_path: Path) -> None:
    async def main() -> None:
        async with Server("nowhere", listen=f"unix://{tmp_path}/s"):
            pass

    with pytest.raises(EndpointError, match="cannot subscribe to nowhere"):
        asyncio.run(main())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("listen", ["tcp://0.0.0.0:10700", "tcp://192.168.1.5:10700", "tcp://example.org:1"])
def test_an_address_that_others_reach_is_refused(listen: str) -> None:
    async def main() -> None:
        async with Server(listen=listen):
            pass

    with pytest.raises(EndpointError, match=r"refusing to listen at .*: anyone who reaches that address could read"):
        asyncio.run(main())


@pytest.mark.parametrize(
    "listen", ["stdio://", "127.0.0.1:10700", "unix://here", "unix://", "tcp://", "tcp://127.0.0.1"]
)
def test_what_is_no_address_is_refused_in_words(listen: str) -> None:
    async def main() -> None:
        async with Server(listen=listen):
            pass

    with pytest.raises(EndpointError, match="cannot listen at"):
        asyncio.run(main())


def test_leaving_the_server_ends_every_connection() -> None:
    async def main() -> None:
        async with served() as s:
            async with Server(s.stage.endpoint, listen="tcp://127.0.0.1:0") as ending:
                client = await _Served(s.stage, ending).client()
                silent = await _Served(s.stage, ending).knock()
            assert await client.read_event() is None
            await client.disconnect()
            with silent:
                await _end_of(silent)

    asyncio.run(main())


def test_one_too_many_is_told_so() -> None:
    async def main() -> None:
        async with served(limits=Limits(clients=1)) as s:
            first = await s.client()
            second = AsyncClient.from_uri(s.server.uri)
            await second.connect()
            answer = await second.read_event()
            assert answer is not None
            assert Error.from_event(answer).text == "1 are connected already; try again later"
            assert await second.read_event() is None
            await second.disconnect()
            await first.disconnect()
            await until(lambda: s.server.counters["clients"] == 0)
            await (await s.client()).disconnect()

    asyncio.run(main())


def test_a_client_that_does_not_read_is_closed_and_counted_and_slows_nobody() -> None:
    def long(seq: int) -> Utterance:
        return msgspec.structs.replace(utterance(seq), text="x" * 10_000)

    async def main() -> None:
        async with served(limits=Limits(stuck_s=0.2)) as s:
            quick = await s.client()
            with await s.knock() as stuck:
                await until(lambda: s.server.counters["clients"] == 2)
                seq = 0
                while "stuck" not in s.server.counters:
                    s.stage.publish(long(seq))
                    await read(quick, long(seq))
                    seq += 1
                await _end_of(stuck)
            await quick.disconnect()

    asyncio.run(main())


_PING = b'{"type":"ping","data_length":14}\n{"text":"here"}'
_SENSELESS = [
    b"[]\n",
    b"1\n",
    b"{}\n",
    b"no JSON\n",
    b"[" * 60_000 + b"\n",
    b"x" * 200_000,
    b'{"type":"ping","data":[]}\n',
    b'{"type":"ping","data_length":"many"}\n',
    b'{"type":"ping","data_length":1.5}\nxx',
    b'{"type":"ping","data_length":4}\n[[]]',
    b'{"type":"ping","data_length":10000000000}\n',
    b'{"type":"audio-chunk","payload_length":10000000000}\n',
]


@pytest.mark.parametrize("sent", _SENSELESS, ids=range(len(_SENSELESS)))
def test_what_is_no_event_ends_its_connection_at_once_and_is_counted(sent: bytes) -> None:
    async def main() -> None:
        async with served() as s:
            with await s.knock() as client:
                with contextlib.suppress(ConnectionError):
                    await asyncio.get_running_loop().sock_sendall(client, sent)
                await _end_of(client)
            assert s.server.counters["senseless"] == 1
            await (await s.client()).disconnect()

    asyncio.run(main())


@pytest.mark.parametrize("length", range(len(_PING)))
def test_a_stream_that_breaks_off_anywhere_ends_its_connection(length: int) -> None:
    async def main() -> None:
        async with served() as s:
            with await s.knock() as client:
                await asyncio.get_running_loop().sock_sendall(client, _PING[:length])
                client.shutdown(sockets.SHUT_WR)
                await _end_of(client)
            await until(lambda: s.server.counters["clients"] == 0)

    asyncio.run(main())


def test_a_client_that_talks_without_end_lets_nobody_wait() -> None:
    async def main() -> None:
        async with served() as s:
            quick = await s.client()
            with await s.knock() as chatty:

                async def chat() -> None:
                    with contextlib.suppress(ConnectionError):
                        while True:
                            await asyncio.get_running_loop().sock_sendall(chatty, b'{"type":"ping"}\n' * 1000)

                chatting = asyncio.create_task(chat())
                for seq in range(100):
                    s.stage.publish(utterance(seq))
                    await read(quick, utterance(seq))
                chatting.cancel()
                await asyncio.wait([chatting])
            await quick.disconnect()

    asyncio.run(main())


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.binary() | st.from_regex(rb'\{"type": ?"(describe|ping|x)"(, ?"data(_length)?": ?[0-9a-z{}"]{0,9})?\}\n')
    )
)
def test_no_bytes_whatever_end_the_server(sent: list[bytes]) -> None:
    async def main() -> None:
        async with served() as s:
            with await s.knock() as client:
                with contextlib.suppress(ConnectionError):
                    await asyncio.get_running_loop().sock_sendall(client, b"".join(sent)[:500])
                    client.shutdown(sockets.SHUT_WR)
                await _end_of(client)
            await (await s.client()).disconnect()

    asyncio.run(main())


async def _end_of(client: sockets.socket) -> None:
    """Read to where the other end has closed the connection."""
    with contextlib.suppress(ConnectionError):
        while await asyncio.get_running_loop().sock_recv(client, 1 << 16):
            pass

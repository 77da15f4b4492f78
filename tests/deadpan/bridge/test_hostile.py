"""Clients that do not read, that never stop talking, or that talk nonsense: none takes anything from the others."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket as sockets

import aiohttp
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deadpan.bridge import Bridge, Limits
from deadpan.messages import Message
from tests.deadpan.bridge.bridged import bridged, read, until
from tests.deadpan.sent import estimate
from tests.deadpan.stage import PATIENCE_S

_QUICK = Limits(heartbeat_s=60, stuck_s=0.2)
_UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


async def _knock(bridge: Bridge, path: str, headers: str = "") -> sockets.socket:
    """A connection that has asked and will read nothing, with the least room for what is sent to it."""
    client = sockets.socket()
    client.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 1)
    client.setblocking(False)
    host, port = bridge.address.split(":")
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, (host, int(port)))
    await loop.sock_sendall(client, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode())
    return client


async def _end_of(client: sockets.socket) -> None:
    """Read to where the other end has closed the connection."""
    with contextlib.suppress(ConnectionError):
        while await asyncio.get_running_loop().sock_recv(client, 1 << 16):
            pass


def _long(seq: int) -> Message:
    message: Message = msgspec.structs.replace(estimate(seq), model="x" * 10_000)
    return message


@pytest.mark.parametrize(("path", "headers"), [("/ws", _UPGRADE), ("/events", "")])
def test_a_client_that_does_not_read_is_closed_and_counted_and_slows_nobody(path: str, headers: str) -> None:
    async def main() -> None:
        async with bridged(limits=_QUICK) as b, b.http.ws_connect(b.url("/ws")) as quick:
            with await _knock(b.bridge, path, headers) as stuck:
                await b.counted("readers", 2)
                seq = 0
                while "stuck" not in b.bridge.counters:
                    b.publish(_long(seq))
                    await read(quick, _long(seq))
                    seq += 1
                await until(lambda: b.bridge.counters["readers"] == 1)
                await _end_of(stuck)
            assert b.bridge.counters["stuck"] == 1

    asyncio.run(main())


def test_a_client_that_begins_to_read_after_all_is_told_why_it_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deadpan.bridge.site._FAREWELL_S", PATIENCE_S)

    async def main() -> bytes:
        async with bridged(limits=_QUICK) as b:
            with await _knock(b.bridge, "/ws", _UPGRADE) as stuck:
                await b.counted("readers")
                seq = 0
                while "stuck" not in b.bridge.counters:
                    b.publish(_long(seq))
                    seq += 1
                    await b.counted("received", seq)
                read = b""
                while not read.endswith(b"you do not read"):
                    read = (read + await asyncio.get_running_loop().sock_recv(stuck, 1 << 16))[-19:]
                return read

    assert asyncio.run(main()) == b"\x88\x11" + (1013).to_bytes(2, "big") + b"you do not read"


def test_a_client_that_never_answers_a_sign_of_life_is_closed_and_counted() -> None:
    async def main() -> None:
        async with bridged(limits=Limits(heartbeat_s=0.1)) as b:
            with await _knock(b.bridge, "/ws", _UPGRADE):
                await b.counted("stuck")
            await until(lambda: b.bridge.counters["readers"] == 0)

    asyncio.run(main())


def test_a_bridge_ends_though_a_client_does_not_read() -> None:
    async def main() -> None:
        async with bridged() as b:
            async with Bridge(b.stage.endpoint, listen="127.0.0.1:0") as ending:
                b.stage.await_subscriptions()
                first, second = await _knock(ending, "/ws", _UPGRADE), await _knock(ending, "/events")
                await until(lambda: ending.counters["readers"] == 2)
                for seq in range(300):
                    b.publish(_long(seq))
                await until(lambda: ending.counters.get("received", 0) >= 300)
            with first, second:
                await _end_of(first)
                await _end_of(second)

    asyncio.run(main())


def test_a_client_that_talks_without_end_lets_nobody_wait_and_is_closed_at_last() -> None:
    ping, text = b"\x89\x81\0\0\0\0x", b"\x81\x80\0\0\0\0"

    async def main() -> None:
        async with bridged(limits=Limits(heartbeat_s=0.4)) as b, b.http.ws_connect(b.url("/ws")) as quick:
            with await _knock(b.bridge, "/ws", _UPGRADE) as chatty:

                async def chat() -> None:
                    with contextlib.suppress(ConnectionError):
                        while True:
                            await asyncio.get_running_loop().sock_sendall(chatty, (ping + text) * 1000)

                chatting = asyncio.create_task(chat())
                seq = 0
                while "stuck" not in b.bridge.counters:
                    b.publish(estimate(seq))
                    await read(quick, estimate(seq))
                    seq += 1
                await chatting

    asyncio.run(main())


def test_a_frame_too_large_ends_its_connection_with_the_code_for_it() -> None:
    async def main() -> None:
        async with bridged() as b, b.http.ws_connect(b.url("/ws")) as socket:
            await socket.send_str("x" * 2000)
            frame = await socket.receive()
            assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.MESSAGE_TOO_BIG)
            await until(lambda: b.bridge.counters["readers"] == 0)

    asyncio.run(main())


def test_connections_that_ask_for_nothing_are_ended() -> None:
    async def main() -> None:
        async with bridged(limits=Limits(heartbeat_s=0.1)) as b:
            host, port = b.bridge.address.split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"GET /ev")  # and never the rest
            assert await reader.read() == b""
            writer.close()

    asyncio.run(main())


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    requests=st.lists(st.binary() | st.from_regex(rb"GET [!-~]{0,30} HTTP/1.1\r\n(\w{1,5}: [ -~]{0,9}\r\n){0,3}\r\n"))
)
def test_no_bytes_whatever_end_the_bridge_or_open_it(requests: list[bytes]) -> None:
    async def main() -> None:
        async with bridged() as b:
            b.publish(estimate(1))
            await b.counted("received")
            host, port = b.bridge.address.split(":")
            for request in requests:
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(request)
                writer.write_eof()
                with contextlib.suppress(ConnectionError):
                    assert b'"sarcasm"' not in await reader.read()  # no Host that is ours was given
                writer.close()
            async with b.http.ws_connect(b.url("/ws")) as socket:
                await read(socket, estimate(1))

    asyncio.run(main())


def test_every_loss_is_counted_when_the_agent_floods() -> None:
    async def main() -> None:
        async with bridged() as b:
            with await _knock(b.bridge, "/events"):
                await b.counted("readers")
                before = len(os.listdir("/proc/self/fd"))
                for seq in range(3000):
                    b.publish(_long(seq))
                    if seq % 100 == 0:
                        await asyncio.sleep(0)
                await b.counted("received", 500)  # ZeroMQ itself drops what is more than it may hold
                await b.counted("dropped", 1)
                assert (
                    len(os.listdir("/proc/self/fd")) <= before
                )  # less, where something of another test goes meanwhile

    asyncio.run(main())

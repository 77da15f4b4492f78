"""The bridge over real sockets: what clients of every kind are given, and what is refused."""

from __future__ import annotations

import asyncio

import aiohttp
import msgspec
import pytest

from deadpan.bridge import Bridge, Limits
from deadpan.errors import EndpointError
from deadpan.messages import to_json
from tests.deadpan.bridge.bridged import bridged, read, until
from tests.deadpan.sent import estimate, every_type, utterance
from tests.deadpan.stage import PATIENCE_S


def test_a_websocket_is_sent_every_message_byte_for_byte() -> None:
    async def main() -> None:
        async with bridged() as b, b.http.ws_connect(b.url("/ws")) as socket:
            b.publish(*every_type())
            await read(socket, *every_type())

    asyncio.run(main())


def test_an_event_stream_is_sent_type_mark_and_body() -> None:
    async def main() -> None:
        async with bridged() as b, b.http.get(b.url("/events")) as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            b.publish(estimate(1), utterance(3))
            for expected in (
                b"retry: 2000\n\n",
                b"event: estimate\nid: s1:estimate:1:0\ndata: " + to_json(estimate(1)) + b"\n\n",
                b"event: utterance\nid: s1:utterance:3:0\ndata: " + to_json(utterance(3)) + b"\n\n",
            ):
                assert await response.content.readexactly(len(expected)) == expected

    asyncio.run(main())


def test_a_newcomer_begins_with_the_last_values_of_what_it_asked_for() -> None:
    async def main() -> None:
        async with bridged() as b:
            b.publish(*every_type(), estimate(900))
            await b.counted("received", 7)
            async with b.http.ws_connect(b.url("/ws?types=estimate,welcome&stream=default")) as socket:
                await read(socket, every_type()[5], estimate(900))
                b.publish(utterance(4), estimate(901, stream="kitchen"), estimate(901))
                await read(socket, estimate(901))

    asyncio.run(main())


def test_the_last_of_a_type_is_given_with_its_age_or_the_reason_why_there_is_none() -> None:
    async def main() -> None:
        async with bridged() as b:
            async with b.http.get(b.url("/latest/utterance")) as none:
                assert none.status == 404
                assert "has said nothing yet; is deadpan run running?" in await none.text()
            b.publish(estimate(1))
            await b.counted("received")
            async with b.http.get(b.url("/latest/estimate")) as response:
                assert (response.status, response.headers["Age"]) == (200, "0")
                assert response.headers["Cache-Control"] == "no-store"
                assert await response.read() == to_json(estimate(1))
            async with b.http.get(b.url("/latest/utterance")) as none:
                assert await none.text() == f"no utterance: {b.stage.endpoint} has published none so far\n"
            async with b.http.get(b.url("/latest/estimate?stream=kitchen")) as none:
                assert (none.status, "stream kitchen at tcp://" in await none.text()) == (404, True)

    asyncio.run(main())


@pytest.mark.parametrize("path", ["/ws?types=mood", "/events?types=mood", "/latest/mood", "/ws?type=estimate"])
def test_what_cannot_be_answered_is_refused_in_words(path: str) -> None:
    async def main() -> None:
        async with bridged() as b, b.http.get(b.url(path)) as response:
            assert response.status == 400
            assert "there are" in await response.text()

    asyncio.run(main())


def test_somebody_who_looks_is_told_what_there_is() -> None:
    async def main() -> None:
        async with bridged() as b:
            async with b.http.get(b.url("/")) as response:
                page = await response.text()
                assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
            assert all(word in page for word in (b.stage.endpoint, "/ws", "/events", "/latest/TYPE", "utterance"))
            async with b.http.get(b.url("/counters")) as response:
                assert await response.json() == {"readers": 0}
            odd = (("GET", "/nowhere", 404), ("POST", "/ws", 405), ("HEAD", "/events", 405), ("GET", "/ws", 400))
            for method, path, status in odd:
                async with b.http.request(method, b.url(path)) as response:
                    assert response.status == status

    asyncio.run(main())


def test_an_agent_that_was_restarted_is_followed_and_its_past_forgotten() -> None:
    async def main() -> None:
        async with bridged() as b, b.http.ws_connect(b.url("/ws?types=estimate")) as socket:
            b.publish(estimate(7), utterance())
            await read(socket, estimate(7))
            b.publish(estimate(0, session="s2"))
            await read(socket, estimate(0, session="s2"))
            async with b.http.get(b.url("/latest/utterance")) as response:
                assert response.status == 404

    asyncio.run(main())


def test_a_page_from_elsewhere_gets_nothing_by_any_way() -> None:
    async def main() -> None:
        async with bridged() as b:
            b.publish(estimate(1))
            await b.counted("received")
            strange = ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example:5739"})
            for number, headers in enumerate(strange):
                for path in ("/events", "/latest/estimate", "/counters", "/"):
                    async with b.http.get(b.url(path), headers=headers) as response:
                        assert response.status == 403
                        assert "Access-Control-Allow-Origin" not in response.headers
                with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                    await b.http.ws_connect(b.url("/ws"), headers=headers)
                assert b.bridge.counters["refused"] == 5 * (number + 1)

    asyncio.run(main())


def test_a_page_that_was_allowed_and_the_bridges_own_read_as_programs_do() -> None:
    async def main() -> None:
        async with bridged(allow_origins=["http://localhost:8000"]) as b:
            b.publish(estimate(1))
            await b.counted("received")
            for origin in ("http://localhost:8000", f"http://{b.bridge.address}"):
                async with b.http.get(b.url("/latest/estimate"), headers={"Origin": origin}) as response:
                    assert response.status == 200
                    assert response.headers["Access-Control-Allow-Origin"] == origin
                async with b.http.ws_connect(b.url("/ws"), origin=origin) as socket:
                    await read(socket, estimate(1))

    asyncio.run(main())


def test_many_readers_are_served_alike_and_one_too_many_is_turned_away() -> None:
    async def main() -> None:
        async with bridged(limits=Limits(readers=30)) as b:
            sockets = [await b.http.ws_connect(b.url("/ws")) for _ in range(30)]
            b.publish(*every_type())
            for socket in sockets:
                await read(socket, *every_type())
            async with b.http.get(b.url("/events")) as response:
                assert response.status == 503
                assert await response.text() == "30 are reading already; try again later\n"
            await sockets.pop().close()
            await until(lambda: b.bridge.counters["readers"] == 29)
            async with b.http.get(b.url("/events")) as response:
                assert response.status == 200
            assert b.bridge.counters["turned_away"] == 1

    asyncio.run(main())


def test_leaving_the_bridge_says_goodbye_to_everybody() -> None:
    async def main() -> None:
        async with bridged() as b:
            async with Bridge(b.stage.endpoint, listen="127.0.0.1:0") as second:
                socket = await b.http.ws_connect(f"http://{second.address}/ws")
                events = await b.http.get(f"http://{second.address}/events")
                await events.content.readexactly(len(b"retry: 2000\n\n"))
            frame = await socket.receive()
            assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.GOING_AWAY)
            assert await events.content.read() == b""

    asyncio.run(main())


def test_a_silent_agent_leaves_the_event_stream_alive() -> None:
    async def main() -> None:
        async with (
            bridged(limits=Limits(heartbeat_s=0.05)) as b,
            b.http.get(b.url("/events")) as response,
        ):
            beginning = b"retry: 2000\n\n: nothing new\n\n: nothing new\n\n"
            assert await response.content.readexactly(len(beginning)) == beginning

    asyncio.run(main())


def test_a_websocket_that_answers_signs_of_life_stays_though_nothing_is_said() -> None:
    async def main() -> None:
        async with (
            bridged(limits=Limits(heartbeat_s=0.2)) as b,
            b.http.ws_connect(b.url("/ws"), autoping=False) as socket,
        ):
            for _ in range(3):
                frame = await socket.receive()
                assert frame.type is aiohttp.WSMsgType.PING
                await socket.pong(frame.data)
            b.publish(estimate(1))
            await read(socket, estimate(1))

    asyncio.run(main())


def test_a_packed_stream_is_bridged_as_json() -> None:
    async def main() -> None:
        async with bridged() as b, b.http.ws_connect(b.url("/ws")) as socket:
            b.stage.publish_body(msgspec.msgpack.encode(estimate(1)))
            await read(socket, estimate(1))

    asyncio.run(main())


def test_a_bridge_that_cannot_be_says_why_and_leaves_nothing_open() -> None:
    async def enter(bridge: Bridge) -> None:
        async with asyncio.timeout(PATIENCE_S), bridge:
            raise AssertionError("it should not have begun")

    with pytest.raises(EndpointError, match="cannot subscribe to nowhere"):
        asyncio.run(enter(Bridge("nowhere", listen="127.0.0.1:0")))
    with pytest.raises(EndpointError, match="refusing to listen at"):
        asyncio.run(enter(Bridge(listen="192.168.1.5:5739")))
    with pytest.raises(EndpointError, match="cannot allow the origin"):
        Bridge(allow_origins=["*"])

"""The type that is made on request: who is given it, and as long as when it is asked for."""

from __future__ import annotations

import asyncio

import msgspec

from deadpan.messages import ON_REQUEST, to_json, topic, type_name
from deadpan.reading import Reading
from deadpan.relay import Relay
from tests.deadpan.bridge.bridged import bridged, read, until
from tests.deadpan.sent import estimate, sketch


def test_its_topics_have_a_root_of_their_own() -> None:
    assert topic("kitchen", "sketch") == b"deadpan.sketch/1/kitchen/sketch"
    assert {topic("kitchen", name).startswith(b"deadpan/") for name in ON_REQUEST} == {False}


def test_only_who_wants_it_subscribes_to_it() -> None:
    assert Reading("ipc://x", ("estimate",), None).topics == [b"deadpan/"]
    assert Reading("ipc://x", ("estimate", "sketch"), None).topics == [b"deadpan.sketch/", b"deadpan/"]
    assert topic("kitchen", "sketch") in Reading("ipc://x", ("sketch",), "kitchen").topics


def test_under_the_root_of_the_others_it_is_no_message() -> None:
    reading = Reading("ipc://x", ("sketch",), None)
    body = to_json(sketch())
    assert reading.message([b"deadpan/1/default/sketch", body], 1) is None
    assert reading.message([b"deadpan.sketch/1/default/sketch", body], 1) == sketch()
    relay = Relay()
    for address in (b"deadpan/1/default/sketch", b"deadpan.sketch/1/default/sketch"):
        relay.take([address, body], 1.0)
    assert relay.counters["unreadable"] == 1


def test_a_relay_gives_it_to_those_alone_who_named_it_and_only_as_it_comes() -> None:
    async def main() -> None:
        relay = Relay()
        everything, eyes = relay.join(0.0), relay.join(0.0, frozenset({"sketch", "estimate"}))
        for message in (sketch(), estimate()):
            relay.take([topic("default", type_name(message)), to_json(message)], 1.0)
        first, second, other = await eyes.next(), await eyes.next(), await everything.next()
        assert [each.type for each in (first, second, other) if each] == ["sketch", "estimate", "estimate"]
        assert len(everything) == 0
        assert len(relay.join(1.0, frozenset({"sketch"}))) == 0
        assert relay.asked_for == {"sketch"}

    asyncio.run(main())


def test_a_bridge_asks_for_it_as_long_as_a_reader_does() -> None:
    async def main() -> None:
        async with bridged() as b:
            async with b.http.ws_connect(b.url("/ws?types=sketch,estimate")) as socket:
                assert b.stage.await_subscriptions() == [b"deadpan.sketch/1/"]
                b.publish(sketch(5), estimate(9))
                await read(socket, sketch(5), estimate(9))
            async with b.http.get(b.url("/latest/sketch")) as none:
                assert (none.status, "not kept: read /ws?types=sketch" in await none.text()) == (404, True)
            await until(lambda: b.bridge.counters["readers"] == 0)
            async with b.http.ws_connect(b.url("/ws")) as socket:
                b.publish(sketch(6), estimate(10))
                first = await socket.receive()
                while msgspec.json.decode(first.data)["seq"] == 9:  # the last value, for a newcomer
                    first = await socket.receive()
                assert first.data.encode() == to_json(estimate(10))

    asyncio.run(main())

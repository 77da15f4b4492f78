from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from deadpan.messages import Message, to_json, topic, type_name
from deadpan.relay import Reader, Relay
from tests.deadpan.sent import S, estimate, every_type, utterance


def frames(message: Message) -> list[bytes]:
    return [topic(message.stream, type_name(message)), to_json(message)]


def waiting(reader: Reader) -> list[bytes]:
    """The bodies that wait for a reader, read until it has none."""
    bodies = []
    while len(reader):
        message = asyncio.run(reader.next())
        assert message is not None
        bodies.append(message.body)
    return bodies


def relayed(*messages: Message, now_s: float = 0.0) -> Relay:
    relay = Relay()
    for message in messages:
        relay.take(frames(message), now_s)
    return relay


def test_every_reader_is_given_the_very_bytes() -> None:
    relay = Relay()
    readers = [relay.join(0), relay.join(0)]
    for message in every_type():
        relay.take(frames(message), 0)
    assert [waiting(reader) for reader in readers] == [[to_json(message) for message in every_type()]] * 2


def test_fields_and_types_of_a_newer_agent_pass_unharmed() -> None:
    relay = Relay()
    reader = relay.join(0)
    body = b'{"type": "mood", "stream":"default", "session":"s1","seq":0,  "colour":"blue","number":1.50}'
    relay.take([b"deadpan/1/default/mood", body], 0)
    assert waiting(reader) == [body]


def test_messagepack_becomes_the_json_that_would_have_been_published() -> None:
    relay = Relay()
    reader = relay.join(0)
    for message in every_type():
        relay.take([topic("default", type_name(message)), msgspec.msgpack.encode(message)], 0)
    assert waiting(reader) == [to_json(message) for message in every_type()]


def test_a_newcomer_is_given_the_welcome_and_then_the_last_of_each_type() -> None:
    relay = relayed(estimate(1), utterance(), estimate(2), *every_type()[5:])
    types = [msgspec.json.decode(body)["type"] for body in waiting(relay.join(0))]
    assert types[0] == "welcome"
    assert sorted(types[1:]) == ["estimate", "utterance"]
    assert waiting(relay.join(0, frozenset({"estimate"}))) == [to_json(estimate(2))]


def test_a_late_revision_reaches_readers_but_is_not_the_last_value() -> None:
    relay = relayed(estimate(1), estimate(2))
    reader = relay.join(0, frozenset({"estimate"}))
    relay.take(frames(estimate(1, revision=1)), 0)
    assert waiting(reader) == [to_json(estimate(2)), to_json(estimate(1, revision=1))]
    relay.take(frames(estimate(1, revision=1)), 0)  # the publisher's last value, for a newcomer of its own
    assert waiting(reader) == []
    assert relay.counters["repeated"] == 1
    assert waiting(relay.join(0)) == [to_json(estimate(2))]


def test_a_new_session_forgets_what_the_old_one_said() -> None:
    relay = relayed(estimate(5), utterance(), estimate(1, session="s2"))
    assert waiting(relay.join(0)) == [to_json(estimate(1, session="s2"))]
    assert relay.latest("utterance", 0) is None


def test_a_restarted_fusion_process_counts_anew_in_the_same_session() -> None:
    relay = relayed(utterance(0))
    reader = relay.join(0)
    again = msgspec.structs.replace(utterance(0), published_ns=1)
    relay.take(frames(again), 0)
    assert waiting(reader) == [to_json(utterance(0)), to_json(again)]


def test_only_one_stream_is_given_when_one_is_asked_for() -> None:
    relay = relayed(estimate(1), estimate(1, stream="kitchen"))
    reader = relay.join(0, stream="kitchen")
    relay.take(frames(estimate(2)), 0)
    relay.take(frames(estimate(2, stream="kitchen")), 0)
    assert waiting(reader) == [to_json(estimate(1, stream="kitchen")), to_json(estimate(2, stream="kitchen"))]


def test_a_silent_stream_has_no_last_values_until_it_speaks_again() -> None:
    relay = relayed(estimate(1), now_s=100.0)
    assert relay.latest("estimate", 110.0) is not None
    assert relay.latest("estimate", 110.1) is None
    assert waiting(relay.join(110.1)) == []
    assert relay.silent_s(142.0) == 42.0
    assert Relay().silent_s(142.0) is None
    relay.take(frames(every_type()[4]), 150.0)
    assert relay.latest("estimate", 150.0) is not None


def test_a_reader_that_does_not_read_loses_the_oldest_and_costs_the_others_nothing() -> None:
    relay = Relay()
    stuck, quick = relay.join(0), relay.join(0)
    read = []
    for number in range(1000):
        relay.take(frames(estimate(number)), 0)
        read += waiting(quick)
    assert len(read) == 1000
    left = [msgspec.json.decode(body)["seq"] for body in waiting(stuck)]
    assert left == list(range(800, 1000))
    assert (stuck.dropped, relay.counters["dropped"]) == (800, 800)


def test_a_reader_that_left_is_given_nothing() -> None:
    relay = Relay()
    reader = relay.join(0)
    relay.leave(reader)
    relay.leave(reader)
    relay.take(frames(estimate(1)), 0)
    assert (waiting(reader), len(relay)) == ([], 0)


def test_whoever_wants_only_what_is_new_is_spared_what_was_said_before_it_or_we_came() -> None:
    welcome = msgspec.structs.replace(every_type()[5], published_ns=200 * S)
    old, new = utterance(3), msgspec.structs.replace(utterance(4), published_ns=201 * S)
    relay = Relay()
    early, usual = relay.join(0, only_new=True), relay.join(0)
    for message in (welcome, old, new):  # as an agent greets a subscriber, and goes on
        relay.take(frames(message), 0)
    late = relay.join(0, only_new=True)
    assert waiting(early) == [to_json(welcome), to_json(new)]
    assert waiting(usual) == [to_json(welcome), to_json(old), to_json(new)]
    assert waiting(late) == []


def test_an_ended_reader_is_told_so_at_once_whatever_waits() -> None:
    relay = relayed(estimate(1))
    reader = relay.join(0)
    relay.end()
    assert asyncio.run(reader.next()) is None
    assert asyncio.run(relay.join(0).next()) is None


def test_a_publisher_that_invents_streams_without_end_is_remembered_for_a_few() -> None:
    relay = Relay()
    for number in range(1000):
        relay.take(frames(estimate(1, stream=f"stream{number}")), 0)
    assert len(waiting(relay.join(0))) == 64


_HEAD = b'{"type":"estimate","stream":"default","session":"s1","seq":1}'


def test_what_is_no_message_is_counted_and_passed_to_nobody() -> None:
    relay = Relay()
    reader = relay.join(0)
    address = b"deadpan/1/default/estimate"
    bad = [
        [],
        [address],
        [address, _HEAD, b"more"],
        [b"deadpan/2/default/estimate", _HEAD],
        [b"deadpan/1/default", _HEAD],
        [b"deadpan/1/a b/estimate", _HEAD],
        [address + b"\n", _HEAD],
        [address, b""],
        [address, b"{"],
        [address, b"\xff\xfe"],
        [address, b'{"seq":1}'],
        [address, _HEAD.replace(b"default", b"kitchen")],
        [address, _HEAD.replace(b"estimate", b"utterance")],
        [address, _HEAD.replace(b"s1", b"s1\\n")],  # would end the id line of a server-sent event
        [address, _HEAD.replace(b",", b",\n")],
        [address, _HEAD.replace(b"}", b',"text":"\xff"}')],  # no UTF-8: a browser would end the connection
        [address, _HEAD.replace(b"}", b',"number":NaN}')],
        [address, _HEAD[:-1] + b',"x":' + b"[" * 100_000],
        [address, _HEAD + b" " * (1 << 20)],
        [address, msgspec.msgpack.encode([1, 2])],
        [address, msgspec.msgpack.encode(msgspec.msgpack.Ext(5, b"x"))],
        [address, msgspec.msgpack.encode(msgspec.json.decode(_HEAD) | {"x": msgspec.msgpack.Ext(5, b"x")})],
    ]
    for each in bad:
        relay.take(each, 0)
    assert waiting(reader) == []
    assert relay.counters == {"received": len(bad), "unreadable": len(bad)}


@given(st.lists(st.binary(max_size=200), max_size=3))
def test_no_frames_whatever_harm_it(anything: list[bytes]) -> None:
    relay = Relay()
    relay.take(anything, 0)
    relay.take([b"deadpan/1/default/estimate", *anything[1:]], 0)
    assert relay.counters["received"] == 2


_VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.integers() | st.binary(), inner),
    max_leaves=8,
)


@given(_VALUES)
def test_whatever_is_packed_becomes_json_that_a_browser_can_read_or_is_counted(value: object) -> None:
    relay = Relay()
    reader = relay.join(0)
    try:
        body = msgspec.msgpack.encode(msgspec.json.decode(_HEAD) | {"anything": value})
    except (OverflowError, UnicodeEncodeError):
        return  # cannot be published either
    relay.take([b"deadpan/1/default/estimate", body], 0)
    for passed in waiting(reader):
        assert b"\n" not in passed
        assert msgspec.json.decode(passed.decode())["session"] == "s1"
    assert len(waiting(relay.join(0))) + relay.counters["unreadable"] == 1

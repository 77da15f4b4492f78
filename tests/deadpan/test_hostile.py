"""Whatever a publisher sends, a subscriber reads a typed message or counts a drop."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deadpan.errors import SpecError
from deadpan.messages import MESSAGE_TYPES, Message, from_body, to_json, topic, type_name
from deadpan.reading import Reading
from deadpan.timeline import Timeline
from tests.deadpan.sent import estimate, every_type, sketch

NAMES = list(MESSAGE_TYPES)
BODIES = [json.loads(to_json(message)) for message in (*every_type(), sketch())]
ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**53, 2**63, 2**64, -(2**63) - 1, 10**30, -(10**300), -1, 0]),
    st.floats(),
    st.text(),
    st.binary(max_size=8),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5), max_size=3),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a body, at any depth."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in _places(each, (*path, key)))]


@st.composite
def _nearly_messages(draw: st.DrawFn) -> bytes:
    """A message's body with something odd in some of its places, in either encoding, perhaps damaged."""
    body = json.loads(json.dumps(draw(st.sampled_from(BODIES))))
    for _ in range(draw(st.integers(0, 3))):
        *way, last = draw(st.sampled_from(_places(body)[1:]))
        place = body
        try:
            for step in way:
                place = place[step]
            if draw(st.booleans()):
                place[last] = draw(ODD)
            else:
                del place[last]
        except (KeyError, IndexError, TypeError):
            continue  # what stood there is gone already
    if draw(st.booleans()):
        try:
            raw = msgspec.msgpack.encode(body)
        except OverflowError:
            raw = json.dumps(body, default=repr).encode("utf-8", "surrogatepass")
    else:
        raw = json.dumps(body, default=repr).encode("utf-8", "surrogatepass")
    damage = draw(st.sampled_from(["none", "none", "cut", "flip", "utf-16", "twice"]))
    if damage == "cut":
        return raw[: draw(st.integers(0, len(raw)))]
    if damage == "flip":
        at = draw(st.integers(0, len(raw) - 1))
        return raw[:at] + bytes([raw[at] ^ (1 << draw(st.integers(0, 7)))]) + raw[at + 1 :]
    if damage == "utf-16":
        return raw.decode("utf-8", "replace").encode("utf-16")
    return raw * 2 if damage == "twice" else raw


TOPICS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([topic("default", name) for name in NAMES]),
    st.sampled_from([b"deadpan/", b"deadpan/1", b"deadpan/1/", b"deadpan/1/default/mood", b"deadpan/01/default/event"]),
    st.from_regex(rb"\Adeadpan/[0-9]{1,12}/[a-z]{0,9}(/[a-z]{0,9})?", fullmatch=True),
)
FRAMES = st.one_of(
    st.lists(st.binary(max_size=80), max_size=4),
    st.tuples(TOPICS, _nearly_messages()).map(list),
    st.tuples(TOPICS, _nearly_messages(), st.binary(max_size=8)).map(list),
)


def _matches(message: Message, body: bytes) -> bool:
    return type(message) in MESSAGE_TYPES.values() and from_body(body) == message


@given(st.lists(FRAMES, max_size=30), st.sampled_from([None, "default", "kitchen"]))
@example([[b"deadpan/1/default/estimate", b'{"x":' + b"[" * 200_000]], None)
@example([[b"deadpan/1/default/estimate", b'{"type":"estimate","seq":' + b"9" * 10_000]], None)
def test_any_frames_are_a_message_or_a_counted_drop(sent: list[list[bytes]], stream: str | None) -> None:
    reading, timeline = Reading("ipc:///a", NAMES, stream), Timeline()
    for number, frames in enumerate(sent):
        dropped = reading.unreadable
        try:
            message = reading.message(frames, contact=1)
        except SpecError:
            assert reading.unreadable == dropped + 1
            continue
        if message is None:
            assert reading.unreadable == dropped + 1
            continue
        assert _matches(message, frames[1])
        assert frames[0] == topic(message.stream, type_name(message))
        timeline.add(message, number)
        stretch = timeline.at(0, 2**62, number)
        assert (stretch.sarcasm.probability is None) == (stretch.reason != "")
        assert timeline.lag_ms is not None
        assert math.isfinite(timeline.lag_ms)


@given(_nearly_messages())
def test_what_is_nearly_a_message_is_one_or_a_decode_error(body: bytes) -> None:
    try:
        message = from_body(body)
    except msgspec.DecodeError:
        return
    assert from_body(to_json(message)) == message  # so no number in it is none (NaN), or more than JSON can carry


@pytest.mark.parametrize(
    ("field", "value"),
    [("seq", -1), ("seq", 2**63), ("end_ns", -1), ("confidence", 1.01), ("confidence", math.nan), ("revision", 10**30)],
)
def test_numbers_out_of_their_range_are_no_message(field: str, value: float) -> None:
    body = msgspec.to_builtins(estimate()) | {field: value}
    bodies = [json.dumps(body).encode()] if abs(value) > 2**62 else [msgspec.msgpack.encode(body)]
    for each in bodies:
        with pytest.raises(msgspec.DecodeError):
            from_body(each)


def test_a_message_under_another_s_topic_is_a_counted_drop() -> None:
    reading = Reading("ipc:///a", NAMES, None)
    assert reading.message([b"deadpan/1/default/utterance", to_json(estimate())], 1) is None
    assert reading.message([b"deadpan/1/kitchen/estimate", to_json(estimate())], 1) is None
    assert reading.unreadable == 2

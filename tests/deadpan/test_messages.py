from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadpan.messages import MESSAGE_TYPES, SPEC, Health, Message, Pace, from_body, to_json, topic, type_name
from tests.deadpan.sent import estimate, every_type, sketch, utterance

EVERY = pytest.mark.parametrize("message", [*every_type(), sketch()], ids=type_name)

# The example of the design, by which subscribers were written: these names and kinds do not change under SPEC 1.
NUMBER = (int, float)
HEAD: dict[str, Any] = {
    "type": str,
    "spec": int,
    "session": str,
    "stream": str,
    "seq": int,
    "start_ns": int,
    "end_ns": int,
    "published_ns": int,
    "model": str,
}
BLOCKS: dict[str, Any] = {
    "sarcasm": {"probability": NUMBER, "state": str},
    "sentiment": {"literal": NUMBER, "delivered": NUMBER, "intended": NUMBER},
    "incongruity": {"text_voice": NUMBER, "text_face": (*NUMBER, type(None)), "voice_face": (*NUMBER, type(None))},
    "confidence": NUMBER,
    "modalities": {
        "voice": {"status": str, "age_ms": NUMBER, "sarcasm": NUMBER, "sentiment": NUMBER, "contribution": NUMBER}
    },
    "latency_ms": NUMBER,
}


def _assert_shaped(body: dict[str, Any], shape: dict[str, Any]) -> None:
    for name, kind in shape.items():
        assert name in body
        if isinstance(kind, dict):
            _assert_shaped(body[name], kind)
        else:
            assert isinstance(body[name], kind), name


@EVERY
def test_every_type_reads_back_the_same_from_json_and_from_msgpack(message: Message) -> None:
    assert from_body(to_json(message)) == message
    assert from_body(msgspec.msgpack.encode(message)) == message


@EVERY
def test_a_json_body_is_one_line_and_names_its_type(message: Message) -> None:
    body = to_json(message)
    assert b"\n" not in body
    assert json.loads(body)["type"] == type_name(message)
    assert MESSAGE_TYPES[type_name(message)] is type(message)


@EVERY
def test_fields_a_newer_publisher_adds_are_ignored(message: Message) -> None:
    newer = json.loads(to_json(message)) | {"mood": {"colour": ["blue"]}, "spec_note": None}
    assert from_body(json.dumps(newer).encode()) == message
    assert from_body(msgspec.msgpack.encode(newer)) == message


def test_an_estimate_has_every_field_of_the_design_s_example() -> None:
    body = json.loads(to_json(estimate()))
    _assert_shaped(body, HEAD | BLOCKS | {"revision": int, "final": bool})
    assert set(body["cues"][0]) == {"name", "modality", "value", "effect"}


def test_an_utterance_has_the_same_blocks_and_its_words() -> None:
    body = json.loads(to_json(utterance()))
    _assert_shaped(body, HEAD | BLOCKS | {"utterance_id": int, "text": str, "rcs": str})
    assert set(body["words"][0]) == {"text", "start_ns", "end_ns", "probability", "timing", "sentiment", "sarcasm"}


def test_a_topic_names_the_specification_the_stream_and_the_type() -> None:
    assert topic("kitchen", "estimate") == b"deadpan/1/kitchen/estimate"
    assert SPEC == 1


def test_a_modality_this_client_has_never_heard_of_is_no_obstacle() -> None:
    body = json.loads(to_json(estimate()))
    body["modalities"]["posture"] = body["modalities"]["voice"]
    read = from_body(json.dumps(body).encode())
    assert isinstance(read, type(estimate()))
    assert read.modalities["posture"] == read.modalities["voice"]


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("event", ("name",)),
        ("health", ("state",)),
        ("health", ("workers", "face", "state")),
        ("estimate", ("sarcasm", "state")),
        ("estimate", ("modalities", "voice", "status")),
        ("utterance", ("words", 0, "timing")),
    ],
    ids=str,
)
def test_a_name_this_client_has_never_heard_of_is_no_obstacle(name: str, at: tuple[str | int, ...]) -> None:
    body = json.loads(to_json(next(message for message in every_type() if type_name(message) == name)))
    place: Any = body
    for step in at[:-1]:
        place = place[step]
    place[at[-1]] = "dozing"
    assert json.loads(to_json(from_body(json.dumps(body).encode()))) == body


def test_the_health_of_an_older_agent_has_no_reasons_and_the_usual_pace() -> None:
    body = json.loads(to_json(next(message for message in every_type() if isinstance(message, Health))))
    for field in ("reasons", "pace"):
        del body[field]
    read = from_body(json.dumps(body).encode())
    assert isinstance(read, Health)
    assert (read.reasons, read.pace) == ((), Pace())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"type":"mood"}',
        b'{"type":"event"}',
        b'{"type":"\xff"}',
        b"\x81\xa4type\xa1\xff",
        b'{"x":' + b"[" * 100_000,
        b"\x81\xa1x" + b"\x91" * 100_000,
        to_json(estimate())[:-1],
        to_json(estimate()).replace(b"0.82", b'"much"'),
    ],
    ids=["empty", "bare", "type", "fields", "utf8", "utf8-msgpack", "nested", "nested-msgpack", "cut", "kind"],
)
def test_a_body_that_is_no_message_is_a_decode_error(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        from_body(body)


@given(st.one_of(st.binary(), st.binary().map(lambda rest: b"{" + rest)))
def test_any_other_bytes_are_a_decode_error_too(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        from_body(body)


@EVERY
def test_messages_cannot_be_changed(message: Message) -> None:
    with pytest.raises(AttributeError):
        message.seq = 1  # type: ignore[misc]  # the attempt is the test

"""Every message of a real session, read from a bare socket and held against the specification (docs/protocol.md)."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq
from jsonschema import Draft202012Validator

from agent.session import demo_location
from deadpan.messages import MESSAGE_TYPES, Estimate, Event, Utterance, from_body, to_json
from deadpan.timeline import Timeline
from tests.agent.capture.films import beginning
from tests.integration.processes import started

SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"
TOPIC = re.compile(r"deadpan(?:\.sketch)?/1/([A-Za-z0-9._-]{1,64})/([a-z]+)")
PATIENCE_MS = 60_000
LINES, FILM_S = 4, 14.0  # of the demo
MS = 1_000_000
LATENESS_MS = 3000  # fusion.lateness_s

Body = dict[str, Any]


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> list[list[bytes]]:
    """The frames of every message of half of the demo, from the first to the last."""
    folder = tmp_path_factory.mktemp("stream")
    film, endpoint = beginning(demo_location(), folder / "film.mp4", FILM_S), f"ipc://{folder}/out"
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.SUB)
    socket.setsockopt(zmq.SUBSCRIBE, b"")
    socket.setsockopt(zmq.SUBSCRIBE, b"deadpan.sketch/")  # the empty one alone has none made
    socket.setsockopt(zmq.RECONNECT_IVL, 20)
    socket.connect(endpoint)
    heard: list[list[bytes]] = []
    try:
        with started("run", "--source", str(film), "--publish", endpoint):
            while not heard or b'"source_ended"' not in heard[-1][-1]:
                assert socket.poll(PATIENCE_MS), f"the stream broke off after {len(heard)} messages"
                heard.append(socket.recv_multipart())
    finally:
        context.destroy(linger=0)
    return heard


@pytest.fixture(scope="module")
def bodies(wire: list[list[bytes]]) -> list[Body]:
    """Without the last values that were sent again for whoever came later, as a subscriber drops them."""
    last: dict[str, Body] = {}
    told = []
    for _, frame in wire:
        body = json.loads(frame)
        if body != last.get(body["type"]):
            told.append(body)
        last[body["type"]] = body
    return told


@pytest.fixture(scope="module")
def by_type(bodies: list[Body]) -> dict[str, list[Body]]:
    found: dict[str, list[Body]] = defaultdict(list)
    for body in bodies:
        found[body["type"]].append(body)
    return found


def test_a_session_has_messages_of_every_type(by_type: dict[str, list[Body]]) -> None:
    assert set(by_type) == set(MESSAGE_TYPES)


def test_a_message_is_two_frames_and_its_body_one_line_of_json(wire: list[list[bytes]]) -> None:
    for frames in wire:
        _, body = frames
        assert body.startswith(b"{")
        assert b"\n" not in body
        assert len(body) < 1 << 20
        assert json.loads(body, parse_constant=pytest.fail)  # NaN and Infinity are no JSON


def test_the_topic_names_the_specification_the_stream_and_the_type_of_its_body(wire: list[list[bytes]]) -> None:
    for address, body in wire:
        match = TOPIC.fullmatch(address.decode("ascii"))
        assert match is not None, address
        read = json.loads(body)
        assert (read["spec"], read["stream"], read["type"]) == (1, match[1], match[2])


def test_every_message_fits_its_schema(bodies: list[Body]) -> None:
    validators = {
        name: Draft202012Validator(json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")))
        for name in MESSAGE_TYPES
    }
    sketches = [body for body in bodies if body["type"] == "sketch"]  # one is as the other, and each takes long
    for body in [body for body in bodies if body["type"] != "sketch"] + sketches[::10]:
        assert [error.message for error in validators[body["type"]].iter_errors(body)] == []


def test_every_message_has_every_field_that_is_written_down_and_no_other(bodies: list[Body]) -> None:
    for body in bodies:
        assert json.loads(to_json(from_body(json.dumps(body).encode()))) == body
        assert set(body) == {
            "type",
            *(field.encode_name for field in msgspec.structs.fields(MESSAGE_TYPES[body["type"]])),
        }


def test_one_session_and_one_model_speak(bodies: list[Body]) -> None:
    assert len({(body["session"], body["stream"], body["model"]) for body in bodies}) == 1


def test_numbers_are_without_a_gap(by_type: dict[str, list[Body]]) -> None:
    for name, messages in by_type.items():
        numbers = [body["seq"] for body in messages if body.get("revision", 0) == 0 or name != "estimate"]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), name


def test_times_are_in_order(bodies: list[Body]) -> None:
    assert all(body["start_ns"] <= body["end_ns"] <= body["created_ns"] <= body["published_ns"] for body in bodies)
    assert all(earlier["published_ns"] <= later["published_ns"] for earlier, later in pairwise(bodies))


def test_ticks_lie_on_the_grid_and_end_with_one_final_revision(by_type: dict[str, list[Body]]) -> None:
    (rate_hz,) = {body["tick_hz"] for body in by_type["welcome"]}
    revisions: dict[int, list[Body]] = defaultdict(list)
    for body in by_type["estimate"]:
        assert body["end_ns"] == round((body["seq"] + 1) * 1e9 / rate_hz)
        revisions[body["seq"]].append(body)
    (ended,) = (body for body in by_type["event"] if body["name"] == "source_ended")
    for told in revisions.values():
        assert [body["revision"] for body in told] == list(range(len(told)))
        if told[0]["end_ns"] > ended["end_ns"]:  # begun before it was known, on a busy machine, that all was over
            continue
        assert [body["final"] for body in told] == [False] * (len(told) - 1) + [True]


def test_a_latency_is_the_time_since_what_it_is_of(by_type: dict[str, list[Body]]) -> None:
    for body in by_type["estimate"] + by_type["utterance"]:
        assert body["latency_ms"] == pytest.approx((body["published_ns"] - body["end_ns"]) / MS, abs=0.051)


def test_what_is_unknown_has_a_reason_and_nothing_else_has(by_type: dict[str, list[Body]]) -> None:
    for body in by_type["estimate"] + by_type["utterance"]:
        sarcasm = body["sarcasm"]
        assert (sarcasm["probability"] is None) == (sarcasm["reason"] != "") == (sarcasm["state"] == "unknown")


def test_transcripts_grow_until_their_final_revision_and_the_utterance_comes_next(bodies: list[Body]) -> None:
    committed: dict[int, list[str]] = {}
    final: set[int] = set()
    for body in bodies:
        if body["type"] == "transcript":
            known = committed.get(body["utterance_id"], [])
            words = [word["text"] for word in body["committed"]]
            assert body["utterance_id"] not in final
            assert body["final"] or words[: len(known)] == known
            committed[body["utterance_id"]] = words
            final |= {body["utterance_id"]} if body["final"] else set()
        elif body["type"] == "utterance":
            assert body["utterance_id"] in final
            assert [word["text"] for word in body["words"]] == committed[body["utterance_id"]]


def test_what_cloud_events_call_the_id_is_of_one_message_alone(bodies: list[Body]) -> None:
    """As the table in docs/protocol.md puts it together."""
    ids = [f"{b['session']}/{b['type']}/{b['seq']}.{b.get('revision', 0)}/{b['published_ns']}" for b in bodies]
    assert len(set(ids)) == len(ids)


def test_health_beats_once_a_second(by_type: dict[str, list[Body]]) -> None:
    beats = [body["published_ns"] for body in by_type["health"]]
    assert len(beats) >= 0.7 * FILM_S
    assert all(later - earlier < 3e9 for earlier, later in pairwise(beats))


def test_the_end_is_the_last_word(bodies: list[Body]) -> None:
    last = from_body(json.dumps(bodies[-1]).encode())
    assert isinstance(last, Event)
    assert last.name == "source_ended"


def test_the_client_remembers_it_all_without_a_loss_and_answers_for_every_turn(wire: list[list[bytes]]) -> None:
    """As it is written down: an utterance is known as soon as it comes, and what is finished nothing later changes."""
    timeline = Timeline()
    answers: dict[tuple[int, int], str] = {}
    for _, body in wire:
        message = from_body(body)
        timeline.add(message, message.published_ns)
        if isinstance(message, Utterance) or (isinstance(message, Estimate) and message.final):
            turn = timeline.at(message.start_ns, message.end_ns, message.published_ns)
            assert turn.complete or not isinstance(message, Utterance)
            if turn.complete and message.latency_ms < LATENESS_MS:  # on a machine too slow, words come later than that
                answers[turn.start_ns, turn.end_ns] = turn.text
    assert not timeline.losses
    assert timeline.sessions_seen == 1
    assert timeline.lag_ms == 0.0
    assert len(answers) > 20  # while somebody speaks there is none
    for (start_ns, end_ns), text in answers.items():
        assert timeline.at(start_ns, end_ns, 0).text == text
    spoken = [message for _, body in wire if isinstance(message := from_body(body), Utterance)]
    assert len(spoken) == LINES
    for utterance in spoken:
        turn = timeline.at(utterance.start_ns, utterance.end_ns, 0)
        assert utterance in turn.utterances
        assert (turn.complete, turn.reason) == (True, "")

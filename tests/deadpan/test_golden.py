"""Messages as they were once published, read by the client of today.

The files were written once, for specification 1, and never again: a change that needs them to change needs a new
specification (docs/protocol.md, Compatibility).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from deadpan.messages import (
    MESSAGE_TYPES,
    Estimate,
    Event,
    FaceOutline,
    Health,
    Incongruity,
    ModalityReading,
    NamedCue,
    Pace,
    PitchContour,
    Point,
    Sarcasm,
    Sentiment,
    Sketch,
    SpokenWord,
    Tone,
    Transcript,
    Utterance,
    Welcome,
    WorkerHealth,
    from_body,
    to_json,
)

GOLDEN = Path(__file__).parent / "golden"
SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"

EVERY = pytest.mark.parametrize("name", MESSAGE_TYPES)


def _body(file: str) -> bytes:
    return (GOLDEN / file).read_bytes()


def _wide(value: Any) -> Any:
    """The same with something in every object that nobody knows yet."""
    if isinstance(value, dict):
        return {key: _wide(each) for key, each in value.items()} | {"of_tomorrow": {"deep": [1, None]}}
    return [_wide(each) for each in value] if isinstance(value, list) else value


def _holds(value: Any, golden: Any) -> bool:
    """Whether all that is in `golden` is in `value`, as it was; what has been added since may be there too."""
    if isinstance(golden, dict):
        return isinstance(value, dict) and all(key in value and _holds(value[key], golden[key]) for key in golden)
    if isinstance(golden, list):
        return isinstance(value, list) and len(value) == len(golden) and all(map(_holds, value, golden))
    return type(value) is type(golden) and bool(value == golden)


@EVERY
def test_what_is_read_is_written_again_as_it_was(name: str) -> None:
    body = _body(f"{name}.json")
    assert _holds(json.loads(to_json(from_body(body))), json.loads(body))


@EVERY
def test_it_fits_the_schema_of_today(name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert [
        error.message for error in Draft202012Validator(schema).iter_errors(json.loads(_body(f"{name}.json")))
    ] == []


@EVERY
def test_what_nobody_knows_yet_is_ignored(name: str) -> None:
    body = json.loads(_body(f"{name}.json"))
    if name == "health":  # whose maps are open: what is in them is of some process
        body["of_tomorrow"] = {"deep": [1, None]}
        assert from_body(json.dumps(body).encode()) == from_body(_body("health.json"))
        return
    if name == "sketch":  # so is the map of lines
        wide_points = {line: _wide(points) for line, points in body["face"].pop("strokes").items()}
        body = _wide(body)
        body["face"]["strokes"] = wide_points
        assert from_body(json.dumps(body).encode()) == from_body(_body("sketch.json"))
        return
    modalities = body.pop("modalities", None)
    wide = _wide(body) | ({} if modalities is None else {"modalities": {k: _wide(v) for k, v in modalities.items()}})
    assert from_body(json.dumps(wide).encode()) == from_body(_body(f"{name}.json"))


def test_msgpack_holds_the_same_message() -> None:
    assert from_body(_body("utterance.msgpack")) == from_body(_body("utterance.json"))
    assert msgspec.msgpack.decode(_body("utterance.msgpack")) == json.loads(_body("utterance.json"))


def test_an_estimate_says_what_it_said() -> None:
    read = from_body(_body("estimate.json"))
    assert isinstance(read, Estimate)
    assert (read.spec, read.session, read.stream, read.seq) == (1, "20261125-214503-7f3a", "default", 812)
    assert (read.start_ns, read.end_ns) == (154_600_000_000, 162_600_000_000)
    assert (read.created_ns, read.published_ns, read.model) == (162_735_112_204, 162_735_112_204, "deadpan-1.0")
    assert (read.revision, read.final, read.confidence, read.latency_ms) == (0, False, 0.8342, 135.1)
    assert read.sarcasm == Sarcasm(probability=0.7216, state="on")
    assert read.sentiment == Sentiment(literal=0.8125, delivered=-0.3391, intended=-0.3601)
    assert read.incongruity == Incongruity(text_voice=1.2531, text_face=0.9157, voice_face=-0.3374)
    assert set(read.modalities) == {"face", "voice", "text"}
    assert read.modalities["voice"] == ModalityReading(
        status="ok", age_ms=20.0, sarcasm=0.7311, sentiment=-0.4406, activation=-0.2519, contribution=0.2204
    )
    assert read.modalities["text"].activation is None
    assert read.cues[0] == NamedCue(name="cold_voice_on_praise", modality="voice", value=-1.2531, effect=0.1904)
    assert [cue.name for cue in read.cues] == ["cold_voice_on_praise", "flat_pitch", "word:great"]


def test_an_estimate_from_before_reasons_is_read_without_one() -> None:
    read = from_body(_body("estimate-1.0.json"))
    assert isinstance(read, Estimate)
    assert read.sarcasm == Sarcasm(probability=None, state="unknown", reason="")


@pytest.mark.parametrize(("file", "recording"), [("event.json", False), ("event-1.2.json", True)])
def test_a_message_says_whether_it_is_being_recorded_and_one_from_before_that_does_not(
    file: str, recording: bool
) -> None:
    assert from_body(_body(file)).recording is recording


def test_a_sketch_draws_what_it_drew() -> None:
    face, voice = from_body(_body("sketch.json")), from_body(_body("sketch-voice.json"))
    assert isinstance(face, Sketch)
    assert isinstance(voice, Sketch)
    assert (face.seq, face.voice, voice.seq, voice.face) == (40, None, 41, None)
    nose, lips = (
        (Point(x=0.5011, y=0.3012), Point(x=0.5023, y=0.3318)),
        (Point(x=0.46, y=0.455), Point(x=0.5, y=0.4609)),
    )
    assert face.face == FaceOutline(aspect=0.75, strokes={"nose": nose, "inner_lips": (*lips, lips[0])})
    tones = (Tone(pitch_hz=181.4, loudness_db=-23.5), Tone(pitch_hz=None, loudness_db=-61.2))
    assert voice.voice == PitchContour(tones=tones)


def test_an_utterance_says_what_it_said() -> None:
    read = from_body(_body("utterance.json"))
    assert isinstance(read, Utterance)
    assert (read.utterance_id, read.text, read.latency_ms) == (19, "Oh great…", 344.0)
    assert read.rcs == "([sentiment value=-0.34],[sarcasm value=0.72]) Oh great…"
    assert read.words[1] == SpokenWord(
        text="great…",
        start_ns=160_410_000_000,
        end_ns=161_008_000_000,
        probability=0.9871,
        timing="measured",
        sentiment=0.8831,
        sarcasm=0.5729,
    )
    assert (len(read.words), read.sarcasm.state, read.sentiment.intended) == (2, "on", -0.3601)


def test_a_transcript_says_what_it_said() -> None:
    read = from_body(_body("transcript.json"))
    assert isinstance(read, Transcript)
    assert (read.utterance_id, read.revision, read.final, read.forced) == (19, 2, False, False)
    assert [word.text for word in read.committed] == ["Oh"]
    assert [(word.text, word.timing, word.sarcasm) for word in read.tentative] == [("great…", "estimated", None)]


def test_an_event_says_what_it_said() -> None:
    read = from_body(_body("event.json"))
    assert isinstance(read, Event)
    assert (read.name, read.detail, read.start_ns, read.end_ns) == ("sarcasm_on", "", 162_600_000_000, 162_600_000_000)


def test_health_says_what_it_said() -> None:
    read = from_body(_body("health.json"))
    assert isinstance(read, Health)
    assert read.state == "degraded"
    assert read.reasons[0] == "camera is restarting: killed by signal 9"
    assert read.pace == Pace(level=1, step_s=1.0, face_rate_hz=15.0)
    assert read.workers["camera"] == WorkerHealth(state="restarting", reason="killed by signal 9", restarts=1)
    assert read.workers["speech"].counters == {"transcripts": 58, "suppressed_loop": 1}
    assert (read.workers["speech"].lag_ms, read.workers["speech"].busy) == (1402.7, 0.9375)


def test_a_welcome_says_what_it_said() -> None:
    read = from_body(_body("welcome.json"))
    assert isinstance(read, Welcome)
    assert (read.version, read.source, read.tick_hz, read.recording) == ("0.1.0", "live", 5.0, False)
    assert (read.origin_monotonic_ns, read.origin_unix_ns) == (81_233_000_412_345, 1_795_643_103_000_000_000)

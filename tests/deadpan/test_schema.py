from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from agent.stream.composer import Composer
from deadpan.messages import MESSAGE_TYPES, Message, to_json, type_name
from encoders.samples import Interval, Modality
from fusion.fuser import Fuser
from fusion.shipped import load
from tests.deadpan.sent import estimate, every_type, sketch
from tests.fusion.evidence import MS, evidence

DOCS = Path(__file__).parents[2] / "docs"
PROTOCOL = (DOCS / "protocol.md").read_text(encoding="utf-8")


def _schema(name: str) -> Any:
    return json.loads((DOCS / "schema" / f"{name}.schema.json").read_text(encoding="utf-8"))


def _errors(body: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(_schema(body["type"])).iter_errors(body)]


def test_the_schemas_are_in_step_with_the_types() -> None:
    made = runpy.run_path(str(DOCS / "make_schemas.py"))["schemas"]()
    written = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "schema").iterdir()}
    assert written == made, "run: python docs/make_schemas.py"


@pytest.mark.parametrize("name", MESSAGE_TYPES)
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(_schema(name))


@pytest.mark.parametrize("message", [*every_type(), sketch()], ids=type_name)
def test_messages_of_every_type_fit_their_schema(message: Message) -> None:
    assert _errors(json.loads(to_json(message))) == []


@pytest.mark.parametrize("subset", [(), (Modality.FACE,), tuple(Modality)], ids=str)
def test_what_fusion_makes_of_any_evidence_fits_the_schema(subset: tuple[Modality, ...]) -> None:
    fuser = Fuser(load(), list(Modality))
    for modality in subset:
        fuser.push(evidence(modality, 0, 200, sarcasm=0.9, sentiment=-0.5), 200 * MS)
    (made,) = fuser.advance(350 * MS)
    composer = Composer("s1", "default", "deadpan-test")
    for message in (composer.estimate(made, 350 * MS), composer.event("sarcasm_on", 0, 0)):
        assert _errors(json.loads(to_json(message))) == []
    assert made.interval == Interval(0, 200 * MS)


@pytest.mark.parametrize(
    "change",
    [
        {"seq": "first"},
        {"sarcasm": {"probability": "much", "state": "on"}},
        {"sarcasm": {"probability": 0.5}},
        {"sarcasm": {"probability": 0.5, "state": 1}},
        {"modalities": {"face": {}}},
        {"type": "mood"},
    ],
    ids=str,
)
def test_a_message_of_another_shape_does_not_fit(change: dict[str, Any]) -> None:
    body = json.loads(to_json(estimate()))
    assert list(Draft202012Validator(_schema("estimate")).iter_errors(body | change))


@pytest.mark.parametrize("name", MESSAGE_TYPES)
def test_the_reference_explains_every_field(name: str) -> None:
    assert f"\n## {name}\n" in PROTOCOL
    for kind in _schema(name)["$defs"].values():
        for field in kind["properties"]:
            assert any(f"{before}{field}`" in PROTOCOL for before in ("`", ".")), f"{name}: {field}"


def test_msgpack_bodies_hold_the_same_object() -> None:
    for message in every_type():
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(message)) == json.loads(to_json(message))

"""The AsyncAPI document: in step with the types, sound in itself, and valid by AsyncAPI's own schema."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from deadpan.messages import MESSAGE_TYPES, topic
from tests.npm import install

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN = (DOCS / "asyncapi.json").read_text(encoding="utf-8")
DOCUMENT = json.loads(WRITTEN)


def test_it_is_in_step_with_the_types_and_with_the_protocol_s_version() -> None:
    made = runpy.run_path(str(DOCS / "make_schemas.py"))
    assert made["asyncapi"]() == WRITTEN, "run: python docs/make_schemas.py"
    assert DOCUMENT["info"]["version"] == made["document_version"]()


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "$ref":
                yield each
            else:
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def _resolved(reference: str) -> Any:
    file, _, pointer = reference.partition("#")
    place = json.loads((DOCS / file).read_text(encoding="utf-8")) if file else DOCUMENT
    for step in pointer.strip("/").split("/") if pointer else ():
        place = place[step]
    return place


def test_everything_it_refers_to_is_there() -> None:
    references = list(_references(DOCUMENT))
    assert len(references) >= 4 * len(MESSAGE_TYPES)
    assert all(isinstance(_resolved(reference), dict) for reference in references)


@pytest.mark.parametrize("name", MESSAGE_TYPES)
def test_each_type_has_its_channel_its_message_and_an_operation(name: str) -> None:
    channel = DOCUMENT["channels"][name]
    assert channel["address"].format(stream="kitchen").encode() == topic("kitchen", name)
    (message,) = (_resolved(each["$ref"]) for each in channel["messages"].values())
    payload = _resolved(message["payload"]["$ref"])
    assert payload["$defs"][name.capitalize()]["properties"]["type"]["enum"] == [name]
    operation = DOCUMENT["operations"][f"publish_{name}"]
    assert _resolved(operation["channel"]["$ref"]) == channel
    assert [_resolved(each["$ref"]) for each in operation["messages"]] == [{"$ref": f"#/components/messages/{name}"}]


def test_there_is_nothing_beside_the_types() -> None:
    assert list(DOCUMENT["channels"]) == list(DOCUMENT["components"]["messages"]) == list(MESSAGE_TYPES)


def test_it_is_valid_by_asyncapi_s_own_schema(tmp_path: Path) -> None:
    install(tmp_path, "@asyncapi/specs@6")
    schemas = tmp_path / "node_modules/@asyncapi/specs/schemas"
    validator = Draft7Validator(json.loads((schemas / "3.0.0.json").read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(DOCUMENT)] == []
    assert list(validator.iter_errors(DOCUMENT | {"channels": []}))

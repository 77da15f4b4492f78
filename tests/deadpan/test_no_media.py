"""What the types of the messages can hold at all: words, numbers and names; no picture, sound or embedding."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from deadpan.messages import MESSAGE_TYPES, Message
from tests.deadpan.sent import every_type, sketch

SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"
_SCALARS = (
    inspect.StrType,
    inspect.IntType,
    inspect.FloatType,
    inspect.BoolType,
    inspect.NoneType,
    inspect.LiteralType,
)
_ROWS = (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType)


def parts(kind: inspect.Type) -> Iterator[inspect.Type]:
    """A type and all that it is made of."""
    yield kind
    match kind:
        case inspect.Metadata():
            yield from parts(kind.type)
        case inspect.UnionType():
            for each in kind.types:
                yield from parts(each)
        case inspect.StructType():
            for field in kind.fields:
                yield from parts(field.type)
        case inspect.DictType():
            yield from parts(kind.key_type)
            yield from parts(kind.value_type)
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            yield from parts(kind.item_type)
        case _:
            assert isinstance(kind, _SCALARS), f"{kind} could hold anything"


@pytest.mark.parametrize("name", MESSAGE_TYPES)
def test_a_message_is_made_of_words_numbers_and_names(name: str) -> None:
    kinds = list(parts(inspect.type_info(MESSAGE_TYPES[name])))
    assert len(kinds) > 5


@pytest.mark.parametrize("name", MESSAGE_TYPES)
def test_no_message_has_room_for_a_row_of_numbers(name: str) -> None:
    """As samples, pixels and embeddings are: every number stands under a name of its own."""
    for kind in parts(inspect.type_info(MESSAGE_TYPES[name])):
        if isinstance(kind, _ROWS):
            assert not any(
                isinstance(each, inspect.IntType | inspect.FloatType) for each in _scalars_of(kind.item_type)
            )


def test_a_sketch_holds_so_few_values_that_neither_picture_nor_sound_could_be_among_them() -> None:
    """Sound of telephone quality has 800 values in the tenth of a second that a sketch is of."""
    rows = [kind for kind in parts(inspect.type_info(MESSAGE_TYPES["sketch"])) if isinstance(kind, _ROWS)]
    assert len(rows) == 2
    assert all((row.max_length or 1 << 30) <= 64 for row in rows)


def _scalars_of(kind: inspect.Type) -> list[inspect.Type]:
    """What stands in a row itself, under no name."""
    return [each for each in parts(kind) if isinstance(each, _SCALARS)] if not _named(kind) else []


def _named(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.StructType) or (isinstance(kind, inspect.Metadata) and _named(kind.type))


@pytest.mark.parametrize("type_", [bytes, bytearray, memoryview, msgspec.Raw, Any, msgspec.msgpack.Ext])
def test_a_type_that_could_hold_media_would_be_noticed(type_: Any) -> None:
    grown = msgspec.defstruct("Grown", [("title", str), ("content", tuple[type_, ...])])
    with pytest.raises(AssertionError, match="could hold anything"):
        list(parts(inspect.type_info(grown)))


def test_the_schemas_know_no_binary_content() -> None:
    for name in MESSAGE_TYPES:
        text = (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")
        assert not {"contentEncoding", "contentMediaType", '"format": "binary"'} & {
            word for word in ("contentEncoding", "contentMediaType", '"format": "binary"') if word in text
        }


@pytest.mark.parametrize("message", [*every_type(), sketch()], ids=lambda message: str(message.__struct_config__.tag))
def test_a_message_is_text_a_person_can_read(message: Message) -> None:
    body = json.loads(msgspec.json.encode(message))
    longest = max(len(each) for each in _strings(body))
    assert longest < 200, "no field is a place where something else is kept as text"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)

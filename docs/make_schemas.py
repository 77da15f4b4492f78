"""The message types in, docs/schema/<type>.schema.json and docs/asyncapi.json out: python docs/make_schemas.py

What the types say beside a field (the string under it) becomes the field's description.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from deadpan import DEFAULT_ENDPOINT, messages

FOLDER = Path(__file__).parent / "schema"
ASYNCAPI = Path(__file__).parent / "asyncapi.json"
PROTOCOL = Path(__file__).parent / "protocol.md"


def schemas() -> dict[str, str]:
    """The text of each type's schema (JSON Schema 2020-12), by file name."""
    return {
        f"{name}.schema.json": json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"
        for name, kind in messages.MESSAGE_TYPES.items()
    }


def schema_of(kind: type[messages.Message]) -> dict[str, Any]:
    schema = msgspec.json.schema(kind)
    described = field_descriptions()
    inherited = described["_Message"]
    for name, part in schema["$defs"].items():
        for field, rule in part["properties"].items():
            text = described[name].get(field) or (inherited.get(field) if name == kind.__name__ else None)
            if text:
                part["properties"][field] = rule | {"description": text}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


def asyncapi() -> str:
    """The text of the AsyncAPI 3.0 document: where each type is published, under which topic, by which schema."""
    names = list(messages.MESSAGE_TYPES)
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "The stream of deadpan",
            "version": document_version(),
            "description": "How sarcastic a person sounds, and how they feel about what they say, as it is published"
            " over ZeroMQ. What the fields mean, and all that a schema cannot say: docs/protocol.md.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": DEFAULT_ENDPOINT.removeprefix("tcp://"),
                "protocol": "zeromq",
                "description": "An XPUB socket; subscribers connect SUB sockets. A message is two frames: the channel's"
                " address (the topic), and the payload.",
            }
        },
        "channels": {name: _channel(name) for name in names},
        "operations": {
            f"publish_{name}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
            }
            for name in names
        },
        "components": {
            "parameters": {
                "stream": {
                    "description": "The stream's configured name: 1 to 64 letters, digits, dots, dashes, underscores.",
                    "default": "default",
                }
            },
            "messages": {name: _message(name) for name in names},
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def document_version() -> str:
    """The version that docs/protocol.md gives itself."""
    found = re.search(r"^Version ([0-9.]+) of this document", PROTOCOL.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{PROTOCOL} does not say which version it is")
    return found[1]


def _channel(name: str) -> dict[str, Any]:
    return {
        "address": messages.topic("{stream}", name).decode(),
        "parameters": {"stream": {"$ref": "#/components/parameters/stream"}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _message(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "title": name.capitalize(),
        "summary": inspect.getdoc(messages.MESSAGE_TYPES[name]),
        "contentType": "application/json",
        "payload": {"$ref": f"./schema/{name}.schema.json"},
    }


def field_descriptions() -> dict[str, dict[str, str]]:
    """The string under each field, by class and field."""
    tree = ast.parse(inspect.getsource(messages))
    return {
        each.name: {
            field.target.id: inspect.cleandoc(note.value.value)
            for field, note in pairwise(each.body)
            if isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(note, ast.Expr)
            and isinstance(note.value, ast.Constant)
            and isinstance(note.value.value, str)
        }
        for each in tree.body
        if isinstance(each, ast.ClassDef)
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    ASYNCAPI.write_text(asyncapi(), encoding="utf-8")

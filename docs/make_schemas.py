"""The message types in, docs/schema/<type>.schema.json out: python docs/make_schemas.py

What the types say beside a field (the string under it) becomes the field's description.
"""

from __future__ import annotations

import ast
import inspect
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from deadpan import messages

FOLDER = Path(__file__).parent / "schema"


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

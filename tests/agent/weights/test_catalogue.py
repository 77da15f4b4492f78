"""The catalogue against the packages whose tables it was taken from."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from agent.weights.catalogue import CATALOGUE, FAMILIES, PREFERRED, Checkpoint, ModelError, Repository, entries, entry
from agent.weights.engine import LANGUAGES


def _table(package: str, module: str, name: str) -> Any:
    """A literal of an installed module, read without running it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{package} is not installed")
    source = (Path(spec.submodule_search_locations[0]) / module).read_text(encoding="utf-8")
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return ast.literal_eval(statement.value)
    raise AssertionError(f"{package}/{module} has no {name}")


def test_checkpoints_are_where_openai_whisper_has_them() -> None:
    table = _table("whisper", "__init__.py", "_MODELS")
    ours = {each.name: each.source.address for each in CATALOGUE if isinstance(each.source, Checkpoint)}
    assert ours == {name: table[name] for name in ours}
    assert len(ours) == 6


def test_repositories_are_the_ones_faster_whisper_knows() -> None:
    table = _table("faster_whisper", "utils.py", "_MODELS")
    ours = {each.name: each.source.path for each in CATALOGUE if isinstance(each.source, Repository)}
    assert ours == {name: table[name] for name in ours}
    assert len(ours) == 7


def test_the_languages_are_whisper_s() -> None:
    assert set(_table("whisper", "tokenizer.py", "LANGUAGES")) == LANGUAGES


def test_a_family_s_models_are_in_the_order_of_preference() -> None:
    for family in FAMILIES:
        names = [each.name for each in entries(family)]
        assert names == [name for name in PREFERRED if name in names]
    assert [each.name for each in entries("whisper")][:2] == ["base.en", "small.en"]


def test_a_model_is_known_by_its_name() -> None:
    assert entry("whisper:base.en").source == Checkpoint(
        "base.en.pt", "25a8566e1d0c1e2231d1c762132cd20e0f96a85d16145c3a00adf5d1ac670ead"
    )
    assert (entry("whisper:base.en").english, entry("whisper:base").english) == (True, False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("whisper:bsae.en", r"did you mean whisper:base\.en\?"),
        ("base.en", r"did you mean faster-whisper:base\.en or whisper:base\.en\?"),
        ("whisper:distil-small.en", r"did you mean faster-whisper:distil-small\.en\?"),
        ("zzz", "there are: faster-whisper:base.en, "),
        ("moonshine", "moonshine is embedded"),
    ],
)
def test_a_name_that_is_not_known_is_answered_with_the_ones_that_are(name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        entry(name)

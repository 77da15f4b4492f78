"""The programs in docs/client.md: whole, well typed, and of names that exist."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import deadpan
from deadpan.messages import UnknownReason
from deadpan.stretch import Stretch

PAGE = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
PROGRAMS = [
    re.sub(r"^    ", "", block, flags=re.MULTILINE)
    for block in re.findall(r"(?:^    .*\n|^\n)+", PAGE, flags=re.MULTILINE)
    if "import deadpan" in block
]


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 6


def test_the_programs_are_well_typed(tmp_path: Path) -> None:
    files = []
    for number, program in enumerate(PROGRAMS):
        files.append(tmp_path / f"program_{number}.py")
        files[-1].write_text(program, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), *map(str, files)]
    root = Path(__file__).parents[2]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_what_they_ask_of_the_client_is_public(program: str) -> None:
    asked = {
        node.attr
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "deadpan"
    }
    assert asked <= set(deadpan.__all__)


def test_every_reason_and_every_error_is_explained() -> None:
    documented = Stretch.__doc__ or ""
    reasons = set(re.findall(r"`(\w+_\w+)`", documented.partition("Else it is one of")[2])) - {"timeout_s"}
    assert reasons >= {reason for reason in get_args(UnknownReason) if reason}
    assert all(f"`{reason}`" in PAGE for reason in reasons)
    errors = [name for name in deadpan.__all__ if name.endswith("Error")]
    assert len(errors) == 5
    assert all(f"{error}`" in PAGE for error in errors)

"""tested.txt against what pyproject.toml asks for, and what make audit makes of both."""

from __future__ import annotations

import json
import runpy
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "scripts" / "audit.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKED = ("live", "bridge", "mcp", "wyoming", "faster-whisper")
"""The extras that somebody who runs deadpan may want; make lock names the same."""


@pytest.fixture(scope="module")
def tested() -> Any:
    return SCRIPT["pins"]((ROOT / "tested.txt").read_text(encoding="utf-8"))


def _asked() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"]
    return [
        Requirement(each) for each in [*PROJECT["dependencies"], *(each for name in LOCKED for each in extras[name])]
    ]


@pytest.mark.parametrize("asked", _asked(), ids=lambda asked: asked.name)
def test_what_is_asked_for_is_pinned_to_a_version_that_fits(asked: Requirement, tested: Any) -> None:
    pin = tested.get(canonicalize_name(asked.name))
    assert pin is not None, "run: make lock"
    assert asked.specifier.contains(pin.version), f"{asked} was tested with {pin.version}; run: make lock"


def test_every_pin_has_its_files_hashes_and_what_it_needs_is_pinned_too(tested: Any) -> None:
    assert len(tested) > 60
    for name, pin in tested.items():
        try:
            if version(name) != pin.version:
                continue
        except PackageNotFoundError:
            continue
        for line in requires(name) or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert canonicalize_name(needed.name) in tested, f"{name} needs {needed}; run: make lock"


def test_the_makefile_locks_what_is_tested_here() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert " ".join(f"--extra {name}" for name in LOCKED) in makefile


def test_a_pin_without_a_hash_is_an_error() -> None:
    text = "numpy==1.26.4 \\\n    --hash=sha256:" + "0" * 64 + "\nsoxr==1.1.0 \\\n"
    with pytest.raises(ValueError, match="soxr has no hash"):
        SCRIPT["pins"](text)


def test_what_is_installed_otherwise_is_named() -> None:
    pins = {"packaging": SCRIPT["Pin"]("0.0.1", frozenset()), "no-such-package": SCRIPT["Pin"]("1", frozenset())}
    assert SCRIPT["differences"](pins) == [f"packaging {version('packaging')} (tested: 0.0.1)"]


CLEAN = {"name": "numpy", "version": "1.26.4", "vulns": []}
FLAWED = {"name": "pillow", "version": "9.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["9.1"]}]}
UNKNOWN = {"name": "soxr", "skip_reason": "Dependency not found on PyPI and could not be audited: soxr (1.1.0)"}


@pytest.mark.parametrize(
    ("found", "code", "told"),
    [
        ([CLEAN, CLEAN], 0, "Known flaws: none in 2 packages."),
        ([CLEAN, FLAWED], 1, "Known flaws:\n  pillow 9.0: PYSEC-1, mended in 9.1"),
        ([UNKNOWN, FLAWED], 1, "Known flaws:\n  pillow 9.0: PYSEC-1, mended in 9.1"),
        ([CLEAN, UNKNOWN], 2, "Known flaws: none in 1 packages; 1 could NOT be checked."),
        ([UNKNOWN], 2, "Known flaws: NOT CHECKED."),
    ],
    ids=["none", "one", "one, and one unknown", "in part", "nobody answers"],
)
def test_what_nobody_answered_for_is_never_taken_for_sound(found: list[Any], code: int, told: str) -> None:
    """pip-audit itself says "No known vulnerabilities found" where its server knows no package at all."""
    verdict = SCRIPT["verdict"](json.dumps({"dependencies": found, "fixes": []}).encode())
    assert verdict.code == code
    assert verdict.told.startswith(told)

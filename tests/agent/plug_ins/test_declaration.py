"""What other packages declare: found without running it, run where it is asked for, and refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.plug_ins.declaration import PlugIn, PlugInError, checked, installed, load
from agent.plug_ins.declaring import declare_apart
from tests.plug_ins import HEART, install


def test_nothing_is_installed_here_by_itself() -> None:
    assert installed() == {}


def test_an_installed_plug_in_is_found_by_its_name_and_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, HEART)
    assert list(installed()) == ["heart"]
    plug_in = load("heart")
    assert isinstance(plug_in, PlugIn)
    assert plug_in.encoder().dim == plug_in.dim
    assert plug_in.encoder().modality == "heart"


def test_one_that_is_not_installed_is_named_with_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, HEART)
    with pytest.raises(PlugInError, match=r"modality breath is installed \(there is: heart\)"):
        load("breath")


@pytest.mark.parametrize("name", ["Heart", "heart rate", "1", "face", "prosody", "none"])
def test_names_that_cannot_be_are_refused(name: str) -> None:
    with pytest.raises(PlugInError, match="can be called"):
        checked(name)


def test_two_packages_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "one", monkeypatch, HEART)
    install(tmp_path / "two", monkeypatch, "heart = another:PLUG_IN", package="another")
    with pytest.raises(PlugInError, match="two packages bring the modality heart"):
        installed()


CODE = """
import os, sys
print("what a plug-in prints is not its answer")
def leave():
    os._exit(7)
NOTHING = 3
"""


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("heart = nowhere:PLUG_IN", "cannot be loaded: ModuleNotFoundError"),
        ("heart = their_code:MISSING", "cannot be loaded: AttributeError"),
        ("heart = their_code:NOTHING", "is no PlugIn: it is a int"),
        ("heart = their_exit:PLUG_IN", "ended with 7"),
    ],
)
def test_code_of_no_use_is_run_in_a_process_of_its_own_and_refused_with_the_reason(
    entry: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "their_code.py").write_text(CODE)
    (code / "their_exit.py").write_text("import os\nos._exit(7)\n")
    install(tmp_path / "site", monkeypatch, entry, code=code)
    with pytest.raises(PlugInError, match=said):
        declare_apart(["heart"], isolated=False)


def test_what_is_declared_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, HEART)
    declared = declare_apart(["heart"], isolated=False)["heart"]
    assert (declared.dim, declared.idle_s, declared.live) == (3, 5.0, True)


@pytest.mark.parametrize("changed", [{"dim": 0}, {"dim": 5000}, {"idle_s": 0.0}, {"names": ("one", "two")}])
def test_a_declaration_out_of_range_cannot_be_made(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"numbers|idle"):
        PlugIn(**({"dim": 1, "encoder": None, "read": None} | changed))  # type: ignore[arg-type]  # never called

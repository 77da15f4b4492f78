from __future__ import annotations

from pathlib import Path

import pytest

import deadpan.keys
from agent import cli
from agent.stream.keyring import Keyring, default_folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without keys, in a folder of their own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_new_list_and_remove(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["keys", "new", "ann"]) == 0
    assert "ann.key lets ann subscribe" in capsys.readouterr().out
    assert cli.main(["keys", "new", "bob", "--out", "for-bob"]) == 0
    assert f"--keys {default_folder()}" in capsys.readouterr().out
    for name in ("ann.key", "for-bob"):
        assert deadpan.keys.read(home / name).public in Keyring(default_folder()).authorised()
    assert cli.main(["keys", "list"]) == 0
    assert capsys.readouterr().out == "ann\nbob\n"
    assert cli.main(["keys", "remove", "ann"]) == 0
    assert Keyring(default_folder()).names == ("bob",)
    assert default_folder() == home / "config" / "deadpan" / "keys"


@pytest.mark.parametrize("arguments", [("list",), ("remove", "ann")])
def test_without_keys_it_is_said_how_to_make_them(
    home: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["keys", *arguments, "--folder", str(home / "none")]) == 1
    assert f"deadpan keys new NAME --folder {home / 'none'}" in capsys.readouterr().err


def test_a_name_that_is_taken_and_a_file_that_is_there_are_errors(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["keys", "new", "ann"]) == 0
    before = (home / "ann.key").read_bytes()
    assert cli.main(["keys", "new", "ann"]) == 1
    assert "ann has a key already" in capsys.readouterr().err
    assert cli.main(["keys", "new", "bob", "--out", "ann.key"]) == 1
    assert "is not overwritten" in capsys.readouterr().err
    assert (home / "ann.key").read_bytes() == before


def test_without_encryption_in_zeromq_it_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("zmq.has", lambda feature: feature != "curve")
    assert cli.main(["keys", "new", "ann"]) == 1
    assert "no CURVE encryption" in capsys.readouterr().err
    assert not (home / "ann.key").exists()

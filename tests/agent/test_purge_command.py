"""deadpan purge on made-up recordings."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cli import main
from agent.recorder.shelf import Label, film, opened, place


class Answer(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def record(tmp_path: Path) -> Callable[[str], Path]:
    def recorded(session: str) -> Path:
        folder = place(tmp_path / "kept", session, 1_795_663_012_073_575_216)
        opened(folder, Label(session=session, source="live", began_unix_ns=1_795_663_012_073_575_216)).close()
        film(folder, 1).write_bytes(bytes(2_000_000))
        return folder

    return recorded


def _answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", Answer(text))


@pytest.mark.parametrize(("text", "code"), [("y\n", 0), ("Yes\n", 0), ("n\n", 1), ("\n", 1), ("", 1), ("sure\n", 1)])
def test_recordings_are_listed_asked_for_and_deleted(
    text: str,
    code: int,
    record: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folders = [record("aaaa"), record("bbbb")]
    _answer(monkeypatch, text)
    assert main(["purge", str(folders[0].parent)]) == code
    told = capsys.readouterr().out
    assert [f"{folder}  20" in told for folder in folders] == [True, True]
    assert "of live, 2.0 MB" in told
    assert "Delete these 2 recordings (4.0 MB) for good? [y/N]" in told
    assert [folder.exists() for folder in folders] == [code == 1] * 2
    assert ("Nothing was deleted." in told) == (code == 1)


def test_where_nobody_can_be_asked_nothing_is_deleted_unless_told_beforehand(
    record: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = record("aaaa")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main(["purge", str(folder)]) == 1
    assert "deadpan purge --yes deletes without asking" in capsys.readouterr().err
    assert folder.exists()
    assert main(["purge", str(folder), "--yes"]) == 0
    assert not folder.exists()


def test_one_that_is_being_recorded_is_left_alone(
    record: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    busy, idle = record("aaaa"), record("bbbb")
    with opened(busy, Label(session="aaaa", source="live", began_unix_ns=1_795_663_012_073_575_216)):
        assert main(["purge", str(busy.parent), "--yes"]) == 0
        assert "being recorded now: left alone" in capsys.readouterr().out
        assert (busy.exists(), idle.exists()) == (True, False)
        assert main(["purge", str(busy.parent), "--yes"]) == 1
        assert "end that session first" in capsys.readouterr().err


def test_what_is_left_in_a_folder_is_named(record: Callable[[str], Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder = record("aaaa")
    (folder / "notes.txt").write_text("mine")
    assert main(["purge", str(folder), "--yes"]) == 0
    assert capsys.readouterr().out.endswith(": deleted, but for what is not of the recording: notes.txt\n")
    assert os.listdir(folder) == ["notes.txt"]


def test_the_folder_is_the_one_that_is_set_up_or_must_be_named(
    record: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["purge"]) == 1
    assert "say which folder" in capsys.readouterr().err
    folder = record("aaaa")
    (tmp_path / "config.yaml").write_text(f"record:\n  folder: {folder.parent}\n")
    assert main(["purge", "--yes"]) == 0
    assert not folder.exists()
    assert main(["purge"]) == 0
    assert "Nothing is recorded in" in capsys.readouterr().out
    assert main(["purge", str(tmp_path / "nowhere")]) == 1

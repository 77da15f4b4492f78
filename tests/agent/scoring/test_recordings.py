"""Which recordings files and folders stand for, and where their results go."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.scoring.recordings import SameFolderError, plan


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    for name in (
        *("b.wav", "a.mp4", "a.WAV", "notes.txt", ".hidden.wav", ".cache/c.wav"),
        *("anna/1.flac", "anna/2.mov", "out/old/overlay.mp4"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"12345")
    return folder


def _placed(paths: list[Path], out: Path) -> dict[str, str]:
    return {str(task.title): task.folder.relative_to(out).as_posix() for task in plan(paths, out).tasks}


def test_a_folder_stands_for_its_recordings_and_their_results_lie_as_they_do(corpus: Path) -> None:
    assert _placed([corpus], corpus / "out") == {
        "a.WAV": "a.WAV",  # two recordings have this stem
        "a.mp4": "a.mp4",
        "b.wav": "b",
        "anna/1.flac": "anna/1",
        "anna/2.mov": "anna/2",
    }
    assert plan([corpus], corpus / "out").passed_over == 1  # the notes


def test_results_beside_recordings_are_no_recordings(corpus: Path) -> None:
    before = _placed([corpus], corpus)
    for name in ("summary.json", "overlay.mp4", "report.html"):
        (corpus / "b").mkdir(exist_ok=True)
        (corpus / "b" / name).touch()
    (corpus / "anna" / "overlay.mp4").touch()  # nobody's result
    assert _placed([corpus], corpus).keys() - before.keys() == {"anna/overlay.mp4"}
    assert plan([corpus], corpus).passed_over == 1


def test_what_a_session_s_recording_lies_beside_is_not_passed_over(corpus: Path) -> None:
    session = corpus / "20261126-040211-ff"
    session.mkdir()
    for name in ("recording.json", "messages.jsonl", "20261126-040211-ff.mkv"):
        (session / name).touch()
    kept = plan([corpus / session.name], corpus / "out")
    assert [task.title for task in kept.tasks] == ["20261126-040211-ff.mkv"]
    assert kept.passed_over == 0


def test_a_file_that_is_named_is_tried_whatever_it_is_called(corpus: Path) -> None:
    assert _placed([corpus / "notes.txt", Path("/no/such.thing")], corpus / "out") == {
        "notes.txt": "notes",
        "such.thing": "such",
    }


def test_what_is_named_twice_is_scored_once(corpus: Path) -> None:
    again = corpus / "anna" / ".." / "b.wav"
    assert _placed([corpus / "b.wav", again, corpus / "b.wav"], corpus / "out") == {"b.wav": "b"}


def test_two_files_of_one_name_are_an_error_that_names_both(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "b.wav").write_bytes(b"")
    with pytest.raises(SameFolderError, match=r"corpus/b\.wav and .*b\.wav would both"):
        plan([corpus / "b.wav", tmp_path / "b.wav"], tmp_path / "out")


def test_links_that_lead_round_in_circles_are_not_followed(corpus: Path) -> None:
    (corpus / "anna" / "all").symlink_to(corpus)
    assert len(plan([corpus], corpus / "out").tasks) == 5


def test_sizes_are_known_beforehand(corpus: Path) -> None:
    assert [task.size_bytes for task in plan([corpus / "b.wav", Path("/no/such.wav")], corpus).tasks] == [5, 0]

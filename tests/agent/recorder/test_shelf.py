"""Folders in which recordings are, and much else."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.recorder.shelf import Label, RecordError, film, opened, part, place, played, recordings, remove

LABEL = Label(session="0123456789ab", source="live", began_unix_ns=1_795_663_012_073_575_216)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A recording of two films that is finished."""
    folder = place(tmp_path / "kept", LABEL.session, LABEL.began_unix_ns)
    opened(folder, LABEL).close()
    for number in (1, 2):
        film(folder, number).write_bytes(b"x" * 1000)
    (folder / "messages.jsonl").write_bytes(b"{}\n")
    return folder


def test_a_recording_s_folder_is_its_owner_s_alone_and_named_after_its_beginning(tmp_path: Path) -> None:
    folder = place(tmp_path / "kept", LABEL.session, LABEL.began_unix_ns)
    assert folder.name[:2] + folder.name[8] + folder.name[15:] == "20--0123456789ab"
    with opened(folder, LABEL):
        assert [path.stat().st_mode & 0o777 for path in (folder.parent, folder, folder / "recording.json")] == [
            0o700,
            0o700,
            0o600,
        ]


def test_films_are_numbered_from_the_second_on(kept: Path) -> None:
    assert film(kept, 2).name == f"{kept.name}-2.mkv"
    assert [part(film(kept, number)) for number in (1, 2, 11)] == [1, 2, 11]


def test_a_folder_of_recordings_has_them_and_nothing_else(kept: Path, tmp_path: Path) -> None:
    (kept.parent / "holiday").mkdir()
    (kept.parent / "holiday" / "beach.mkv").write_bytes(b"x")
    (kept.parent / "elsewhere").symlink_to(kept)
    broken = kept.parent / "broken"
    broken.mkdir()
    (broken / "recording.json").write_text("[]")
    (recording,) = recordings(kept.parent)
    assert recording.folder == kept
    assert recording.label == LABEL
    assert [path.name for path in recording.media] == [f"{kept.name}.mkv", f"{kept.name}-2.mkv"]
    assert recording.bytes == 2003 + (kept / "recording.json").stat().st_size
    assert not recording.being_written
    assert recordings(kept) == [recording]
    assert recordings(tmp_path / "nowhere") == []


def test_what_is_being_written_is_seen_to_be(tmp_path: Path) -> None:
    folder = place(tmp_path, LABEL.session, LABEL.began_unix_ns)
    with opened(folder, LABEL):
        assert recordings(tmp_path)[0].being_written
        with pytest.raises(RecordError, match="nothing can be recorded in"):
            opened(folder, LABEL)
    assert not recordings(tmp_path)[0].being_written


def test_deleting_a_recording_leaves_nothing_of_it(kept: Path) -> None:
    assert remove(recordings(kept)[0]) == []
    assert not kept.exists()


def test_deleting_leaves_what_somebody_else_put_there(kept: Path) -> None:
    mine = kept / "notes.txt"
    mine.write_text("mine")
    outside = kept.parent / "outside.jsonl"
    outside.write_text("not ours")
    (kept / "messages.jsonl").unlink()
    (kept / "messages.jsonl").symlink_to(outside)
    assert remove(recordings(kept)[0]) == [kept / "messages.jsonl", mine]
    assert mine.read_text() == "mine"
    assert outside.read_text() == "not ours"


def test_a_place_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match=r"nothing can be recorded in .*file.*; name another folder"):
        opened(tmp_path / "file" / "take", LABEL)


def test_a_folder_with_one_film_can_be_played(kept: Path) -> None:
    with pytest.raises(RecordError, match=rf"holds several films; give one of them: .*{kept.name}.mkv, .*-2.mkv"):
        played(kept.parent)
    film(kept, 2).unlink()
    assert played(kept.parent) == played(kept) == film(kept, 1)


def test_a_folder_without_any_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="holds nothing recorded"):
        played(tmp_path)

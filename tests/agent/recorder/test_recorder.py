"""A recorder on disks that are full, or soon will be."""

from __future__ import annotations

import json
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from agent.capture.recording import RecordingVideo
from agent.recorder.recorder import Recorder, check_space
from agent.recorder.shelf import Label, RecordError, recordings
from encoders.samples import VideoFrame
from tests.agent.recorder.takes import MS, chunk

LABEL = Label(session="s1", source="live", began_unix_ns=0)


def _recorder(folder: Path, most_mb: float = 1000.0, *, seen: bool = True) -> Recorder:
    return Recorder(folder, LABEL, seen=seen, heard=True, most_mb=most_mb, spare_mb=10.0)


def _noise(seq: int) -> VideoFrame:
    """A picture that takes much room."""
    rgb = np.random.default_rng(seq).integers(0, 255, (480, 640, 3), np.uint8)
    return VideoFrame(seq, seq * 66 * MS, rgb.astype(np.uint8))


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """What writing is like where the disk is full: the system takes so much and no more."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_messages_are_kept_line_by_line_as_they_came(tmp_path: Path) -> None:
    with _recorder(tmp_path / "take") as recorder:
        for n in range(3):
            recorder.tell(b'{"n":%d}' % n)
            lines = (tmp_path / "take" / "messages.jsonl").read_bytes().splitlines()
            assert [json.loads(line)["n"] for line in lines] == list(range(n + 1))
        assert recorder.counters["messages"] == 3
    assert (tmp_path / "take" / "messages.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_line_that_was_cut_short_is_taken_away_when_it_goes_on(tmp_path: Path) -> None:
    with _recorder(tmp_path / "take") as recorder:
        recorder.tell(b'{"n":1}')
    path = tmp_path / "take" / "messages.jsonl"
    path.write_bytes(path.read_bytes() + b'{"n":')
    with _recorder(tmp_path / "take") as recorder:
        recorder.tell(b'{"n":2}')
    assert path.read_bytes() == b'{"n":1}\n{"n":2}\n'


def test_a_recording_ends_at_its_size(tmp_path: Path) -> None:
    with _recorder(tmp_path / "take", most_mb=1.0) as recorder:
        recorder.check()
        _fill(recorder)
        with pytest.raises(RecordError, match=r"the recording has ended: it has reached 1 MB \(record.most_mb\)"):
            recorder.check()


def test_a_recording_ends_before_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [5_000_000_000, 10_000_000]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free.pop(0)))
    with (
        _recorder(tmp_path / "take") as recorder,
        pytest.raises(
            RecordError, match=r"has ended: 10 MB must stay free .* \(record.spare_mb\), and 10 are; deadpan"
        ),
    ):
        recorder.check()


def test_a_disk_that_is_full_ends_it_and_what_was_written_can_be_played(tmp_path: Path) -> None:
    told = pytest.raises(RecordError, match=r"the recording has ended: .*; what was recorded is kept in .*/take")
    with _files_of_at_most(1_500_000), _recorder(tmp_path / "take") as recorder, told:
        _fill(recorder)
    (kept,) = recordings(tmp_path)
    with RecordingVideo(kept.media[0]) as pictures:
        assert sum(1 for _ in pictures) > 3


def _fill(recorder: Recorder) -> None:
    for seq in range(40):
        recorder.keep(chunk(seq, seq * 66), seq * 66 * MS)
        recorder.keep(_noise(seq), seq * 66 * MS)


def test_a_message_for_which_there_is_no_room_is_not_there_in_part(tmp_path: Path) -> None:
    with _files_of_at_most(1000), _recorder(tmp_path / "take") as recorder:
        recorder.tell(b'{"n":"' + b"x" * 700 + b'"}')
        with pytest.raises(RecordError, match="the recording has ended"):
            recorder.tell(b'{"n":"' + b"x" * 700 + b'"}')
    (line,) = (tmp_path / "take" / "messages.jsonl").read_bytes().splitlines()
    assert len(json.loads(line)["n"]) == 700


def test_nothing_is_begun_where_there_is_no_room(tmp_path: Path) -> None:
    free_mb = shutil.disk_usage(tmp_path).free / 1e6
    with pytest.raises(RecordError, match=r"must stay free in .*, and .* are"):
        check_space(tmp_path / "not" / "yet", free_mb + 1000)
    check_space(tmp_path / "not" / "yet", 1)

"""What is a recording, and what is none: looked at, refused, and said."""

from __future__ import annotations

import pickle
import socket
from pathlib import Path

import pytest

from agent.capture.recording import RecordingAudio, RecordingVideo, probe
from agent.capture.source import CaptureError, Problem
from tests.agent.capture.films import chunks_of, click, write_audio, write_video

MS = 1_000_000


def test_probe_reads_what_a_film_holds(tmp_path: Path) -> None:
    found = probe(write_video(tmp_path / "film.mp4", [0, 40, 80, 120], sound=click(1, 0.5, 16_000)))
    assert (found.has_video, found.has_audio) == (True, True)
    assert (found.width, found.height, found.frame_rate_hz) == (64, 48, 25.0)
    assert (found.sample_rate_hz, found.channels) == (16_000, 1)
    assert found.duration_ns == pytest.approx(1000 * MS, abs=50 * MS)


def test_a_sound_file_has_no_video_and_says_so(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "sound.wav", click(1, 0.5, 16_000), 16_000)
    assert not probe(path).has_video
    with pytest.raises(CaptureError, match="no moving pictures") as caught, RecordingVideo(path):
        pass
    assert caught.value.problem is Problem.EMPTY


def test_a_silent_film_has_no_sound_and_says_so(tmp_path: Path) -> None:
    path = write_video(tmp_path / "film.mp4", [0, 40])
    assert not probe(path).has_audio
    with pytest.raises(CaptureError, match="no sound") as caught, RecordingAudio(path):
        pass
    assert caught.value.problem is Problem.EMPTY


def test_cover_art_is_not_video(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "song.mp4", click(1, 0.5, 16_000), 16_000, codec="aac", cover=True)
    assert not probe(path).has_video


@pytest.mark.parametrize("name", ["film.mp4", "notes.txt"])
def test_text_is_no_media_and_not_drawn_as_a_film(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("Wow, great food.\n" * 100)
    with pytest.raises(CaptureError) as caught:
        probe(path)
    assert caught.value.problem is Problem.NOT_MEDIA


def test_an_empty_file_says_it_is_empty(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").touch()
    with pytest.raises(CaptureError, match="empty file"):
        probe(tmp_path / "film.mp4")


def test_no_such_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="No such file") as caught, RecordingAudio(tmp_path / "none.wav"):
        pass
    assert caught.value.problem is Problem.ABSENT


def test_a_folder_is_no_media(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="folder"):
        probe(tmp_path)


@pytest.mark.parametrize("address", ["gopher://there/x", "concat://a|b", "subfile://x"])
def test_strange_protocols_are_refused(address: str) -> None:
    with pytest.raises(CaptureError) as caught:
        probe(address)
    assert caught.value.problem is Problem.UNSUPPORTED


def test_a_local_playlist_cannot_reach_the_network(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        part = f"http://127.0.0.1:{server.getsockname()[1]}/part.ts"
        path = tmp_path / "list.m3u8"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{part}\n#EXT-X-ENDLIST\n")
        with pytest.raises(CaptureError):
            chunks_of(path)
        with pytest.raises(BlockingIOError):  # nobody knocked
            server.accept()


def test_a_path_that_looks_like_a_protocol_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_audio(tmp_path / "sound.wav", click(1, 0.5, 16_000), 16_000).rename(tmp_path / "concat:sound.wav")
    monkeypatch.chdir(tmp_path)
    assert len(chunks_of(Path("concat:sound.wav"))) == 32


def test_no_password_is_shown() -> None:
    address = "http://bob:secret@127.0.0.1:9/film.mp4"
    assert RecordingVideo(address).name == "http://127.0.0.1:9/film.mp4"
    with pytest.raises(CaptureError) as caught:
        probe(address)
    assert "secret" not in str(caught.value)


def test_an_error_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(CaptureError(Problem.BUSY, "In use.")))  # noqa: S301 - our own bytes
    assert (error.problem, str(error)) == (Problem.BUSY, "In use.")


def test_an_address_nobody_answers_at_is_absent() -> None:
    with pytest.raises(CaptureError) as caught:
        probe("http://127.0.0.1:9/film.mp4")
    assert caught.value.problem is Problem.ABSENT

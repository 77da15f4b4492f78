"""Bad input through the real command: it ends by itself, says why in words, and shows no traceback."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path

import pytest

from tests.agent.capture.films import halved, noise, write_audio
from tests.integration.processes import PATIENCE_S, finished, messages, session_folders

NO_FACE = Path(__file__).parents[2].parent / "shared" / "data" / "faces" / "no_face.mp4"


def _told(*arguments: str, exit_code: int) -> tuple[str, str]:
    """What a command printed and what it complained of, having ended with the code it should."""
    ended = finished(*arguments)
    assert ended.returncode == exit_code, ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
    return ended.stdout, ended.stderr


def test_a_setting_that_does_not_exist_is_named_with_the_one_meant(tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("fusoin: {tick_hz: 5}\n")
    _, complaint = _told("run", "--source", "demo", "--config", str(settings), exit_code=1)
    assert complaint == f"deadpan: {settings}: unknown key fusoin; did you mean fusion?\n"


def test_the_user_s_own_files_are_not_taken_for_ours(tmp_path: Path) -> None:
    for name in ("agent", "cv2", "deadpan", "numpy", "zmq"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken for another')\n")
    run = ("run", "--source", "demo", "--seconds", "1", "--json", "--publish", f"ipc://{tmp_path}/out")
    command = [str(Path(sys.executable).parent / "deadpan"), *run]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert len(messages(ran.stdout)) >= 5


def test_a_public_endpoint_is_refused_before_anything_starts(tmp_path: Path) -> None:
    _, complaint = _told("run", "--source", "demo", "--publish", "tcp://0.0.0.0:5737", exit_code=1)
    assert "deadpan: refusing to publish at tcp://0.0.0.0:5737" in complaint
    assert not session_folders()
    settings = tmp_path / "settings.yaml"
    settings.write_text("publish: {endpoint: 'tcp://192.168.1.5:5737'}\n")
    _, complaint = _told("run", "--source", "demo", "--config", str(settings), exit_code=1)
    assert "deadpan: refusing to publish at tcp://192.168.1.5:5737" in complaint


@pytest.mark.parametrize("endpoint", ["smoke://signals", "nowhere", "tcp://127.0.0.1"])
def test_watching_what_is_no_endpoint_ends_at_once(endpoint: str) -> None:
    printed, complaint = _told("watch", endpoint, "--count", "1", exit_code=1)
    assert (printed, complaint.count("\n")) == ("", 1)
    assert complaint.startswith(f"deadpan: cannot subscribe to {endpoint}")


def test_a_sound_file_without_any_sound_ends_the_session_and_says_so(tmp_path: Path) -> None:
    empty = tmp_path / "empty.wav"
    with wave.open(str(empty), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
    _, complaint = _told("run", "--source", str(empty), "--publish", f"ipc://{tmp_path}/out", exit_code=1)
    assert f"{empty} holds no sound that can be decoded" in complaint
    assert not session_folders()


def test_a_recording_cut_short_is_scored_as_far_as_it_goes_and_called_damaged(tmp_path: Path) -> None:
    cut = halved(write_audio(tmp_path / "sound.flac", noise(4), 16_000, "flac"))
    printed, _ = _told("score", str(cut), "--out", str(tmp_path / "out"), exit_code=0)
    assert "damaged: " in printed
    assert "truncated 1)" in printed
    estimates = messages((tmp_path / "out" / cut.stem / "estimates.jsonl").read_text())
    assert 5 <= len(estimates) <= 11  # of 20


@pytest.mark.skipif(not NO_FACE.is_file(), reason="needs ../shared/data/faces/no_face.mp4")
def test_pictures_without_a_face_are_scored_with_the_face_absent(tmp_path: Path) -> None:
    _told("score", str(NO_FACE), "--out", str(tmp_path), exit_code=0)
    estimates = messages((tmp_path / "no_face" / "estimates.jsonl").read_text())
    assert len(estimates) >= 15
    assert {estimate["modalities"]["face"]["status"] for estimate in estimates} == {"absent"}
    assert {estimate["sarcasm"]["probability"] for estimate in estimates} == {None}


def test_a_device_beside_a_recording_is_refused() -> None:
    result = finished("run", "--source", "demo", "--camera", "1")
    assert result.returncode == 1
    assert "demo is a recording" in result.stderr
    assert "Traceback" not in result.stderr

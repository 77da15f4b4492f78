"""A recording's header, read by a process of its own: the same answers as here, whatever becomes of the process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from agent.capture import probing
from agent.capture.media import probe
from agent.capture.probing import probe_apart
from agent.capture.source import CaptureError, Problem
from agent.isolation import obstacle
from agent.session import demo_location
from tests.agent.capture.films import noise, write_audio


def test_a_recording_is_described_as_it_is_here(tmp_path: Path) -> None:
    sound = write_audio(tmp_path / "a sound.wav", noise(0.5), 16_000)
    for location in (demo_location(), str(sound), f"file://{sound}"):
        assert probe_apart(location) == probe(location)


def test_a_recording_that_cannot_be_read_is_refused_as_it_is_here(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("Hello.")
    for location in (tmp_path / "text", tmp_path / "none", tmp_path, "gopher://a/b"):
        with pytest.raises(CaptureError) as here:
            probe(location)
        with pytest.raises(CaptureError) as there:
            probe_apart(location)
        assert (there.value.problem, str(there.value)) == (here.value.problem, str(here.value))


@pytest.mark.parametrize("program", ["import os; os.abort()", "print('nonsense')", "print('{}')"])
def test_a_recording_that_is_the_end_of_whoever_reads_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda _, **options: run([sys.executable, "-c", program], **options))
    with pytest.raises(CaptureError, match="Cannot read evil") as raised:
        probe_apart("evil.mkv")
    assert raised.value.problem is Problem.NOT_MEDIA


def test_one_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(probing, "_PATIENCE_S", 0.2)
    os.mkfifo(tmp_path / "endless")
    with pytest.raises(CaptureError, match="its beginning alone took"):
        probe_apart(tmp_path / "endless")


@pytest.mark.skipif(bool(obstacle()), reason=f"needs network namespaces: {obstacle()}")
@pytest.mark.parametrize(
    ("location", "keeps"), [("/film.mkv", False), ("FILE:///film.mkv", False), ("https://films/film.mkv", True)]
)
def test_the_process_keeps_the_network_where_the_recording_is_there_alone(location: str, keeps: bool) -> None:
    program = (
        "import os, sys; from agent.capture import probing\n"
        "def told(location): raise probing.CaptureError('absent', os.readlink('/proc/self/ns/net'))\n"
        "probing.probe = told\n"
        "sys.exit(probing.main())"
    )
    asked = msgspec.json.encode(probing.Asked(location, isolated=True))
    ran = subprocess.run([sys.executable, "-c", program], input=asked, capture_output=True, check=True)
    refusal = msgspec.json.decode(ran.stdout, type=probing.Answer).refusal
    assert refusal is not None
    assert (refusal.message == os.readlink("/proc/self/ns/net")) is keeps

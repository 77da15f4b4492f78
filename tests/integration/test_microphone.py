"""The microphone against a sound server of our own: what is played is what is heard."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.integration.processes import PATIENCE_S
from tests.stand_ins.pulse import PulseServer, pulse_is_installed

pytestmark = pytest.mark.skipif(not pulse_is_installed(), reason="needs PulseAudio and its ALSA plugin")

RATE_HZ = 16_000


@pytest.fixture
def pulse() -> Iterator[PulseServer]:
    with PulseServer() as server:
        yield server


def listener(pulse: PulseServer, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.stand_ins.listener", str(path)],
        env=os.environ | pulse.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def chirp(seconds: float) -> NDArray[np.float64]:
    """A tone that rises from 200 Hz to 1 kHz: like itself at one place only, and low enough to bear half a sample."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.asarray(0.5 * np.sin(2 * np.pi * (200 * t + (1000 - 200) / (2 * seconds) * t**2)))


def write_wave(path: Path, pcm: NDArray[np.float64]) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        sound.writeframes(np.round(pcm * 32767).astype("<i2").tobytes())
    return path


def test_what_is_played_is_what_is_heard(pulse: PulseServer, tmp_path: Path) -> None:
    played = chirp(1.0)
    sound = write_wave(tmp_path / "chirp.wav", played)
    with listener(pulse, tmp_path / "heard.npz") as process:
        assert first_line(process) == "hearing"
        pulse.speak(sound).wait(PATIENCE_S)
        _, complaints = process.communicate(timeout=PATIENCE_S)  # its standard input has ended
    assert (process.returncode, complaints) == (0, "")
    heard = np.load(tmp_path / "heard.npz")
    assert heard["sample_rate_hz"].tolist() == [RATE_HZ]
    assert heard["losses"].item() == "{}"

    pcm = heard["pcm"]
    place = int(np.argmax(np.correlate(pcm, played, "valid")))
    assert np.corrcoef(pcm[place : place + len(played)], played)[0, 1] > 0.97

    steps_ns = np.diff(heard["pts_ns"])
    assert np.abs(steps_ns - 32_000_000).max() <= 16_001  # 500 ppm of a chunk
    assert np.diff(heard["seq"]).tolist() == [1] * len(steps_ns)


def test_an_unplugged_microphone_is_reported_within_seconds(pulse: PulseServer, tmp_path: Path) -> None:
    with listener(pulse, tmp_path / "heard.npz") as process:
        assert first_line(process) == "hearing"
        unplugged = time.monotonic()
        pulse.unplug()
        process.wait(PATIENCE_S)
        assert time.monotonic() - unplugged < 5
        _, complaints = process.communicate()
    assert process.returncode == 1
    assert "vanished: " in complaints

"""The live path: a camera and a microphone stand-in, real processes, a real subscriber."""

from __future__ import annotations

import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import deadpan
from agent.capture.recording import RecordingAudio, RecordingVideo
from agent.session import demo_location
from encoders.samples import NS_PER_S, AudioChunk
from tests.integration.processes import PATIENCE_S, session_folders, started
from tests.stand_ins.mjpeg import MjpegServer
from tests.stand_ins.pulse import PulseServer, pulse_is_installed

WARM_LINE = (4.1, 6.6)  # seconds of the demo


@pytest.mark.skipif(not pulse_is_installed(), reason="needs pulseaudio, its tools and libasound2-plugins")
def test_what_is_said_to_the_devices_is_published_with_all_modalities(tmp_path: Path) -> None:
    sound = tmp_path / "line.wav"
    _write_line(sound, *WARM_LINE)
    with RecordingVideo(demo_location()) as video:
        pictures = [frame.rgb for frame in video if WARM_LINE[0] <= frame.pts_ns / NS_PER_S < WARM_LINE[1]]
    endpoint = f"ipc://{tmp_path}/out"
    with PulseServer() as pulse, MjpegServer(rate_hz=25, size=(640, 480), pictures=pictures) as camera:
        command = (
            "run",
            "--source",
            "live",
            "--camera",
            camera.address,
            "--microphone",
            "pulse",
            "--publish",
            endpoint,
        )
        with (
            deadpan.subscribe(endpoint, timeout_s=PATIENCE_S) as subscription,
            started(*command, env=pulse.environment) as process,
        ):
            estimates: list[deadpan.Estimate] = []
            heard: deadpan.Utterance | None = None
            for message in subscription:
                if isinstance(message, deadpan.Estimate) and message.revision == 0:
                    if len(estimates) == 2:
                        pulse.speak(sound)
                    estimates.append(message)
                if isinstance(message, deadpan.Utterance):
                    heard = message
                    break
                assert len(estimates) < 150, "nothing was heard in 30 s"
            process.terminate()
            _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert heard is not None
    assert "love this place" in heard.text.lower()
    assert {name: reading.status for name, reading in heard.modalities.items()} == dict.fromkeys(
        ("face", "voice", "text"), "ok"
    )
    assert all(later.seq == earlier.seq + 1 for earlier, later in pairwise(estimates))
    spoken_s = (heard.end_ns - heard.start_ns) / NS_PER_S
    assert 1.5 < spoken_s < 4
    assert not session_folders()


def test_a_camera_that_is_not_there_is_an_error_when_it_was_asked_for(tmp_path: Path) -> None:
    with started(
        "run",
        "--source",
        "live",
        "--camera",
        "/dev/video63",
        "--microphone",
        "none",
        "--publish",
        f"ipc://{tmp_path}/out",
    ) as process:
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "/dev/video63" in err
    assert "Traceback" not in err


def _write_line(path: Path, start_s: float, end_s: float) -> None:
    """A stretch of the demo's sound as a wav file."""
    with RecordingAudio(demo_location()) as audio:
        chunks: list[AudioChunk] = [c for c in audio if start_s <= c.pts_ns / NS_PER_S < end_s]
    pcm = np.concatenate([chunk.pcm for chunk in chunks])
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes((np.clip(pcm, -1, 1) * 32767).astype("<i2").tobytes())

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.config import Config, PublishConfig
from agent.processes.assignment import Assignment
from agent.processes.reach import needed
from agent.topology import WorkerName


def _assignment(
    name: WorkerName, source: str = "live", publish: PublishConfig | None = None, **inputs: Any
) -> Assignment:
    config = replace(Config(), publish=publish or PublishConfig())
    return Assignment(name=name, folder="/nowhere", config=config, session="s", source=source, **inputs)


@pytest.mark.parametrize("name", ["face", "prosody", "speech", "recorder"])
@pytest.mark.parametrize("source", ["live", "/a/film.mp4", "rtsp://camera/1"])
def test_encoders_and_the_recorder_need_none(name: WorkerName, source: str) -> None:
    assert needed(_assignment(name, source), {"PULSE_SERVER": "tcp:elsewhere"}) == "none"


@pytest.mark.parametrize("device", [None, 0, "/dev/video0", "ipc:///run/feed", "file:///film.mp4"])
def test_devices_and_local_feeds_need_none(device: str | int | None) -> None:
    assert needed(_assignment("camera", camera=device), {}) == "none"
    assert needed(_assignment("microphone", microphone=device), {}) == "none"


@pytest.mark.parametrize("address", ["http://camera/1", "RTSP://camera/1", "tcp://127.0.0.1:5000"])
def test_pictures_that_come_over_a_network_need_it(address: str) -> None:
    assert needed(_assignment("camera", camera=address), {}) == "all"


def test_sound_that_comes_over_a_network_needs_it() -> None:
    assert needed(_assignment("microphone", microphone="tcp://127.0.0.1:5000"), {}) == "all"


@pytest.mark.parametrize(
    ("source", "reach"), [("/a/film.mp4", "none"), ("film.mp4", "none"), ("FILE:///a", "none"), ("https://a/b", "all")]
)
@pytest.mark.parametrize("name", ["camera", "microphone"])
def test_recordings_need_it_where_they_are_elsewhere(name: WorkerName, source: str, reach: str) -> None:
    assert needed(_assignment(name, source, camera=source, microphone=source), {"PULSE_SERVER": "tcp:x"}) == reach


@pytest.mark.parametrize(
    ("server", "reach"),
    [
        ("unix:/run/user/1000/pulse/native", "none"),
        ("{machine}unix:/run tcp:elsewhere", "all"),
        ("tcp:elsewhere", "all"),
    ],
)
def test_a_sound_server_elsewhere_needs_it(server: str, reach: str) -> None:
    assert needed(_assignment("microphone"), {"PULSE_SERVER": server}) == reach


@pytest.mark.parametrize(
    ("endpoint", "bus", "reach"),
    [
        ("tcp://127.0.0.1:5737", None, "stream"),
        ("ipc:///run/out", None, "none"),
        ("ipc:///run/out", "ipc:///run/bus", "none"),
        ("ipc:///run/out", "tcp://127.0.0.1:5738", "stream"),
    ],
)
def test_the_stream_needs_it_where_it_is_no_local_socket(endpoint: str, bus: str | None, reach: str) -> None:
    assert needed(_assignment("fusion", publish=PublishConfig(endpoint=endpoint, bus=bus)), {}) == reach

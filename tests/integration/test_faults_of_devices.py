"""Devices that are pulled out, in use or back, under a real session that watches and listens to stand-ins of them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import deadpan
from agent.config import CameraConfig, Config, MicrophoneConfig, SupervisionConfig
from agent.processes import child
from agent.session import Inputs, open_session
from tests.integration.watched import Watched
from tests.ports import free_port
from tests.stand_ins import faulty_worker
from tests.stand_ins.mjpeg import MjpegServer
from tests.stand_ins.pulse import PulseServer, pulse_is_installed

Told = Callable[[], bool]
HUNG = "no sign of life for 0.4 s; it was in hang_in_native_code"


@pytest.fixture
def camera() -> Iterator[MjpegServer]:
    with MjpegServer(rate_hz=15, port=free_port()) as server:  # which nobody takes while it is dead
        yield server


@pytest.fixture
def microphone(monkeypatch: pytest.MonkeyPatch) -> Iterator[PulseServer]:
    if not pulse_is_installed():
        pytest.skip("needs pulseaudio, its tools and libasound2-plugins")
    with PulseServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


def test_a_camera_in_use_at_the_start_joins_when_it_is_free_and_again_when_it_hung_or_was_pulled_out(
    tmp_path: Path, camera: MjpegServer, microphone: PulseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    del microphone  # it is there, and hangs
    monkeypatch.setattr(child, "WORKER", faulty_worker.__name__)
    monkeypatch.setenv(faulty_worker.FAULT, str(tmp_path / "fault"))
    (tmp_path / "fault").write_text("hang")
    config = Config(
        source="live",
        camera=CameraConfig(device=camera.address),
        microphone=MicrophoneConfig(device="pulse"),
        publish=replace(Config().publish, endpoint=f"ipc://{tmp_path}/out"),
        # Being away is no failure, however often it is; and that a device's process hangs is seen by its sleep. What is
        # long past is so soon, or the pauses between two tries would become ever longer.
        supervision=SupervisionConfig(restarts=2, restarts_within_s=5.0, silence_s=100),
    )
    supervisor = open_session(config, Inputs("live", camera.address, "pulse", chosen=False))
    camera.occupy()
    with supervisor, deadpan.subscribe(config.publish.endpoint, types=["estimate", "health"]) as subscription:
        (problem,) = supervisor.start(optional=["camera", "microphone"])
        assert problem.worker == "camera"
        session = Watched(supervisor, subscription, supervisor.folder)
        session.until(lambda: len(session.reasons("camera")) > 2 and session.restarts("camera") > 2)
        assert all(camera.address.removesuffix("/video.mjpg") in reason for reason in session.reasons("camera"))
        camera.release()
        session.until(_runs(session, "camera"))
        session.until(lambda: _embedded(session, "face") > 3)

        for name in ("camera", "microphone"):
            before = session.restarts(name)
            session.signal(name, signal.SIGUSR2)
            session.until(lambda name=name, before=before: session.published_restarts(name) > before)  # type: ignore[misc]  # mypy does not infer what the defaults are
            assert HUNG in session.reasons(name)[-1]
        session.until(_runs(session, "camera"))
        session.until(_runs(session, "microphone"))

        session.healths.clear()
        camera.die()
        before = session.restarts("camera")
        session.until(lambda: session.restarts("camera") > before + 2)
        assert not any("no sign of life" in reason for reason in session.reasons("camera"))
        with MjpegServer(rate_hz=15, port=camera.port):
            session.until(_runs(session, "camera"))
            seen = _embedded(session, "face")
            session.until(lambda: _embedded(session, "face") > seen)
            assert session.missing_ticks() == 0
            assert {report.workers["face"].restarts for report in session.healths} == {0}


def test_a_microphone_that_is_pulled_out_is_missed_and_heard_again_when_it_is_back(
    tmp_path: Path, microphone: PulseServer
) -> None:
    config = Config(
        source="live",
        microphone=MicrophoneConfig(device="pulse"),
        publish=replace(Config().publish, endpoint=f"ipc://{tmp_path}/out"),
        supervision=SupervisionConfig(restarts=2),
    )
    supervisor = open_session(config, Inputs("live", None, "pulse"))
    with supervisor, deadpan.subscribe(config.publish.endpoint, types=["estimate", "health"]) as subscription:
        supervisor.start()
        session = Watched(supervisor, subscription, supervisor.folder)
        session.until(lambda: _embedded(session, "prosody") > 3)
        microphone.unplug()
        session.until(lambda: session.restarts("microphone") > 2 and len(session.reasons("microphone")) > 2)
        assert not any("no sign of life" in reason for reason in session.reasons("microphone"))
        microphone.plug_in()
        session.until(_runs(session, "microphone"))
        heard = _embedded(session, "prosody")
        session.until(lambda: _embedded(session, "prosody") > heard)
        assert session.missing_ticks() == 0
        assert session.healths[-1].workers["prosody"].restarts == 0


def _runs(session: Watched, name: str) -> Told:
    return lambda: bool(session.healths) and session.healths[-1].workers[name].state == "running"


def _embedded(session: Watched, name: str) -> int:
    """What an encoder has made so far of what reached it, be it silence or an empty picture."""
    return session.healths[-1].workers[name].counters.get("embedded", 0) if session.healths else 0

"""Which inputs a session gets, and what each of its processes is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from agent import session
from agent.capture.source import CaptureError, Problem
from agent.config import CameraConfig, Config, MicrophoneConfig, PublishConfig
from agent.processes.assignment import Assignment
from agent.session import Inputs, demo_location, open_session, resolve_inputs
from agent.stream.endpoint import PublishError
from agent.topology import WorkerName
from tests.agent.capture.films import noise, write_audio, write_video


def _config(camera: str | int = "auto", microphone: str | int = "auto", source: str = "auto") -> Config:
    return Config(source=source, camera=CameraConfig(device=camera), microphone=MicrophoneConfig(device=microphone))


def _plug(patch: pytest.MonkeyPatch, camera: int | None, microphone: int | None) -> None:
    """Make this a machine of the given devices."""
    patch.setattr(session, "default_camera", lambda: camera)
    patch.setattr(session, "default_microphone", lambda: microphone)


def test_the_demo_has_pictures_and_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    _plug(monkeypatch, 0, 0)
    inputs = resolve_inputs(Config(source="demo"))
    assert inputs == Inputs(demo_location(), demo_location(), demo_location())
    assert inputs.chosen


def test_sound_alone_has_no_camera(tmp_path: Path) -> None:
    location = str(write_audio(tmp_path / "sound.wav", noise(0.5), 16_000))
    assert resolve_inputs(Config(source=location)) == Inputs(location, None, location)


def test_pictures_alone_have_no_microphone(tmp_path: Path) -> None:
    location = str(write_video(tmp_path / "film.mkv", [0, 40]))
    assert resolve_inputs(Config(source=location)) == Inputs(location, location, None)


def test_a_recording_may_lie_under_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_audio(tmp_path / "sound.wav", np.zeros((1000, 1)), 16_000)
    assert resolve_inputs(Config(source="~/sound.wav")).source == str(tmp_path / "sound.wav")


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"No such file: .*none\.mp4"):
        resolve_inputs(Config(source=str(tmp_path / "none.mp4")))


@pytest.mark.parametrize("source", ["auto", "live"])
def test_the_default_devices_are_used_where_there_are_any(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    _plug(monkeypatch, 2, 5)
    inputs = resolve_inputs(_config(source=source))
    assert inputs == Inputs("live", 2, 5, chosen=False)


def test_devices_that_are_named_are_asked_for_and_nothing_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    _plug(monkeypatch, None, None)
    assert resolve_inputs(_config("/dev/video7", "USB")) == Inputs("live", "/dev/video7", "USB")


@pytest.mark.parametrize(
    ("found", "remark"),
    [((2, None), "No microphone found: watching only"), ((None, 5), "No camera found: listening only")],
    ids=str,
)
def test_one_device_is_enough_and_the_lack_of_the_other_is_said(
    monkeypatch: pytest.MonkeyPatch, found: tuple[int | None, int | None], remark: str
) -> None:
    _plug(monkeypatch, *found)
    inputs = resolve_inputs(_config())
    assert (inputs.source, inputs.camera, inputs.microphone) == ("live", *found)
    assert inputs.remark.startswith(remark)


@pytest.mark.parametrize(
    ("config", "inputs"),
    [
        (_config(camera="none"), Inputs("live", None, 5, chosen=False)),
        (_config(microphone="none"), Inputs("live", 2, None, chosen=False)),
        (_config(camera="none", microphone=5), Inputs("live", None, 5)),
    ],
    ids=["no camera", "no microphone", "no camera, this microphone"],
)
def test_a_device_that_is_not_wanted_is_not_missed(
    monkeypatch: pytest.MonkeyPatch, config: Config, inputs: Inputs
) -> None:
    _plug(monkeypatch, 2, 5)
    assert resolve_inputs(config) == inputs


def test_without_any_device_the_demo_plays_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    _plug(monkeypatch, None, None)
    inputs = resolve_inputs(_config())
    assert (inputs.source, inputs.camera, inputs.microphone) == (demo_location(),) * 3
    assert inputs.remark == "No camera and no microphone found: playing the demo."


@pytest.mark.parametrize(
    "config",
    [
        _config(source="live"),
        _config(camera="none", microphone="none"),
        _config(camera="none"),
        _config(microphone="none"),
    ],
    ids=lambda config: f"{config.source} {config.camera.device} {config.microphone.device}",
)
def test_with_nothing_to_use_the_demo_takes_no_one_s_place_who_chose(
    monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    _plug(monkeypatch, None, None)
    with pytest.raises(CaptureError, match="no camera and no microphone to use; deadpan doctor says") as caught:
        resolve_inputs(config)
    assert caught.value.problem is Problem.ABSENT


def test_no_session_is_opened_that_could_be_read_from_elsewhere() -> None:
    config = Config(publish=PublishConfig(endpoint="tcp://0.0.0.0:5737"))
    with pytest.raises(PublishError, match="refusing to publish"):
        open_session(config, Inputs("live", 0, 0))


@pytest.mark.parametrize(
    ("inputs", "workers"),
    [
        (Inputs("live", 2, 5), {"fusion", "face", "prosody", "speech", "camera", "microphone"}),
        (Inputs("live", 2, None), {"fusion", "face", "camera"}),
        (Inputs("a.wav", None, "a.wav"), {"fusion", "prosody", "speech", "microphone"}),
    ],
    ids=["both", "camera", "sound"],
)
def test_a_session_has_the_processes_its_inputs_need(inputs: Inputs, workers: set[str]) -> None:
    with open_session(Config(), inputs) as supervisor:
        assert set(supervisor.condition.workers) == workers


def test_every_process_is_told_the_same_of_the_session_but_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[WorkerName, Assignment] = {}
    monkeypatch.setattr(session, "Supervisor", lambda _workers, assignments, _folder: told.update(assignments))
    monkeypatch.setattr(session, "private_folder", lambda: Path("nowhere"))
    open_session(Config(), Inputs("live", 2, "USB"))
    fusion = told["fusion"]
    assert told == {name: replace(fusion, name=name) for name in told}
    assert (fusion.folder, fusion.source, fusion.camera, fusion.microphone) == ("nowhere", "live", 2, "USB")
    assert fusion.modalities == ("face", "voice", "text")
    assert (len(fusion.session), fusion.restarted) == (12, False)


def test_only_the_camera_can_be_asked_for_pictures_and_only_where_that_was_said() -> None:
    for inputs, shown, at in (
        (Inputs("live", 2, 5), False, None),
        (Inputs("live", None, 5), True, None),
        (Inputs("live", 2, 5), True, "picture"),
    ):
        with open_session(Config(), inputs, shown=shown) as supervisor:
            assert supervisor.shown_at == (at and f"ipc://{supervisor.folder}/{at}")


def test_a_recording_s_pictures_can_be_left_out() -> None:
    inputs = resolve_inputs(_config(camera="none", source="demo"))
    assert inputs.camera is None
    assert inputs.microphone == inputs.source


def test_a_configured_camera_does_not_keep_a_recording_from_playing() -> None:
    assert resolve_inputs(_config(camera=1, source="demo")).camera == demo_location()


def test_a_feed_gives_both_pictures_and_sound_unless_one_is_left_out() -> None:
    feed = "ipc:///run/feed"
    assert resolve_inputs(_config(source=feed)) == Inputs("live", feed, feed)
    assert resolve_inputs(_config(source=feed, camera="none")) == Inputs("live", None, feed)
    assert resolve_inputs(_config(source=feed, microphone="none")) == Inputs("live", feed, None)


def test_a_feed_can_be_one_input_beside_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    _plug(monkeypatch, 0, 0)
    feed = "tcp://127.0.0.1:5738"
    assert resolve_inputs(_config(microphone=feed)) == Inputs("live", 0, feed)
    assert resolve_inputs(_config(camera=feed, microphone=3)) == Inputs("live", feed, 3)


@pytest.mark.parametrize(
    "config",
    [
        _config(source="tcp://10.0.0.1:5738"),
        _config(camera="tcp://10.0.0.1:5738"),
        _config(microphone="tcp://10.0.0.1:5738", camera="none"),
    ],
    ids=["both", "camera", "microphone"],
)
def test_no_feed_is_taken_from_another_machine(config: Config) -> None:
    with pytest.raises(CaptureError, match="leads beyond this machine") as caught:
        resolve_inputs(config)
    assert caught.value.problem is Problem.UNSUPPORTED


def test_a_feed_of_which_nothing_is_left_is_refused() -> None:
    with pytest.raises(CaptureError, match="Nothing is left of the feed"):
        resolve_inputs(_config(camera="none", microphone="none", source="ipc:///run/feed"))


def test_a_recording_of_which_nothing_is_left_is_refused() -> None:
    with pytest.raises(CaptureError, match="Nothing is left"):
        resolve_inputs(_config(camera="none", microphone="none", source="demo"))

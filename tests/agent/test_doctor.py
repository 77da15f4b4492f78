"""What doctor finds, on machines and installations of our choice."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest
import zmq

from agent import doctor
from agent.capture.devices import Device
from agent.commands.doctor import perform
from agent.config import Config, PrivacyConfig, PublishConfig, RecordConfig, SpeechConfig
from agent.doctor import Finding, examine, in_force
from agent.extras import installing
from agent.recorder.shelf import Label, film, opened, place
from agent.room import Room
from agent.settings import Settings, gather
from agent.weights.engine import EngineError
from agent.weights.store import Store
from tests.agent.weights.kept import install_engines, keep, small
from tests.plug_ins import HEART, install


class Loaded:
    """Models that load at once."""

    recognizer = text = prosody = face = None

    def __init__(self, speech: SpeechConfig | None = None) -> None:
        self.speech = speech


class Incomplete(Loaded):
    """Models of an installation that lacks a file."""

    @property
    def prosody(self) -> None:  # type: ignore[override]  # it fails in place of being there
        raise FileNotFoundError("weights/prosody.json")


class Unloadable(Loaded):
    """Models whose speech engine finds its weights damaged."""

    @property
    def recognizer(self) -> None:  # type: ignore[override]  # it fails in place of being there
        raise EngineError(f"{self.speech.engine if self.speech else ''} cannot be loaded: damaged")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """Settings for a machine with one of everything; tests take away what they are about."""
    monkeypatch.setattr(doctor, "Models", Loaded)
    monkeypatch.setattr(doctor, "packages_distributions", lambda: {"agent": ["deadpan"], "cv2": ["opencv-python"]})
    monkeypatch.setattr(doctor, "list_cameras", lambda: [Device(0, "Webcam")])
    monkeypatch.setattr(doctor, "list_microphones", lambda: [Device(1, "Headset")])
    monkeypatch.setattr(doctor, "obstacle", lambda: "")
    return Config(publish=PublishConfig(endpoint=f"ipc://{tmp_path}/out"))


def _of(subject: str, config: Config) -> Finding:
    (finding,) = (each for each in examine(config) if each.subject == subject)
    return finding


def test_a_machine_that_has_everything_has_every_finding_ok_and_nothing_to_do(config: Config) -> None:
    findings = list(examine(config))
    assert [finding.subject for finding in findings] == [
        "deadpan", "packages", "speech", "text", "prosody", "face", "camera", "microphone", "endpoint", "network",
        "space", "recording",
    ]  # fmt: skip
    assert all(finding.ok and finding.found and not finding.remedy for finding in findings)


@pytest.mark.parametrize("wish", ["auto", "required"])
def test_a_system_on_which_processes_keep_the_network_is_amiss_where_they_must_not(
    config: Config, monkeypatch: pytest.MonkeyPatch, wish: str
) -> None:
    monkeypatch.setattr(doctor, "obstacle", lambda: "the system allows no user namespace: Operation not permitted")
    finding = _of("network", replace(config, privacy=PrivacyConfig(wish)))  # type: ignore[arg-type]  # one of its words
    assert not finding.ok
    assert finding.optional is (wish == "auto")
    assert "Operation not permitted" in finding.found


def test_a_network_that_processes_may_keep_is_not_amiss(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "obstacle", lambda: "never asked")
    assert _of("network", replace(config, privacy=PrivacyConfig("off"))).ok


def test_whether_sessions_are_kept_is_said_and_how_much_there_is(config: Config, tmp_path: Path) -> None:
    assert _of("recording", config).found == "nothing is kept of a session, unless --record says so"
    folder = place(tmp_path / "kept", "s1", 0)
    opened(folder, Label(session="s1", source="live", began_unix_ns=0)).close()
    film(folder, 1).write_bytes(bytes(3_000_000))
    finding = _of("recording", replace(config, record=RecordConfig(str(tmp_path / "kept"), spare_mb=10)))
    assert finding.ok
    assert finding.found == f"every session is kept in {tmp_path}/kept (record.folder): 1 so far, 3 MB"
    full = _of("recording", replace(config, record=RecordConfig(str(tmp_path / "kept"), spare_mb=9e9)))
    assert not full.ok
    assert "must stay free in" in full.remedy


def test_devices_are_named(config: Config) -> None:
    assert "Webcam" in _of("camera", config).found
    assert "Headset" in _of("microphone", config).found


@pytest.mark.parametrize("subject", ["camera", "microphone"])
def test_a_device_that_is_missing_is_a_note_with_what_to_do(
    config: Config, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, f"list_{subject}s", list)
    finding = _of(subject, config)
    assert (finding.ok, finding.optional, finding.found) == (False, True, "none found")
    assert "connect one" in finding.remedy


def test_a_taken_port_is_a_note_with_what_to_do(config: Config) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    holder = context.socket(zmq.PUB)
    holder.bind(config.publish.endpoint)
    finding = _of("endpoint", config)
    assert (finding.ok, finding.optional) == (False, True)
    assert f"{config.publish.endpoint} is taken" in finding.found
    assert "end the other program" in finding.remedy
    context.destroy(linger=0)


@pytest.mark.parametrize("endpoint", ["tcp://0.0.0.0:5737", "nowhere"])
def test_an_endpoint_at_which_nothing_is_ever_published_is_amiss(config: Config, endpoint: str) -> None:
    finding = _of("endpoint", replace(config, publish=PublishConfig(endpoint=endpoint)))
    assert (finding.ok, finding.optional) == (False, False)
    assert endpoint in finding.found
    assert "publish.endpoint" in finding.remedy


def test_a_free_endpoint_is_left_free(config: Config, tmp_path: Path) -> None:
    assert _of("endpoint", config).found == f"{config.publish.endpoint} is free"
    assert not (tmp_path / "out").exists()


def test_a_model_that_cannot_be_loaded_is_named_with_the_reason(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "Models", Incomplete)
    finding = _of("prosody", config)
    assert (finding.ok, finding.optional) == (False, False)
    assert "weights/prosody.json" in finding.found
    assert "--force-reinstall" in finding.remedy
    assert _of("face", config).ok  # the others are still looked at


def test_the_speech_engine_in_use_is_named(config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert _of("speech", config).found == "moonshine: model loads"
    monkeypatch.setenv("DEADPAN_MODELS", str(tmp_path))
    install_engines(monkeypatch)
    keep(Store(tmp_path), small("whisper:base.en"))
    assert _of("speech", config).found == "whisper base.en: model loads"


def test_a_speech_engine_that_cannot_be_had_is_amiss_with_what_to_do(config: Config) -> None:
    finding = _of("speech", replace(config, speech=SpeechConfig(language="de")))
    assert (finding.ok, finding.optional) == (False, False)
    assert "run: deadpan models pull faster-whisper:base" in finding.found
    assert _of("text", config).ok  # the others are still looked at


def test_speech_weights_that_cannot_be_loaded_are_amiss(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "Models", Unloadable)
    assert _of("speech", config) == Finding("speech", False, "moonshine cannot be loaded: damaged")


def test_pulled_models_that_are_of_no_use_are_notes_with_what_to_do(
    config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DEADPAN_MODELS", str(tmp_path))
    monkeypatch.setattr(doctor, "installed", lambda family: family == "whisper")
    store = Store(tmp_path)
    for key in ("whisper:base.en", "whisper:tiny.en", "faster-whisper:tiny.en"):
        keep(store, small(key))
    store.loadable(small("whisper:tiny.en")).write_bytes(b"short")
    notes = [finding for finding in examine(config) if finding.subject == "models"]
    assert {(note.found, note.remedy) for note in notes} == {
        ("whisper:tiny.en is damaged: tiny.en.pt has 5 bytes, not 7000", "deadpan models pull whisper:tiny.en"),
        ("faster-whisper:tiny.en is on disk, its engine is not installed", installing("faster-whisper")),
    }
    assert all(note.optional and not note.ok for note in notes)


def test_a_package_that_is_missing_is_named(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_PACKAGES", ("numpy", "no-such-package"))
    finding = _of("packages", config)
    assert (finding.ok, finding.found, finding.remedy) == (
        False,
        "missing: no-such-package",
        installing("live"),
    )


def test_two_packages_that_own_cv2_are_found_out(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    owners = {"cv2": ["opencv-python", "opencv-contrib-python"], "agent": ["deadpan"]}
    monkeypatch.setattr(doctor, "packages_distributions", lambda: owners)
    finding = _of("opencv", config)
    assert not finding.ok
    assert "opencv-contrib-python, opencv-python" in finding.found


def test_another_package_with_a_name_of_ours_is_found_out(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    owners = {"agent": ["deadpan", "secret-agent"], "cv2": ["opencv-contrib-python"]}
    monkeypatch.setattr(doctor, "packages_distributions", lambda: owners)
    finding = next(each for each in examine(config) if "owns" in each.found)
    assert (finding.ok, finding.found) == (False, "secret-agent also owns agent/")


def test_too_little_space_is_amiss(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "room", lambda: Room(Path("/tmp"), 12, 9000))  # noqa: S108 - nothing is written there
    finding = _of("space", config)
    assert (finding.ok, finding.optional) == (False, False)
    assert finding.found == "12 MB free in /tmp, 9000 MB of memory"
    assert finding.remedy == "50 MB must be free in /tmp, and 12 are; free some, or set TMPDIR"


def test_the_settings_in_force_are_named_with_where_they_come_from(tmp_path: Path) -> None:
    path = tmp_path / "quiet.yaml"
    path.write_text("camera:\n  rate_hz: 15\n  device: none\n")
    assert in_force(gather(path, {"DEADPAN_SOURCE": "demo"})) == Finding(
        "settings", True, f"{path}: camera.device none ({path}:3), source demo (DEADPAN_SOURCE)"
    )
    assert in_force(Settings(Config(), {})).found == "no file: all at their defaults"


@pytest.mark.parametrize(
    ("finding", "code", "line"),
    [
        (Finding("camera", True, "Webcam"), 0, "ok    camera      Webcam\n"),
        (Finding("camera", False, "none", "connect one", optional=True), 0, "note  camera      none\n"),
        (Finding("face", False, "broken", "reinstall"), 1, "FAIL  face        broken\n"),
    ],
    ids=lambda each: each.subject if isinstance(each, Finding) else "",
)
def test_only_what_deadpan_cannot_do_without_makes_the_command_fail(
    finding: Finding,
    code: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("agent.commands.doctor.examine", lambda _config: [finding])
    assert perform(Namespace(config=None)) == code
    told = capsys.readouterr().out
    assert told.startswith("ok    settings    ")
    assert line in told
    assert (f"→ {finding.remedy}" in told) == bool(finding.remedy)


def test_modalities_that_other_packages_bring_are_named_and_broken_ones_amiss(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [finding for finding in examine(config) if finding.subject == "modalities"] == []
    install(tmp_path / "one", monkeypatch, HEART)
    (found,) = (finding for finding in examine(config) if finding.subject == "modalities")
    assert (found.ok, found.found) == (True, "heart (vectors of 3)")
    install(tmp_path / "two", monkeypatch, "breath = nowhere:PLUG_IN", package="breath", code=None)
    (broken,) = (finding for finding in examine(config) if finding.subject == "modalities")
    assert not broken.ok
    assert "breath cannot be loaded" in broken.found

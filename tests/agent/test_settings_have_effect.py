"""Every setting, changed alone, changes what some process is told or does: none is dead."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agent import session
from agent.capture.source import no_step
from agent.clock import SessionClock
from agent.config import Config, SupervisionConfig
from agent.engines import choose
from agent.plug_ins.declaration import PlugInError
from agent.plug_ins.roster import Roster
from agent.processes import publishing, reach, working
from agent.processes.assignment import Assignment
from agent.processes.bus import Bus
from agent.processes.fusing import fuser_settings
from agent.processes.keeping import recorder_of
from agent.processes.models import Models
from agent.processes.stages import SpeechStage, encoding_stage
from agent.processes.supervisor import StartError, Supervisor
from agent.processes.wire import Pulse
from agent.settings import gather, keys, variable
from agent.topology import WORKERS, WorkerName
from agent.weights.engine import EngineError
from fusion.model import Fusion
from fusion.shipped import load as load_fusion
from tests.agent.processes.scene import Child, Scene

CHANGED = {
    "source": "demo",
    "camera.device": "none",
    "camera.rate_hz": "10",
    "camera.width": "320",
    "camera.height": "240",
    "microphone.device": "none",
    "speech.engine": "whisper",
    "speech.language": "de",
    "speech.step_s": "1",
    "speech.hangover_s": "0.6",
    "speech.max_utterance_s": "8",
    "modalities": "{heart: {source: strap.csv}}",
    "fusion.tick_hz": "4",
    "fusion.window_s": "6",
    "fusion.max_wait_s": "0.2",
    "fusion.lateness_s": "2",
    "fusion.base_rate": "0.1",
    "publish.endpoint": "tcp://127.0.0.1:5999",
    "publish.stream": "kitchen",
    "publish.encoding": "msgpack",
    "publish.keys": "keys",
    "publish.bus": "ipc:///run/bus",
    "privacy.network_isolation": "off",
    "record.folder": "kept",
    "record.most_mb": "500",
    "record.spare_mb": "50",
    "supervision.pulse_s": "0.5",
    "supervision.silence_s": "9",
    "supervision.start_s": "20",
    "supervision.stop_s": "1",
    "supervision.restarts": "3",
    "supervision.restarts_within_s": "1",
    "supervision.growth_mb": "50",
}


def test_every_setting_is_tried() -> None:
    assert list(CHANGED) == [key for key, _ in keys()]


@pytest.fixture(scope="module")
def model() -> Fusion:
    return load_fusion()


@pytest.mark.parametrize("key", CHANGED)
def test_a_setting_changed_alone_changes_what_is_told_or_done(
    key: str,
    scene: Scene,
    model: Fusion,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session, "default_camera", lambda: 0)
    monkeypatch.setattr(session, "default_microphone", lambda: 1)
    monkeypatch.setattr(reach, "obstacle", lambda: "")
    monkeypatch.setattr(publishing, "Publisher", lambda *told: told)
    changed = gather(None, {variable(key): CHANGED[key]}).config
    assert changed != Config()
    if key.startswith("supervision."):
        pauses: list[float] = []

        def wait(_child: Child, timeout_s: float) -> bool:
            pauses.append(timeout_s)
            return True

        monkeypatch.setattr(Child, "wait", wait)
        story = _supervised(scene, SupervisionConfig(), tmp_path, pauses)
        assert story == _supervised(scene, SupervisionConfig(), tmp_path, pauses), "it is not the same twice"
        assert _supervised(scene, changed.supervision, tmp_path, pauses) != story
    else:
        usual = _told(Config(), model)
        assert usual == _told(Config(), model), "it is not the same twice"
        assert _told(changed, model) != usual


def _told(config: Config, model: Fusion) -> tuple[object, ...]:
    """What the processes of a session are made of."""
    camera: Any = working._source(_assigned("camera", config, camera=0), no_step)
    weights = cast(Models, SimpleNamespace(recognizer=object(), text=object()))
    speech: Any = encoding_stage("speech", weights, config.speech)
    assert isinstance(speech, SpeechStage)
    published: Any = publishing.Publishing(cast(Bus, None), _assigned("fusion", config), model, None)
    return (
        session.resolve_inputs(config),
        reach.isolates(config),
        (camera._rate_hz, camera._size),
        _choice(config),
        _plugged(config),
        vars(speech)["_speech"]._settings,
        fuser_settings(config.fusion),
        vars(published._model)["_prior_odds"],
        published._publisher,
        vars(published._stage(SessionClock(0)).composer)["_stream"],
        _recording(config),
    )


def _recording(config: Config) -> tuple[object, ...]:
    """Where and how far the recorder of a session is told to write."""
    recorder = vars(recorder_of(_assigned("recorder", config)))
    inputs = session.Inputs("live", 0, None)
    with session.open_session(Config(record=config.record), inputs) as supervisor:
        place = supervisor.recording
    return None if place is None else Path(place).parent, recorder["_most_mb"], recorder["_spare_mb"]


def _assigned(name: WorkerName, config: Config, camera: int | None = None) -> Assignment:
    return Assignment(name=name, folder="", config=config, session="s", source="live", camera=camera)


def _choice(config: Config) -> str:
    try:
        return str(choose(config.speech))
    except EngineError as error:
        return str(error)


def _plugged(config: Config) -> str:
    try:
        return str(Roster(config.modalities, isolated=False).of(None))
    except PlugInError as error:  # nobody has installed one here
        return str(error)


def _supervised(scene: Scene, settings: SupervisionConfig, folder: Path, pauses: list[float]) -> list[object]:
    """The story of a session in which one is never ready, and one in which one hangs, one grows and one keeps dying."""
    scene.now_s = 1000.0
    pauses.clear()
    story: list[object] = []
    unready = _supervisor(scene, settings, folder)
    with pytest.raises(StartError):
        unready.start()
    story.append(scene.now_s)
    unready.stop()

    scene.now_s = 2000.0
    supervisor = _supervisor(scene, settings, folder)
    order = sorted(WORKERS, key=lambda worker: -worker.tier)
    for pid, worker in enumerate(order, 100 + len(scene.children)):
        scene.pulses.append(Pulse(worker.name, "ready", pid, 0.0, {}, memory_mb=100.0))
    supervisor.start()
    scene.told.clear()
    for step in range(200):
        for worker in WORKERS:
            child = scene.child(worker.name)
            if worker.name == "microphone" and child.exit_code is None and step % 6 == 0:
                child.exit_code = -9
            if worker.name != "prosody" and child.exit_code is None:
                memory_mb = 100.0 + step if worker.name == "speech" else 100.0
                scene.pulses.append(Pulse(worker.name, "running", child.pid, 0.0, {}, memory_mb=memory_mb))
        supervisor.attend(0)
        scene.now_s += 0.5
        story.append({name: (each.state, each.restarts) for name, each in supervisor.condition.workers.items()})
    story.append(len(scene.told))
    supervisor.stop()
    story.append([round(pause, 3) for pause in pauses])
    return story


def _supervisor(scene: Scene, settings: SupervisionConfig, folder: Path) -> Supervisor:
    config = Config(supervision=settings)
    assignments = {worker.name: _assigned(worker.name, config) for worker in WORKERS}
    scene.supervisors.append(Supervisor(WORKERS, assignments, folder))
    return scene.supervisors[-1]

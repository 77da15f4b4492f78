"""What the supervisor decides about the process of a plug-in."""

from __future__ import annotations

from pathlib import Path

from agent.processes.wire import Ended
from agent.topology import WORKERS, Worker
from encoders.samples import Modality
from tests.agent.processes.scene import Scene, die, let_be_ready, made, pulse_all_but, started, state_of

HEART = Worker("heart", tier=0, modality=Modality("heart"), plug_in=True)
WITH_HEART = (*WORKERS, HEART)


def test_a_session_begins_without_waiting_for_a_plug_in_which_joins_when_it_can(scene: Scene, tmp_path: Path) -> None:
    supervisor = made(scene, tmp_path, workers=WITH_HEART)
    let_be_ready(scene, besides=("heart",), workers=WITH_HEART)
    assert supervisor.start() == []
    assert state_of(supervisor, "heart")[0] == "starting"
    assert scene.child("heart").origins == scene.child("fusion").origins
    scene.pulse("heart", "running")
    supervisor.attend(0)
    assert state_of(supervisor, "heart") == ("running", "")


def test_a_plug_in_that_dies_is_started_again_and_its_modality_stays_open(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, workers=WITH_HEART)
    die(scene, supervisor, "heart")
    assert state_of(supervisor, "heart") == ("restarting", "killed by signal 9")
    assert Ended("heart") not in scene.told
    before = len(scene.children)
    scene.now_s += 1
    supervisor.attend(0)
    assert len(scene.children) == before + 1


def test_a_plug_in_that_keeps_dying_is_left_and_ended_for_it(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, restarts=1, workers=WITH_HEART)
    die(scene, supervisor, "heart")
    assert state_of(supervisor, "heart")[0] == "failed"
    assert Ended("heart") in scene.told


def test_a_session_ends_whatever_its_plug_ins_still_measure(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, workers=WITH_HEART)
    for worker in WORKERS:
        scene.pulse(worker.name, "finished")
    supervisor.attend(0)
    assert supervisor.finished


def test_a_slow_plug_in_costs_the_others_nothing(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, workers=WITH_HEART)
    for _ in range(10):
        scene.pulse("heart", "running", lag_ms=60_000.0, busy=1.0)
        pulse_all_but(scene)
        supervisor.attend(0)
        scene.now_s += 1
    assert supervisor.condition.pace.level == 0

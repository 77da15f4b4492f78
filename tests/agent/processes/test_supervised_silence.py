"""Which silences the supervisor takes for a hang, with processes, queues and time made of nothing."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from agent.processes.assignment import EXIT_AWAY
from agent.processes.stillness import Motion
from agent.processes.supervisor import Supervisor
from agent.processes.wire import Absorbed
from agent.topology import WORKERS, WorkerName
from tests.agent.processes.scene import STACKS, Scene, die, hang, pulse_all_but, started, state_of


def test_a_process_that_falls_silent_leaves_its_stacks_and_is_started_again(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    hung = hang(scene, supervisor, "face")
    assert state_of(supervisor, "face") == ("restarting", "no sign of life for 5 s")
    assert state_of(supervisor, "prosody")[0] == "running"
    supervisor.attend(0)
    assert hung.exit_code is None  # it has a moment to say where it is
    hung.hangs = STACKS
    scene.pulse("face", "running")  # too late: it has been asked, and so woken
    supervisor.attend(0)
    assert hung.exit_code == -9
    assert state_of(supervisor, "face") == ("restarting", "no sign of life for 5 s; it was in embed (face.py:88)")


@pytest.mark.parametrize(
    ("name", "motion", "source", "state"),
    [
        *((worker.name, "stopped", "film.mp4", "restarting") for worker in WORKERS),
        *((worker.name, "moving", "live", "running") for worker in WORKERS),
        *((worker.name, "asleep", "live", "restarting") for worker in WORKERS),
        *((name, "asleep", "film.mp4", "restarting") for name in ("fusion", "face", "prosody", "speech")),
        *((name, "asleep", "film.mp4", "running") for name in ("camera", "microphone")),  # who knows where it lies
    ],
)
def test_one_that_does_not_move_is_not_waited_for(
    scene: Scene, tmp_path: Path, name: WorkerName, motion: Motion, source: str, state: str
) -> None:
    supervisor = started(scene, tmp_path, source)
    pulse_all_but(scene, name)
    scene.child(name).moves = motion
    supervisor.attend(0)
    assert state_of(supervisor, name) == (state, "no sign of life for 0.4 s" if state == "restarting" else "")


@pytest.mark.parametrize("name", [worker.name for worker in WORKERS])
@pytest.mark.parametrize("source", ["live", "film.mp4"])
def test_one_that_works_for_longer_than_a_step_takes_is_not_waited_for(
    scene: Scene, tmp_path: Path, name: WorkerName, source: str
) -> None:
    supervisor = started(scene, tmp_path, source)
    child = scene.child(name)
    for works_s, state in ((0.2, "running"), (0.8, "restarting")):
        scene.now_s += 0.4
        child.works_s = works_s
        pulse_all_but(scene, name)
        supervisor.attend(0)
        assert state_of(supervisor, name)[0] == state
    assert state_of(supervisor, name)[1] == "no sign of life for 0.8 s"


def test_one_that_is_absorbed_may_work_as_long_as_it_said_and_until_it_is_heard_again(
    scene: Scene, tmp_path: Path
) -> None:
    supervisor = started(scene, tmp_path)
    pid = scene.child("speech").pid
    for work_s, works_s, state in ((math.inf, 100.0, "running"), (2.0, 1.9, "running"), (2.0, 2.1, "restarting")):
        scene.pulses.append(Absorbed("speech", pid, 10.0, work_s))
        supervisor.attend(0)
        scene.now_s += 0.4
        scene.child("speech").works_s = works_s
        pulse_all_but(scene, "speech")
        supervisor.attend(0)
        assert state_of(supervisor, "speech")[0] == state


def test_what_it_said_of_a_reading_does_not_count_once_that_is_over(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    scene.pulses.append(Absorbed("speech", scene.child("speech").pid, 10.0, 5.0))
    scene.pulse("speech", "running")
    supervisor.attend(0)
    scene.now_s += 0.4
    scene.child("speech").works_s = 4.0
    pulse_all_but(scene, "speech")
    supervisor.attend(0)
    assert state_of(supervisor, "speech")[0] == "restarting"


def test_one_that_is_to_be_ended_or_started_presses_and_one_that_pauses_or_will_not_die_does_not(
    scene: Scene, tmp_path: Path
) -> None:
    supervisor = started(scene, tmp_path)
    assert not supervisor.is_pressed
    hung = hang(scene, supervisor, "face")
    hung.unkillable = True
    assert supervisor.is_pressed
    hung.hangs = STACKS
    supervisor.attend(0)
    pressed = {}
    for pause_s in (0.1, 0.11, 1.0):
        scene.now_s += pause_s
        pulse_all_but(scene, "face")
        supervisor.attend(0)
        pressed[pause_s] = supervisor.is_pressed
    assert pressed == {0.1: False, 0.11: True, 1.0: False}
    hung.exit_code = -9
    supervisor.attend(0)
    assert state_of(supervisor, "face")[0] == "starting"


def test_one_that_said_it_would_be_busy_may_sleep_but_not_be_stopped(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    scene.pulses.append(Absorbed("speech", scene.child("speech").pid, 10.0))
    pulse_all_but(scene, "speech")
    supervisor.attend(0)
    follows: list[tuple[Motion, str]] = [("asleep", "running"), ("stopped", "restarting")]
    for motion, state in follows:
        scene.child("speech").moves = motion
        supervisor.attend(0)
        assert state_of(supervisor, "speech")[0] == state


def test_one_that_cannot_go_on_may_take_its_time_to_close_its_device(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    scene.pulse("microphone", "failed", "delivered nothing for 1 s")
    pulse_all_but(scene, "microphone")
    supervisor.attend(0)
    scene.child("microphone").moves = "asleep"
    supervisor.attend(0)
    assert state_of(supervisor, "microphone") == ("running", "delivered nothing for 1 s")
    die(scene, supervisor, "microphone", EXIT_AWAY)
    assert state_of(supervisor, "microphone") == ("restarting", "delivered nothing for 1 s")


def test_what_it_did_before_it_was_heard_again_is_not_held_against_it(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    scene.pulses.append(Absorbed("speech", scene.child("speech").pid, 10.0))
    pulse_all_but(scene, "speech")
    supervisor.attend(0)
    scene.child("speech").moves = "asleep"
    scene.pulse("speech", "running")
    supervisor.attend(0)
    assert state_of(supervisor, "speech")[0] == "running"


def test_one_that_is_starting_may_sleep(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    die(scene, supervisor, "face")
    scene.now_s += 1
    pulse_all_but(scene, "face")
    supervisor.attend(0)
    scene.child("face").moves = "asleep"
    supervisor.attend(0)
    assert state_of(supervisor, "face")[0] == "starting"


def test_one_that_cannot_say_where_it_hangs_is_killed_all_the_same(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    hung = hang(scene, supervisor, "face")
    hung.hangs = STACKS[: STACKS.index("Current")]
    scene.now_s += 0.49
    supervisor.attend(0)
    assert hung.exit_code is None
    scene.now_s += 0.02
    supervisor.attend(0)
    assert hung.exit_code == -9
    assert state_of(supervisor, "face") == ("restarting", "no sign of life for 5 s")


def test_one_that_said_it_would_be_busy_is_given_that_long_and_no_longer_once_it_speaks_again(
    scene: Scene, tmp_path: Path
) -> None:
    supervisor = started(scene, tmp_path)
    scene.pulses.append(Absorbed("speech", scene.child("speech").pid, 10.0))
    supervisor.attend(0)
    _silent_speech(scene, supervisor, 14)
    assert state_of(supervisor, "speech")[0] == "running"
    scene.pulse("speech", "running")
    supervisor.attend(0)
    _silent_speech(scene, supervisor, 6)
    assert state_of(supervisor, "speech") == ("restarting", "no sign of life for 5 s")


def test_one_that_is_busy_for_longer_than_it_said_is_started_again(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    scene.pulses.append(Absorbed("speech", scene.child("speech").pid, 2.0))
    scene.pulses.append(Absorbed("speech", 99, 60.0))  # a predecessor
    supervisor.attend(0)
    _silent_speech(scene, supervisor, 8)
    assert state_of(supervisor, "speech") == ("restarting", "no sign of life for 7 s")


def test_one_that_is_starting_again_has_as_long_as_at_the_beginning(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    die(scene, supervisor, "face")
    scene.now_s += 1
    supervisor.attend(0)
    for _ in range(5):
        scene.now_s += 4.9
        for name in ("fusion", "prosody", "speech", "camera", "microphone"):
            scene.pulse(name, "running")
        supervisor.attend(0)
    assert state_of(supervisor, "face")[0] == "starting"


def _silent_speech(scene: Scene, supervisor: Supervisor, seconds: int) -> None:
    """Seconds in which all give signs of life but speech."""
    for _ in range(seconds):
        for name in ("fusion", "face", "prosody", "camera", "microphone"):
            scene.pulse(name, "running")
        supervisor.attend(0)
        scene.now_s += 1
    supervisor.attend(0)

"""What the supervisor decides, with processes, queues and time made of nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.processes.assignment import EXIT_AWAY, EXIT_FAILED
from agent.processes.supervisor import StartError
from agent.processes.wire import Condition, Ended, Pulse, PulseState
from agent.topology import RECORDER, WORKERS
from encoders.samples import Modality
from tests.agent.processes.scene import Scene, die, hang, let_be_ready, made, pulse_all_but, started, state_of


def test_readers_are_started_before_writers_and_all_begin_at_the_same_origin(scene: Scene, tmp_path: Path) -> None:
    started(scene, tmp_path)
    order = [child.assignment.name for child in scene.children]
    assert (order[0], set(order[1:4])) == ("fusion", {"face", "prosody", "speech"})
    assert len({tuple(child.origins) for child in scene.children}) == 1
    assert all(len(child.origins) == 1 and not child.assignment.restarted for child in scene.children)


def test_one_that_waited_long_for_the_others_is_not_taken_for_silent(scene: Scene, tmp_path: Path) -> None:
    supervisor = made(scene, tmp_path)
    let_be_ready(scene, besides=("speech",))
    late = scene.now_s + 20.0
    monotonic = scene.monotonic

    def waited() -> float:
        if monotonic() > late and scene.child("speech").origins == [] and not scene.pulses:
            scene.pulse("speech", "ready")
        return monotonic()

    scene.monotonic = waited  # type: ignore[method-assign]  # the slowest is ready when so much time has passed
    supervisor.start()
    scene.monotonic = monotonic  # type: ignore[method-assign]
    supervisor.attend(0)
    assert scene.now_s > late
    assert not any(child.asked for child in scene.children)


def test_a_process_that_cannot_start_ends_the_start_with_its_own_reason(scene: Scene, tmp_path: Path) -> None:
    supervisor = made(scene, tmp_path)
    let_be_ready(scene, besides=("camera",))
    scene.pulses.append(Pulse("camera", "failed", 104, 0.0, {}, "There is no camera 7."))
    with pytest.raises(StartError, match=r"There is no camera 7\.") as refused:
        supervisor.start()
    assert refused.value.worker == "camera"


def test_one_that_may_be_missing_is_left_out_with_its_reason_and_the_others_begin(scene: Scene, tmp_path: Path) -> None:
    supervisor = made(scene, tmp_path)
    let_be_ready(scene, besides=("camera",))
    scene.pulses.append(Pulse("camera", "failed", 104, 0.0, {}, "There is no camera 7."))
    (problem,) = supervisor.start(optional=["camera", "microphone"])
    assert (problem.worker, str(problem)) == ("camera", "There is no camera 7.")
    assert [child.assignment.name for child in scene.children if not child.origins] == ["camera"]


def test_one_that_is_never_ready_is_not_waited_for_for_ever(scene: Scene, tmp_path: Path) -> None:
    supervisor = made(scene, tmp_path)
    let_be_ready(scene, besides=("face",))
    with pytest.raises(StartError, match="the face process was not ready within 30 s"):
        supervisor.start()


def test_one_that_dies_while_starting_is_told_of_with_the_last_it_wrote(scene: Scene, tmp_path: Path) -> None:
    scene.stillborn = "speech"
    let_be_ready(scene, besides=("speech",))
    with pytest.raises(StartError, match="the speech process ended while starting: ended with exit code 1:\nthe last"):
        made(scene, tmp_path).start()


def test_a_process_that_dies_comes_back_after_a_pause_that_doubles(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    for number, pause_s in enumerate((0.2, 0.4, 0.8), 1):
        die(scene, supervisor, "face")
        assert state_of(supervisor, "face") == ("restarting", "killed by signal 9")
        scene.now_s += pause_s - 0.01
        supervisor.attend(0)
        assert supervisor.pid("face") is None
        scene.now_s += 0.02
        supervisor.attend(0)
        assert supervisor.pid("face") == scene.child("face").pid
        assert supervisor.condition.workers["face"].restarts == number


def test_one_that_comes_back_is_told_so_and_joins_the_session_s_time(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    first = scene.child("prosody")
    die(scene, supervisor, "prosody")
    scene.now_s += 1
    supervisor.attend(0)
    again = scene.child("prosody")
    assert again is not first
    assert again.assignment.restarted
    assert again.origins == first.origins


def test_one_that_fails_too_often_is_given_up_and_fusion_told_not_to_wait(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, restarts=2)
    die(scene, supervisor, "face")
    scene.now_s += 1
    supervisor.attend(0)
    assert Ended(Modality.FACE) not in scene.told
    die(scene, supervisor, "face")
    assert state_of(supervisor, "face") == ("failed", "failed 2 times in 60 s, last: killed by signal 9")
    assert Ended(Modality.FACE) in scene.told
    scene.now_s += 100
    supervisor.attend(0)
    assert supervisor.pid("face") is None


def test_failures_long_past_are_forgotten(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, restarts=2)
    for _ in range(3):
        die(scene, supervisor, "face")
        assert state_of(supervisor, "face")[0] == "restarting"
        scene.now_s += 0.3  # the first pause each time
        supervisor.attend(0)
        assert supervisor.pid("face") is not None
        for _ in range(15):
            scene.pulse("face", "running")
            scene.now_s += 4.1
            supervisor.attend(0)


def test_a_recording_that_cannot_be_read_is_not_tried_again(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, source="film.mp4")
    scene.pulse("camera", "failed", "film.mp4 holds no picture that can be decoded.")
    die(scene, supervisor, "camera", EXIT_FAILED)
    assert state_of(supervisor, "camera") == ("failed", "film.mp4 holds no picture that can be decoded.")


@pytest.mark.parametrize(("exit_code", "state"), [(EXIT_FAILED, "failed"), (EXIT_AWAY, "restarting")])
def test_the_reason_of_one_that_could_not_go_on_is_waited_for_when_its_end_is_seen_first(
    scene: Scene, tmp_path: Path, exit_code: int, state: str
) -> None:
    supervisor = started(scene, tmp_path, source="live" if exit_code == EXIT_AWAY else "film.mp4")
    scene.pulse("camera", "failed", "It is said here.")
    scene.late, scene.pulses = scene.pulses, [Pulse("face", "running", 1, 0.0, {})]
    die(scene, supervisor, "camera", exit_code)
    assert state_of(supervisor, "camera") == (state, "It is said here.")


def test_one_that_has_died_on_its_way_out_is_told_of_with_the_last_it_wrote(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, source="film.mp4")
    die(scene, supervisor, "camera", EXIT_FAILED)
    assert state_of(supervisor, "camera") == ("failed", f"ended with exit code {EXIT_FAILED}:\nthe last it wrote")


def test_a_recorder_that_has_given_up_is_left_alone_and_the_session_goes_on(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, workers=(*WORKERS, RECORDER))
    scene.pulse("recorder", "failed", "the recording has ended: No space left on device")
    die(scene, supervisor, "recorder", EXIT_FAILED)
    assert state_of(supervisor, "recorder") == ("failed", "the recording has ended: No space left on device")
    assert not supervisor.finished
    assert [state_of(supervisor, worker.name)[0] for worker in WORKERS] == ["running"] * len(WORKERS)


def test_a_recorder_that_was_killed_is_started_again(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, workers=(*WORKERS, RECORDER))
    die(scene, supervisor, "recorder")
    assert state_of(supervisor, "recorder") == ("restarting", "killed by signal 9")


def test_the_recorder_is_started_before_whom_it_reads_and_stopped_after_them(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, workers=(*WORKERS, RECORDER))
    assert scene.children[0].assignment.name == "recorder"
    supervisor.stop()
    assert scene.ended[-1] == "recorder"


@pytest.mark.parametrize(("source", "exit_code"), [("live", EXIT_FAILED), ("film.mp4", -9)])
def test_a_device_may_come_back_and_so_may_a_reader_that_was_killed(
    scene: Scene, tmp_path: Path, source: str, exit_code: int
) -> None:
    supervisor = started(scene, tmp_path, source=source)
    scene.pulse("camera", "failed", "The camera is gone.")
    die(scene, supervisor, "camera", exit_code)
    assert state_of(supervisor, "camera") == ("restarting", "The camera is gone.")


def test_one_that_does_not_die_of_a_kill_is_not_started_beside_itself(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    hung = hang(scene, supervisor, "face")
    hung.unkillable = True
    for _ in range(10):
        scene.now_s += 0.4
        pulse_all_but(scene, "face")
        supervisor.attend(0)
    assert scene.child("face") is hung
    hung.exit_code = -9
    supervisor.attend(0)
    assert scene.child("face") is not hung


def test_one_that_outgrows_its_bounds_is_started_again_and_told_of(scene: Scene, tmp_path: Path) -> None:
    supervisor = made(scene, tmp_path)
    for pid, worker in enumerate(sorted(WORKERS, key=lambda worker: -worker.tier), 100):
        scene.pulses.append(Pulse(worker.name, "ready", pid, 0.0, {}, memory_mb=300.0))
    supervisor.start()
    grown = scene.child("speech")
    for memory_mb in (1299.0, 1301.0):
        assert grown.exit_code is None
        scene.pulses.append(Pulse("speech", "running", grown.pid, 0.0, {}, memory_mb=memory_mb))
        supervisor.attend(0)
    assert grown.exit_code == -9
    assert state_of(supervisor, "speech") == ("restarting", "grew to 1301 MB, from 300 MB when it was ready")
    assert supervisor.condition.workers["speech"].restarts == 1


def test_where_memory_is_not_told_nothing_outgrows_it(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    scene.pulses.append(Pulse("speech", "running", scene.child("speech").pid, 0.0, {}, memory_mb=90_000.0))
    supervisor.attend(0)
    assert state_of(supervisor, "speech")[0] == "running"


def test_a_device_that_is_away_is_looked_for_as_long_as_it_takes(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    for _ in range(20):
        scene.pulse("camera", "failed", "There is no camera 7.")
        die(scene, supervisor, "camera", EXIT_AWAY)
        assert state_of(supervisor, "camera") == ("restarting", "There is no camera 7.")
        scene.now_s += 10.1  # the longest pause
        pulse_all_but(scene, "camera")
        supervisor.attend(0)
    scene.pulse("camera", "running")
    supervisor.attend(0)
    assert state_of(supervisor, "camera") == ("running", "")


def test_a_device_that_is_away_at_the_start_joins_later(scene: Scene, tmp_path: Path) -> None:
    supervisor = made(scene, tmp_path)
    let_be_ready(scene, besides=("camera",))
    scene.stillborn, scene.stillborn_code = "camera", EXIT_AWAY
    scene.pulses.append(Pulse("camera", "failed", 104, 0.0, {}, "The camera is in use."))
    (problem,) = supervisor.start(optional=["camera"])
    assert str(problem) == "The camera is in use."
    assert state_of(supervisor, "camera") == ("restarting", "The camera is in use.")
    scene.stillborn = None
    scene.now_s += 0.3
    supervisor.attend(0)
    scene.pulse("camera", "running")
    supervisor.attend(0)
    assert state_of(supervisor, "camera")[0] == "running"
    assert scene.child("camera").origins == scene.child("face").origins


def test_fusion_s_understudy_is_made_when_the_session_is_under_way_and_steps_in_at_once(
    scene: Scene, tmp_path: Path
) -> None:
    supervisor = started(scene, tmp_path)
    assert not scene.child("fusion").assignment.understudy
    scene.now_s += 2.1
    pulse_all_but(scene)
    supervisor.attend(0)
    understudy = scene.child("fusion")
    assert understudy.assignment.understudy
    assert understudy.origins == []
    scene.children.remove(understudy)  # so that the one that plays is the newest of its name
    playing = scene.child("fusion")
    die(scene, supervisor, "fusion")
    scene.children.append(understudy)
    supervisor.attend(0)
    assert understudy.origins == playing.origins
    assert supervisor.pid("fusion") == understudy.pid
    scene.now_s += 1
    pulse_all_but(scene)
    supervisor.attend(0)
    assert scene.child("fusion") is understudy
    for _ in range(2):
        scene.now_s += 2.1
        pulse_all_but(scene)
        supervisor.attend(0)
    assert scene.child("fusion").assignment.understudy
    assert scene.child("fusion") is not understudy


@pytest.mark.parametrize("away_s", [0.3, 9.0])
def test_what_fusion_died_of_is_told_when_it_is_back_and_then_no_more(
    scene: Scene, tmp_path: Path, away_s: float
) -> None:
    supervisor = started(scene, tmp_path)
    die(scene, supervisor, "fusion")
    scene.now_s += 0.3
    supervisor.attend(0)
    scene.now_s += away_s - 0.3
    pulse_all_but(scene)
    supervisor.attend(0)
    assert state_of(supervisor, "fusion") == ("running", "started again: killed by signal 9")
    scene.now_s += 3.1
    assert state_of(supervisor, "fusion") == ("running", "")


def test_without_its_understudy_fusion_comes_back_like_the_others(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    die(scene, supervisor, "fusion")
    assert supervisor.pid("fusion") is None
    scene.now_s += 0.3
    supervisor.attend(0)
    assert supervisor.pid("fusion") is not None
    assert not scene.child("fusion").assignment.understudy


def test_the_last_words_of_a_predecessor_are_not_heeded(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    before = scene.child("face").pid
    die(scene, supervisor, "face")
    scene.now_s += 1
    supervisor.attend(0)
    scene.pulse("face", "running", pid=before)
    supervisor.attend(0)
    assert state_of(supervisor, "face")[0] == "starting"


@pytest.mark.parametrize(("last", "state"), [("running", "restarting"), ("finished", "stopped")])
def test_of_the_last_words_of_the_dead_only_that_it_had_finished_is_news(
    scene: Scene, tmp_path: Path, last: PulseState, state: str
) -> None:
    supervisor = started(scene, tmp_path, source="film.mp4")
    die(scene, supervisor, "camera", exit_code=0)
    scene.pulse("camera", last)
    supervisor.attend(0)
    assert state_of(supervisor, "camera")[0] == state


def test_an_encoder_that_dies_when_nothing_more_can_reach_it_ends_its_modality(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, source="film.mp4")
    scene.pulse("camera", "finished")
    supervisor.attend(0)
    assert state_of(supervisor, "camera")[0] == "stopped"
    die(scene, supervisor, "face")
    assert Ended(Modality.FACE) in scene.told


def test_a_session_is_finished_when_its_sources_and_fusion_are(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, source="film.mp4")
    for name in ("camera", "microphone", "fusion"):
        assert not supervisor.finished
        scene.pulse(name, "finished")
        supervisor.attend(0)
    assert supervisor.finished


def test_a_session_without_fusion_is_finished(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, restarts=1)
    die(scene, supervisor, "fusion")
    assert supervisor.finished


def test_a_change_is_reported_at_once_and_how_all_are_once_a_second(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    supervisor.attend(0)
    assert scene.told == []
    die(scene, supervisor, "face")
    (report,) = scene.told
    assert isinstance(report, Condition)
    assert (report.workers["face"].state, report.workers["speech"].state) == ("restarting", "running")
    scene.now_s += 0.1
    supervisor.attend(0)
    assert len(scene.told) == 1
    scene.now_s += 0.9
    supervisor.attend(0)
    assert len(scene.told) > 1


def test_a_pulse_brings_the_lag_and_the_counters(scene: Scene, tmp_path: Path) -> None:
    health = started(scene, tmp_path).condition.workers["speech"]
    assert (health.lag_ms, health.counters, health.pid) == (12.3, {"sent": 1}, scene.child("speech").pid)


def test_what_makes_a_process_useless_is_news_but_not_why_it_died(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    scene.pulse("speech", "running", "8 s of voice, no word understood")
    supervisor.attend(0)
    (report,) = scene.told
    assert isinstance(report, Condition)
    assert (report.workers["speech"].state, report.workers["speech"].reason) == (
        "running",
        "8 s of voice, no word understood",
    )
    die(scene, supervisor, "speech")
    assert state_of(supervisor, "speech") == ("restarting", "killed by signal 9")


def test_writers_are_stopped_before_their_readers_and_the_folder_is_removed(scene: Scene, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    folder.mkdir()
    with started(scene, folder) as supervisor:
        pass
    tier = {worker.name: worker.tier for worker in WORKERS}
    tiers = [tier[name] for name in scene.ended]
    assert tiers == sorted(tiers)
    assert len(tiers) == len(WORKERS)
    assert not folder.exists()
    assert {health.state for health in supervisor.condition.workers.values()} == {"stopped"}


def test_one_that_is_still_starting_at_the_end_is_not_waited_for(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    die(scene, supervisor, "prosody")
    scene.now_s += 1
    supervisor.attend(0)
    assert state_of(supervisor, "prosody") == ("starting", "killed by signal 9")
    supervisor.stop()
    assert scene.child("prosody").exit_code == -9
    assert scene.ended.count("prosody") == 1  # its predecessor
    assert state_of(supervisor, "prosody") == ("stopped", "")


def test_what_had_failed_is_still_said_to_have_failed_after_the_end(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path, restarts=1)
    die(scene, supervisor, "face")
    supervisor.stop()
    assert state_of(supervisor, "face") == ("failed", "failed 1 times in 60 s, last: killed by signal 9")

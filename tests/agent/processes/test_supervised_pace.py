"""What the supervisor asks of encoders that cannot keep up, with processes, queues and time made of nothing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from agent.processes.supervisor import Supervisor
from agent.processes.wire import Condition
from agent.topology import WORKERS, WorkerName
from deadpan.messages import Pace
from tests.agent.processes.scene import Scene, die, started


def test_encoders_that_cannot_keep_up_are_asked_for_less_and_for_all_again_when_they_can(
    scene: Scene, tmp_path: Path
) -> None:
    supervisor = started(scene, tmp_path)
    _run(scene, supervisor, 3, lag_ms=1400.0, busy=0.5)
    assert _paces(scene) == [(1, "recognizing every 1 s: speech was 1.4 s behind")]
    _run(scene, supervisor, 12, lag_ms=20.0, busy=0.1)
    assert _paces(scene)[1:] == [(0, "")]
    full, less = Pace(step_s=0.5, face_rate_hz=15.0), Pace(level=1, step_s=1.0, face_rate_hz=15.0)
    told = {child.assignment.name: child.paces for child in scene.children if child.paces}
    assert told == {name: [less, full] for name in ("face", "prosody", "speech")}


def test_a_change_of_pace_is_reported_at_once(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    for _ in range(2):
        told = len(scene.told)
        scene.now_s += 0.2
        scene.pulse("speech", "running", busy=1.0)
        supervisor.attend(0)
    (report,) = scene.told[told:]
    assert isinstance(report, Condition)
    assert report.pace.level == 1
    assert report.strain == "recognizing every 1 s: speech was at work 100% of the time"


def test_an_encoder_that_comes_back_is_told_the_present_pace(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    _run(scene, supervisor, 2, busy=0.9)
    die(scene, supervisor, "speech")
    scene.now_s += 1
    supervisor.attend(0)
    assert scene.child("speech").paces == [Pace(level=1, step_s=1.0, face_rate_hz=15.0)]
    assert len(scene.child("face").paces) == 1


def test_one_that_is_gone_is_told_nothing(scene: Scene, tmp_path: Path) -> None:
    supervisor = started(scene, tmp_path)
    die(scene, supervisor, "face")
    for _ in range(2):
        scene.now_s += 0.04  # it is not started again so soon
        scene.pulse("speech", "running", busy=1.0)
        supervisor.attend(0)
    assert supervisor.condition.pace.level == 1
    assert scene.child("face").paces == []
    assert len(scene.child("speech").paces) == 1


def test_a_face_encoder_that_is_always_at_work_is_no_overload_but_one_that_is_late_is(
    scene: Scene, tmp_path: Path
) -> None:
    supervisor = started(scene, tmp_path)
    for lag_ms, level in ((90.0, 0), (1200.0, 1)):
        _run(scene, supervisor, 3, "face", lag_ms=lag_ms, busy=1.0)
        assert supervisor.condition.pace.level == level


def _run(
    scene: Scene,
    supervisor: Supervisor,
    seconds: int,
    worker: WorkerName = "speech",
    *,
    lag_ms: float = 12.34,
    busy: float,
) -> None:
    """A second after another in which every process reports, one of them what it is told to."""
    for _ in range(seconds):
        for other in WORKERS:
            if other.name != worker:
                scene.pulse(other.name, "running", lag_ms=5.0)
        scene.pulse(worker, "running", lag_ms=lag_ms, busy=busy)
        scene.now_s += 1
        supervisor.attend(0)


def _paces(scene: Scene) -> list[tuple[int, str]]:
    """The levels that were reported, with their reasons, as they came."""
    told = [(report.pace.level, report.strain) for report in scene.told if isinstance(report, Condition)]
    return [after for before, after in pairwise([(0, ""), *told]) if after != before]

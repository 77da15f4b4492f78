"""Real processes, one of them killed: the stream goes on, and the process comes back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import deadpan
from agent.config import SupervisionConfig
from agent.processes.supervisor import Supervisor
from agent.topology import WORKERS, WorkerName
from tests.integration.processes import PATIENCE_S, TIMES, descendants, is_running, session_folders, started
from tests.integration.sessions import demo_session, follow
from tests.stand_ins.encore import write_encore


def face_is(status: str) -> Callable[[deadpan.Message], bool]:
    return lambda message: isinstance(message, deadpan.Estimate) and message.modalities["face"].status == status


def face_is_older_than(age_ms: float) -> Callable[[deadpan.Message], bool]:
    return lambda m: isinstance(m, deadpan.Estimate) and (m.modalities["face"].age_ms or float("inf")) > age_ms


def running(supervisor: Supervisor, name: WorkerName) -> int:
    """The id of a process that runs: a signal to none would reach the tests themselves."""
    pid = supervisor.pid(name)
    assert pid is not None, f"{name} does not run"
    return pid


def worker_is(name: str, state: str) -> Callable[[deadpan.Message], bool]:
    return lambda m: isinstance(m, deadpan.Health) and m.workers[name].state == state


def sharing(supervisor: Supervisor) -> set[WorkerName]:
    """Those that hold the memory that pictures are lent in."""
    pids = {worker.name: running(supervisor, worker.name) for worker in WORKERS}
    return {name for name, pid in pids.items() if "memfd:deadpan-frames" in Path(f"/proc/{pid}/maps").read_text()}


def lent_from_here() -> int:
    """How many such memories this process still holds, of other tests' sessions too."""
    return sum("deadpan-frames" in os.path.realpath(held) for held in Path("/proc/self/fd").iterdir())


def test_a_face_process_that_is_killed_and_a_voice_s_that_is_stopped_are_masked_reported_and_started_again(
    tmp_path: Path,
) -> None:
    others = lent_from_here()
    supervisor, endpoint = demo_session(tmp_path)
    with supervisor, deadpan.subscribe(endpoint, types=["estimate", "health"]) as subscription:
        supervisor.start()
        follow(supervisor, subscription, face_is("ok"))
        assert sharing(supervisor) == {"camera", "face"}
        killed = running(supervisor, "face")
        os.kill(killed, signal.SIGKILL)
        # Left alone: it might be back, with the pictures that waited for it, before it is missed in any estimate.
        read = follow(supervisor, subscription, face_is_older_than(400), attending=False)
        read += follow(supervisor, subscription, worker_is("face", "restarting"))
        report = read[-1]
        assert isinstance(report, deadpan.Health)
        assert report.state == "degraded"
        assert "signal 9" in report.workers["face"].reason
        read += follow(supervisor, subscription, lambda m: not face_is_older_than(200)(m) and face_is("ok")(m))
        estimates = [m for m in read if isinstance(m, deadpan.Estimate) and m.revision == 0]
        numbers = [estimate.seq for estimate in estimates]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))  # no tick was lost
        assert len({estimate.session for estimate in estimates}) == 1
        assert supervisor.condition.workers["face"].restarts == 1
        assert supervisor.pid("face") not in (None, killed)
        follow(supervisor, subscription, worker_is("face", "running"))
        assert sharing(supervisor) == {"camera", "face"}

        stopped = running(supervisor, "prosody")
        os.kill(stopped, signal.SIGSTOP)
        report = follow(supervisor, subscription, worker_is("prosody", "restarting"))[-1]
        assert isinstance(report, deadpan.Health)
        assert report.workers["prosody"].reason.startswith("no sign of life for 0.4 s")
        follow(supervisor, subscription, worker_is("prosody", "running"))
        assert not is_running(stopped)
    assert not session_folders()
    assert lent_from_here() == others


def test_a_process_that_fails_too_often_is_given_up_and_the_stream_goes_on(tmp_path: Path) -> None:
    supervisor, endpoint = demo_session(tmp_path, SupervisionConfig(restarts=2))
    with supervisor, deadpan.subscribe(endpoint, types=["estimate", "health"]) as subscription:
        supervisor.start()
        for state in ("restarting", "failed"):
            follow(supervisor, subscription, worker_is("face", "running"))
            follow(supervisor, subscription, lambda m: not face_is_older_than(200)(m) and face_is("ok")(m))
            os.kill(running(supervisor, "face"), signal.SIGKILL)
            read = follow(supervisor, subscription, worker_is("face", state))
        report = read[-1]
        assert isinstance(report, deadpan.Health)
        assert "failed 2 times in 60 s, last: killed by signal 9" in report.workers["face"].reason
        follow(supervisor, subscription, face_is("stale"))
        follow(
            supervisor, subscription, lambda m: isinstance(m, deadpan.Estimate) and m.modalities["text"].status == "ok"
        )
        assert supervisor.pid("face") is None


def test_processes_end_when_their_supervisor_is_gone(tmp_path: Path) -> None:
    source, endpoint = write_encore(tmp_path / "encore.mkv", TIMES), f"ipc://{tmp_path}/out"
    before = session_folders()
    with started("run", "--source", str(source), "--publish", endpoint) as process:
        with deadpan.subscribe(endpoint, timeout_s=PATIENCE_S) as subscription:
            next(iter(subscription))
        family = descendants(process.pid)
        process.kill()
        process.wait()
        while any(map(is_running, family)):
            time.sleep(0.02)  # they are no children of ours, so there is nothing to wait on
    for folder in session_folders() - before:  # nobody was left to remove it
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

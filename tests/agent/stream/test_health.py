from __future__ import annotations

import pytest

from agent.stream.health import diagnosis, is_recorded
from agent.topology import WORKERS
from deadpan.messages import WorkerHealth

WELL = WorkerHealth(state="running")


def _workers(**changed: WorkerHealth) -> dict[str, WorkerHealth]:
    return {worker.name: WELL for worker in WORKERS} | changed


@pytest.mark.parametrize("state", ["off", "ready", "running", "starting", "stopped"])
def test_an_agent_without_trouble_is_ok_and_needs_no_reason(state: str) -> None:
    assert diagnosis(_workers(face=WorkerHealth(state=state)), "") == ("ok", ())


@pytest.mark.parametrize("state", ["restarting", "failed"])
def test_one_process_in_trouble_makes_it_degraded_and_its_reason_is_one_line(state: str) -> None:
    worker = WorkerHealth(state=state, reason="no model\nTraceback")
    assert diagnosis(_workers(face=worker), "") == ("degraded", (f"face is {state}: no model",))


def test_trouble_without_a_reason_says_so() -> None:
    assert diagnosis(_workers(face=WorkerHealth(state="failed")), "")[1] == ("face is failed: no reason given",)


def test_a_process_on_its_way_back_is_trouble_still() -> None:
    again = WorkerHealth(state="starting", reason="killed by signal 9", restarts=1)
    assert diagnosis(_workers(face=again), "") == ("degraded", ("face is restarting: killed by signal 9",))


def test_one_that_runs_without_use_makes_it_degraded() -> None:
    worker = WorkerHealth(state="running", reason="8 s of voice, no word understood")
    assert diagnosis(_workers(speech=worker), "") == ("degraded", ("speech: 8 s of voice, no word understood",))


def test_less_than_what_is_configured_is_degraded() -> None:
    assert diagnosis(_workers(), "recognizing every 1 s") == ("degraded", ("recognizing every 1 s",))


@pytest.mark.parametrize(
    ("failed", "state"),
    [
        (("face", "prosody", "speech"), "failed"),
        (("camera", "microphone"), "failed"),
        (("face", "microphone"), "failed"),
        (("camera", "prosody", "speech"), "failed"),
        (("face", "prosody"), "degraded"),
        (("camera", "speech"), "degraded"),
        (("microphone",), "degraded"),
    ],
)
def test_an_agent_whose_every_modality_is_lost_has_failed(failed: tuple[str, ...], state: str) -> None:
    workers = _workers(**{name: WorkerHealth(state="failed", reason="gone") for name in failed})
    assert diagnosis(workers, "")[0] == state


def test_one_that_was_only_to_listen_has_failed_when_it_hears_nothing() -> None:
    deaf = {"microphone": WorkerHealth(state="failed"), "prosody": WELL, "speech": WELL, "fusion": WELL}
    assert diagnosis(deaf, "")[0] == "failed"


@pytest.mark.parametrize(
    ("state", "recorded"),
    [("starting", True), ("running", True), ("restarting", True), ("failed", False), ("stopped", False)],
)
def test_a_session_is_recorded_for_as_long_as_its_recorder_has_not_given_up(state: str, recorded: bool) -> None:
    assert is_recorded(_workers(recorder=WorkerHealth(state=state))) is recorded


def test_a_session_without_a_recorder_is_not() -> None:
    assert not is_recorded(_workers())


def test_a_recording_that_has_ended_is_no_failure_of_the_agent() -> None:
    ended = WorkerHealth(state="failed", reason="the recording has ended: it has reached 1 MB")
    assert diagnosis(_workers(recorder=ended), "") == (
        "degraded",
        ("recorder is failed: the recording has ended: it has reached 1 MB",),
    )

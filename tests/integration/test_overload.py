"""Real processes with a recognizer far too slow: less is asked of it, health says so, the stream stays in time."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

import deadpan
from agent.config import SupervisionConfig
from agent.processes import child
from tests.integration.sessions import demo_session, follow
from tests.stand_ins import slow_worker

SLOWNESS = 0.6  # of a second of sound; some ten times slower than the recognizer is
LEVELS = [(0.5, 15.0), (1.0, 15.0), (2.0, 15.0), (2.0, 10.0), (2.0, 5.0)]


@pytest.fixture
def slow_recognizer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "WORKER", slow_worker.__name__)
    monkeypatch.setenv(slow_worker.SECONDS_PER_SECOND, str(SLOWNESS))


def _is_thinned(message: deadpan.Message) -> bool:
    return isinstance(message, deadpan.Health) and message.workers["face"].counters.get("thinned", 0) > 0


def _is_heard(message: deadpan.Message) -> bool:
    return isinstance(message, deadpan.Utterance)


@pytest.mark.usefixtures("slow_recognizer")
def test_a_recognizer_too_slow_is_asked_for_less_step_by_step_and_the_stream_stays_in_time(tmp_path: Path) -> None:
    supervisor, endpoint = demo_session(tmp_path, SupervisionConfig(pulse_s=0.25))
    with supervisor, deadpan.subscribe(endpoint, types=["estimate", "health", "utterance"]) as subscription:
        supervisor.start()
        read = follow(supervisor, subscription, _is_thinned)
        read += follow(supervisor, subscription, _is_heard)

    healths = [m for m in read if isinstance(m, deadpan.Health)]
    levels = [health.pace.level for health in healths]
    assert levels[0] == 0
    assert all(after - before in (0, 1) for before, after in pairwise(levels))
    assert levels[-1] >= 3  # pictures are being thinned
    for health in healths:
        assert (health.pace.step_s, health.pace.face_rate_hz) == LEVELS[health.pace.level]
        assert health.state == ("degraded" if health.pace.level else "ok"), health.reasons
    risen = [after for before, after in pairwise(healths) if after.pace.level > before.pace.level]
    assert [health.reasons[0].partition(":")[0] for health in risen][:3] == [
        "recognizing every 1 s",
        "recognizing every 2 s",
        "recognizing every 2 s and looking 10 times a second",
    ]
    assert healths[-1].workers["speech"].restarts == 0

    estimates = [m for m in read if isinstance(m, deadpan.Estimate) and m.revision == 0]
    assert all(after.seq == before.seq + 1 for before, after in pairwise(estimates))
    assert sum(estimate.latency_ms > 1000 for estimate in estimates) <= 2  # guarded here, measured in bench
    utterances = [m for m in read if isinstance(m, deadpan.Utterance)]
    # No reading begins later than 5 s after the end of its utterance, and the longest of the demo takes less than 3 s.
    assert all(utterance.latency_ms < 10_000 for utterance in utterances)

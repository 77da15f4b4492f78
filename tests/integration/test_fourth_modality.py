"""A modality that nothing here was made for, in a session of real processes: told of, heeded, harmless in death."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import deadpan
from agent.capture.media import probe
from agent.config import Config, ModalityConfig
from agent.isolation import obstacle
from agent.replay import Player
from agent.session import demo_location, open_session, resolve_inputs
from agent.topology import WORKERS
from deadpan.messages import ModalityReading
from encoders.samples import Modality
from fusion.term import TOLD, Term, save
from tests.agent.capture.films import beginning
from tests.integration.processes import TIMES
from tests.integration.watched import Watched
from tests.plug_ins import EXAMPLE, HEART, install
from tests.stand_ins.encore import write_encore

DIM = 3
ROUSED = Term(Modality("heart"), "1", (0.0,) * (len(TOLD) + DIM), (1.0,) * (len(TOLD) + DIM), (0, 0, 2.0, 0, 0, 0))
IMPATIENT = """
from dataclasses import replace
from deadpan_heart import PLUG_IN as USUAL
PLUG_IN = replace(USUAL, idle_s=1.5)
"""


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """The demo, over and over, with a heart that beats ever faster, which fusion takes for a sign of sarcasm."""
    (tmp_path / "impatient.py").write_text(IMPATIENT)
    install(tmp_path / "site", monkeypatch, "heart = impatient:PLUG_IN", code=EXAMPLE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    strap = tmp_path / "strap.csv"
    strap.write_text("time_s,bpm\n" + "".join(f"{n / 2},{70 + min(n, 200) / 2}\n" for n in range(1200)))
    save(ROUSED, tmp_path / "heart.json")
    endpoint = f"ipc://{tmp_path}/out"
    config = Config(
        source=str(write_encore(tmp_path / "encore.mkv", TIMES)),
        modalities={"heart": ModalityConfig(str(strap), str(tmp_path / "heart.json"))},
        publish=replace(Config().publish, endpoint=endpoint),
    )
    with (
        open_session(config, resolve_inputs(config)) as supervisor,
        deadpan.subscribe(endpoint, types=("estimate", "health")) as subscription,
    ):
        assert supervisor.start() == []
        yield Watched(supervisor, subscription, supervisor.folder)


def test_it_has_its_standing_and_its_say_and_its_death_harms_nobody(session: Watched) -> None:
    def heart() -> ModalityReading:
        return session.estimates[-1].modalities["heart"]

    session.begin()
    session.until(lambda: heart().status == "ok" and heart().contribution > 0)
    told = session.estimates[-1]
    assert told.model.endswith("+heart-1")
    assert heart().activation is not None
    assert (heart().sarcasm, heart().sentiment) == (None, None)
    assert list(told.modalities) == ["face", "voice", "text", "heart"]
    assert session.healths[-1].workers["heart"].network == ("none" if not obstacle() else "all")

    before = {worker.name: session.pid(worker.name) for worker in WORKERS}
    session.signal("heart", signal.SIGKILL)
    session.leave_until(lambda: session.is_masked("heart"))
    session.until(lambda: heart().status == "ok" and session.published_restarts("heart") == 1)
    assert any("heart is restarting: killed by signal 9" in reason for reason in session.reasons("heart"))
    assert {worker.name: session.pid(worker.name) for worker in WORKERS} == before
    assert session.missing_ticks() == 0


def test_a_recording_is_scored_with_what_lies_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site", monkeypatch, HEART)
    talk = beginning(demo_location(), tmp_path / "talk.mp4", 3.0)
    (tmp_path / "talk.heart.csv").write_text("time_s,bpm\n" + "".join(f"{n / 2},{70 + n}\n" for n in range(100)))
    with Player(Config()) as player:
        told = [message for message in player.play(probe(str(talk)), "s") if isinstance(message, deadpan.Estimate)]
    finals = [estimate for estimate in told if estimate.final]
    assert 2.5e9 < finals[-1].end_ns < 3.5e9  # the strap was worn for 50 s
    assert {estimate.modalities["heart"].status for estimate in finals[5:]} == {"ok"}
    assert {estimate.modalities["heart"].contribution for estimate in finals} == {0.0}  # nothing was fitted

from __future__ import annotations

import pytest

from agent.plug_ins.declaration import PlugInError, checked
from agent.topology import EDGES, RECORDER, RECORDING, WORKERS, edges_for, workers_for
from encoders.samples import Modality

TIERS = {worker.name: worker.tier for worker in WORKERS}
BOTH = EDGES + RECORDING


def test_every_process_is_in_the_table_once_and_no_plug_in_may_be_named_like_one() -> None:
    names = [worker.name for worker in (*WORKERS, RECORDER)]
    assert len(set(names)) == len(names)
    for name in (*names, *Modality, "supervisor"):
        with pytest.raises(PlugInError, match="that name is taken"):
            checked(name)


def test_a_plug_in_writes_to_fusion_and_nobody_to_it() -> None:
    (added,) = set(edges_for(recorded=True, plug_ins=["heart"])) - set(BOTH)
    assert (added.writer, added.reader, added.keep) == ("heart", "fusion", "all")
    assert 0 < added.depth <= 1000


def test_every_reader_is_started_before_its_writers() -> None:
    tiers = TIERS | {RECORDER.name: RECORDER.tier}
    assert all(tiers[edge.reader] > tiers[edge.writer] for edge in BOTH)


def test_everything_but_the_captures_reads_and_everything_but_fusion_writes() -> None:
    assert {edge.reader for edge in EDGES} == set(TIERS) - {"camera", "microphone"}
    assert {edge.writer for edge in EDGES} == set(TIERS) - {"fusion"}


def test_every_modality_has_one_process_that_tells_fusion_of_it() -> None:
    speaking = {worker.name: worker.modality for worker in WORKERS if worker.modality}
    assert sorted(speaking.values()) == sorted(Modality)
    assert {edge.writer for edge in EDGES if edge.reader == "fusion"} == set(speaking)


def test_only_pictures_may_be_skipped_and_every_queue_is_bounded() -> None:
    assert [edge.carries for edge in EDGES if edge.keep == "newest"] == ["frames"]
    assert all(0 < edge.depth <= 1000 for edge in BOTH)


@pytest.mark.parametrize(
    ("camera", "microphone", "names"),
    [
        (True, True, {"camera", "microphone", "face", "prosody", "speech", "fusion"}),
        (True, False, {"camera", "face", "fusion"}),
        (False, True, {"microphone", "prosody", "speech", "fusion"}),
        (False, False, {"fusion"}),
    ],
)
def test_an_input_that_is_missing_takes_its_encoders_with_it(camera: bool, microphone: bool, names: set[str]) -> None:
    assert {worker.name for worker in workers_for(camera=camera, microphone=microphone)} == names


def test_a_session_has_a_recorder_only_when_it_is_recorded() -> None:
    assert edges_for(recorded=False) == EDGES
    assert {edge.reader for edge in edges_for(recorded=True)} - {edge.reader for edge in EDGES} == {"recorder"}
    assert {edge.writer for edge in RECORDING} == {"camera", "microphone", "fusion"}
    workers = workers_for(camera=True, microphone=False, recorded=True)
    assert {worker.name for worker in workers} == {"camera", "face", "fusion", "recorder"}

from __future__ import annotations

from typing import get_args

import pytest

from agent.topology import EDGES, WORKERS, WorkerName, workers_for
from encoders.samples import Modality

TIERS = {worker.name: worker.tier for worker in WORKERS}


def test_every_process_is_in_the_table_once() -> None:
    assert sorted(worker.name for worker in WORKERS) == sorted(get_args(WorkerName))


def test_every_reader_is_started_before_its_writers() -> None:
    assert all(TIERS[edge.reader] > TIERS[edge.writer] for edge in EDGES)


def test_everything_but_the_captures_reads_and_everything_but_fusion_writes() -> None:
    assert {edge.reader for edge in EDGES} == set(TIERS) - {"camera", "microphone"}
    assert {edge.writer for edge in EDGES} == set(TIERS) - {"fusion"}


def test_every_modality_has_one_process_that_tells_fusion_of_it() -> None:
    speaking = {worker.name: worker.modality for worker in WORKERS if worker.modality}
    assert sorted(speaking.values()) == sorted(Modality)
    assert {edge.writer for edge in EDGES if edge.reader == "fusion"} == set(speaking)


def test_only_pictures_may_be_skipped_and_every_queue_is_bounded() -> None:
    assert [edge.carries for edge in EDGES if edge.keep == "newest"] == ["frames"]
    assert all(0 < edge.depth <= 1000 for edge in EDGES)


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

"""A recording's turn: scored, found scored already, or failed; and what is made of its results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import pytest

from agent.capture.media import Recording
from agent.config import Config
from agent.replay import Player, ReplayError
from agent.report.products import ProductError, chosen
from agent.scoring.attempt import Outcome, Wanted, attempt, recalled
from agent.scoring.recordings import Task, plan
from agent.scoring.summary import fingerprint
from deadpan.messages import Message
from tests.agent.capture.films import write_audio
from tests.agent.report.spoken import said
from tests.deadpan.sent import S, estimate

WANTED = Wanted("settings", ("srt", "eaf"))


class Counting:
    """A player that counts how often it was asked, and fails if it is to."""

    def __init__(self) -> None:
        self.played = 0
        self.failure = ""

    def also_read(self, location: Path) -> tuple[Path, ...]:
        beside = location.with_suffix(".heart.csv")
        return (beside,) if beside.exists() else ()

    def play(self, _recording: Recording, _session: str) -> Iterator[Message]:
        self.played += 1
        yield msgspec.structs.replace(estimate(1, revision=1), start_ns=0, end_ns=S)
        yield said("Oh great", 0, 1, 0.9)
        if self.failure:
            raise ReplayError(self.failure)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    write_audio(tmp_path / "a.wav", np.zeros((16_000, 1)), 16_000)
    (only,) = plan([tmp_path / "a.wav"], tmp_path / "out").tasks
    return only


@pytest.fixture
def player() -> Counting:
    return Counting()


def _attempt(task: Task, player: Counting, wanted: Wanted = WANTED) -> Outcome:
    there = recalled(task, cast(Player, player), wanted, lambda _: None)
    return there or attempt(task, cast(Player, player), wanted, lambda *_: None, lambda _: None)


def test_what_was_scored_is_not_scored_again(task: Task, player: Counting) -> None:
    first, second = _attempt(task, player), _attempt(task, player)
    assert (first.found, second.found, player.played) == (False, True, 1)
    assert first.summary == second.summary is not None


@pytest.mark.parametrize("change", ["content", "measured", "settings", "again", "interrupted"])
def test_it_is_scored_again_when_it_would_come_out_otherwise(task: Task, player: Counting, change: str) -> None:
    _attempt(task, player)
    wanted = WANTED
    match change:
        case "content":
            write_audio(task.location, np.zeros((8_000, 1)), 16_000)
        case "measured":
            task.location.with_suffix(".heart.csv").write_text("what a plug-in reads beside it")
        case "settings":
            wanted = replace(WANTED, settings="others")
        case "again":
            wanted = replace(WANTED, again=True)
        case _:
            (task.folder / "summary.json").unlink()
    assert not _attempt(task, player, wanted).found
    assert player.played == 2


def test_what_is_wanted_more_is_made_of_the_results_that_are_there(task: Task, player: Counting) -> None:
    _attempt(task, player)
    before = (task.folder / "annotation.eaf").stat().st_mtime_ns
    assert not (task.folder / "words.csv").exists()
    _attempt(task, player, replace(WANTED, products=("eaf", "csv")))
    assert (task.folder / "words.csv").read_text().count("\n") == 3
    assert (task.folder / "annotation.eaf").stat().st_mtime_ns == before
    assert player.played == 1


def test_hints_are_switched_off_without_scoring_again(task: Task, player: Counting) -> None:
    _attempt(task, player)
    assert "not meant literally" in (task.folder / "captions.srt").read_text()
    _attempt(task, player, replace(WANTED, hints=False))
    assert "not meant literally" not in (task.folder / "captions.srt").read_text()
    assert player.played == 1


def test_the_overlay_goes_where_it_was_asked_for(task: Task, player: Counting, tmp_path: Path) -> None:
    assert _attempt(task, player, replace(WANTED, overlay=tmp_path / "film.mp4")).summary is not None
    assert (tmp_path / "film.mp4").stat().st_size > 1000
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".part") or path.name == "overlay.mp4"]


def test_a_failure_is_told_and_leaves_what_was_there(task: Task, player: Counting) -> None:
    _attempt(task, player)
    player.failure = "the face process ended"
    failed = _attempt(task, player, replace(WANTED, again=True))
    assert (failed.summary, failed.problem) == (None, "the face process ended")
    assert (task.folder / "captions.srt").exists()
    assert _attempt(task, player).found


def test_a_folder_that_cannot_be_made_is_told(task: Task, player: Counting) -> None:
    task.folder.parent.write_text("a file where the folder should be")
    failed = _attempt(task, player)
    assert failed.summary is None
    assert "cannot write to" in failed.problem


def test_settings_that_do_not_count_do_not_make_results_others() -> None:
    config = Config()
    assert fingerprint(replace(config, source="demo")) == fingerprint(config)
    assert fingerprint(replace(config, fusion=replace(config.fusion, base_rate=0.2))) != fingerprint(config)


def test_products_are_chosen_by_name() -> None:
    assert chosen(["srt", "csv", "srt"]) == ("srt", "csv")
    assert set(chosen(["all"])) > {"srt", "parquet"}
    with pytest.raises(ProductError, match="there are: html, vtt"):
        chosen(["docx"])

"""Recordings through `deadpan score --engine ray`, on a real Ray of this machine: as without, and it leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from agent.session import demo_location
from tests.agent.capture.films import beginning
from tests.integration.processes import PATIENCE_S, command_line, descendants, finished, is_running, started

pytest.importorskip("ray", reason="needs the ray extra")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording, and two that are none: more than there are cores to score them."""
    folder = tmp_path_factory.mktemp("corpus")
    beginning(demo_location(), folder / "a.mp4", 2.4)
    for name in ("b.mp4", "c.mp4"):
        (folder / name).write_text("these are notes, no film")
    return folder


@pytest.fixture(scope="module")
def scored(
    corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str], set[Path]]:
    """What came out, what was told, and what there is in the home folder, which was empty."""
    out, home = corpus / "out", tmp_path_factory.mktemp("home")
    score = ("score", str(corpus), "--out", str(out), "--write", "eaf", "--engine", "ray")
    result = finished(*score, env={"HOME": str(home)})
    return out, result, set(home.iterdir())


def test_all_are_scored_and_a_bad_one_ends_nothing(
    scored: tuple[Path, subprocess.CompletedProcess[str], set[Path]],
) -> None:
    out, result, _ = scored
    assert result.returncode == 1
    assert "1 of 3 recordings" in result.stdout
    assert "b.mp4" in result.stderr
    assert "c.mp4" in result.stderr
    assert "Traceback" not in result.stderr
    assert (out / "a" / "annotation.eaf").stat().st_size > 1000


def test_the_results_are_those_of_scoring_without(
    corpus: Path, scored: tuple[Path, subprocess.CompletedProcess[str], set[Path]]
) -> None:
    out, _, _ = scored
    result = finished("score", str(corpus / "a.mp4"), "--out", str(corpus / "here"), "--write", "eaf")
    assert result.returncode == 0, result.stderr
    for path in (corpus / "here" / "a").iterdir():
        assert path.read_bytes() == (out / "a" / path.name).read_bytes()


def test_it_leaves_no_file_where_none_was_asked_for(
    scored: tuple[Path, subprocess.CompletedProcess[str], set[Path]],
) -> None:
    assert not scored[2]
    assert not list(Path(os.environ.get("TMPDIR", "/tmp")).glob("deadpan-ray-*"))  # noqa: S108 - where Ray's would be


@pytest.mark.long  # a Ray of its own each, to see what is true of one
def test_a_scorer_that_is_killed_costs_one_recording_and_another_takes_its_place(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        beginning(demo_location(), tmp_path / name, 12)
    with started(
        "score", str(tmp_path), "--out", str(tmp_path / "out"), "--write", "none", "--engine", "ray"
    ) as process:
        while not list(tmp_path.rglob("estimates.jsonl.part")):
            assert process.poll() is None
            time.sleep(0.05)
        scorers = [pid for pid in descendants(process.pid) if command_line(pid).startswith("ray::Scorer")]
        os.kill(scorers[0], signal.SIGKILL)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "2 of 3 recordings" in out
    assert "its scorer ended" in err
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.long
def test_told_to_end_it_leaves_nothing_half_written_and_no_process(tmp_path: Path) -> None:
    with started("score", demo_location(), "--out", str(tmp_path), "--engine", "ray") as process:
        while not list(tmp_path.rglob("estimates.jsonl.part")):
            assert process.poll() is None
            time.sleep(0.05)
        family = descendants(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == 130
    assert [path.name for path in tmp_path.rglob("*")] == ["demo"]
    while any(map(is_running, family)):
        time.sleep(0.05)

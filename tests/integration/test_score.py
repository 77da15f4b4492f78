"""Recordings through `deadpan score`: real talking faces, and files that are none."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from agent.session import demo_location
from tests.agent.capture.films import beginning
from tests.integration.processes import PATIENCE_S, descendants, finished, is_running, messages, started

FACES = Path(__file__).parents[2].parent / "shared" / "data" / "av"
needs_faces = pytest.mark.skipif(not FACES.is_dir(), reason="needs the talking faces of ../shared/data/av")
WORDS = {
    "bin",
    "blue",
    "at",
    "f",
    "two",
    "now",
    "red",
    "by",
    "k",
    "seven",
    "lay",
    "x",
    "four",
    "c",
    "again",
    "with",
    "p",
}


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scored")
    result = finished("score", str(FACES), "--out", str(out))
    assert result.returncode == 0, result.stderr
    assert f"5 of 5 recordings, 0:15, {len(list(out.glob('*')))} utterances" in result.stdout
    return out


@needs_faces
def test_a_folder_scored_again_is_found_scored_and_what_is_wanted_more_is_made(scored: Path) -> None:
    results = [path.read_bytes() for path in sorted(scored.glob("*/*.jsonl"))]
    (scored / "lbax4n" / "words.csv").unlink()
    result = finished("score", str(FACES), "--out", str(scored))
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("scored already ->") == 5
    assert [path.read_bytes() for path in sorted(scored.glob("*/*.jsonl"))] == results
    assert (scored / "lbax4n" / "words.csv").exists()


def read(path: Path) -> list[dict[str, Any]]:
    return messages(path.read_text())


@needs_faces
def test_the_words_of_real_talking_faces_are_found(scored: Path) -> None:
    found, spoken = 0, 0
    for folder, sentence in (
        ("lbax4n", "lay blue at x four now"),
        ("lrwp9a", "lay red with p nine again"),
        ("brbk7n", "bin red by k seven now"),
    ):
        heard = (scored / folder / "transcript.txt").read_text().lower().replace("-", " ").replace(".", "").split()
        spoken += len(sentence.split())
        found += sum(word in heard for word in sentence.split())
    assert found >= 0.5 * spoken  # the sentences have no sense that could help a recognizer: see docs/speech.md


@needs_faces
def test_their_faces_are_seen_in_nearly_every_estimate(scored: Path) -> None:
    for path in sorted(scored.glob("*/estimates.jsonl")):
        estimates = read(path)
        assert len(estimates) in (14, 15)
        assert sum(e["modalities"]["face"]["status"] == "ok" for e in estimates) >= len(estimates) - 1


@needs_faces
def test_their_voices_are_heard_while_they_speak(scored: Path) -> None:
    for path in sorted(scored.glob("*/utterances.jsonl")):
        for utterance in read(path):
            assert utterance["modalities"]["voice"]["status"] == "ok"
            assert utterance["modalities"]["voice"]["sarcasm"] is not None


@needs_faces
def test_their_words_lie_in_order_within_the_utterance(scored: Path) -> None:
    for path in sorted(scored.glob("*/utterances.jsonl")):
        for utterance in read(path):
            times = [(word["start_ns"], word["end_ns"]) for word in utterance["words"]]
            assert times == sorted(times)
            assert utterance["start_ns"] <= times[0][0]
            assert times[-1][1] <= utterance["end_ns"]
            assert {word["timing"] for word in utterance["words"]} == {"measured"}


@pytest.fixture(scope="module")
def among_bad_ones(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A recording, scored after a file that is none and one that is not there: its results, and what was told."""
    folder = tmp_path_factory.mktemp("among_bad_ones")
    talk = beginning(demo_location(), folder / "talk.mp4", 14.0)
    bad = folder / "notes.mp4"
    bad.write_text("these are notes, no film")
    out = folder / "out"
    result = finished("score", str(bad), "/no/such/file.wav", str(talk), "--out", str(out))
    return out / "talk", result


def test_scoring_twice_gives_the_same_bytes(
    among_bad_ones: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    first, _ = among_bad_ones
    result = finished("score", str(first.parents[1] / "talk.mp4"), "--out", str(tmp_path))
    assert result.returncode == 0, result.stderr
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "talk").iterdir())
    assert {"estimates.jsonl", "summary.json", "captions.vtt", "annotation.TextGrid", "words.csv"} <= set(names)
    for name in set(names) - {"annotation.eaf"}:  # which says where the recording is from there
        once, again = ((folder / name).read_bytes() for folder in (first, tmp_path / "talk"))
        assert once == again
        assert once
    estimates = read(first / "estimates.jsonl")
    assert [estimate["seq"] for estimate in estimates] == list(range(len(estimates)))
    assert all(estimate["final"] for estimate in estimates)


def test_the_state_goes_on_where_the_demo_is_sarcastic_and_is_off_before_and_after(
    among_bad_ones: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = among_bad_ones
    [said] = [each for each in read(folder / "utterances.jsonl") if "always funny" in each["text"]]
    on = [each["end_ns"] for each in read(folder / "estimates.jsonl") if each["sarcasm"]["state"] == "on"]
    assert on
    assert said["start_ns"] < on[0]
    assert on[-1] < said["end_ns"] + 2_000_000_000


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_told_to_end_it_leaves_nothing_half_written_and_no_process(tmp_path: Path, ending: signal.Signals) -> None:
    with started("score", demo_location(), "--out", str(tmp_path)) as process:
        while not list(tmp_path.rglob("estimates.jsonl.part")):
            assert process.poll() is None
            time.sleep(0.05)
        family = descendants(process.pid)
        process.send_signal(ending)
        assert process.wait(timeout=PATIENCE_S) == 130
    assert [path.name for path in tmp_path.rglob("*")] == ["demo"]
    while any(map(is_running, family)):  # one just being started ends once it has read that nobody is left
        time.sleep(0.05)


def test_one_bad_file_does_not_end_the_run(
    among_bad_ones: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, result = among_bad_ones
    assert result.returncode == 1
    assert "notes.mp4" in result.stderr
    assert "/no/such/file.wav" in result.stderr
    assert "Traceback" not in result.stderr
    assert "1 of 3 recordings, 0:14, 4 utterances, 2 failed" in result.stdout
    assert (folder / "transcript.txt").read_text()

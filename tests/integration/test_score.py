"""Recordings through `deadpan score`: real talking faces, and files that are none."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from agent.session import demo_location
from tests.integration.processes import descendants, finished, is_running, messages, started

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
    result = finished("score", *map(str, sorted(FACES.glob("*.mpg"))), "--out", str(out), timeout_s=150)
    assert result.returncode == 0, result.stderr
    return out


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


def test_scoring_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("once", "again"):
        result = finished("score", demo_location(), "--out", str(tmp_path / name), timeout_s=120)
        assert result.returncode == 0, result.stderr
    for name in ("estimates.jsonl", "utterances.jsonl", "transcript.txt"):
        once, again = ((tmp_path / folder / "demo" / name).read_bytes() for folder in ("once", "again"))
        assert once == again
        assert once
    estimates = [json.loads(line) for line in (tmp_path / "once/demo/estimates.jsonl").read_text().splitlines()]
    assert [estimate["seq"] for estimate in estimates] == list(range(len(estimates)))
    assert all(estimate["final"] for estimate in estimates)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_told_to_end_it_leaves_nothing_half_written_and_no_process(tmp_path: Path, ending: signal.Signals) -> None:
    with started("score", demo_location(), "--out", str(tmp_path)) as process:
        while not list(tmp_path.rglob("estimates.jsonl.part")):
            assert process.poll() is None
            time.sleep(0.05)
        family = descendants(process.pid)
        process.send_signal(ending)
        assert process.wait(timeout=20) == 130
    assert [path.name for path in tmp_path.rglob("*")] == ["demo"]
    while any(map(is_running, family)):  # one just being started ends once it has read that nobody is left
        time.sleep(0.05)


def test_one_bad_file_does_not_end_the_run(tmp_path: Path) -> None:
    bad = tmp_path / "notes.mp4"
    bad.write_text("these are notes, no film")
    result = finished(
        "score", str(bad), "/no/such/file.wav", demo_location(), "--out", str(tmp_path / "out"), timeout_s=120
    )
    assert result.returncode == 1
    assert "notes.mp4" in result.stderr
    assert "/no/such/file.wav" in result.stderr
    assert "Traceback" not in result.stderr
    assert (tmp_path / "out" / "demo" / "transcript.txt").read_text()

"""What is shown while recordings are scored, and the table at the end."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest

from agent.scoring.attempt import Outcome
from agent.scoring.display import Display, length, show_table
from agent.scoring.recordings import Task
from agent.scoring.summary import Summary

SCORED = Summary(
    recording="a.wav",
    session="s",
    settings="t",
    model="m",
    duration_s=61.5,
    estimates=307,
    utterances=3,
    words=20,
    sarcastic=1,
    sarcasm=0.4321,
    literal=0.5,
    delivered=None,
    intended=-0.25,
    losses="",
)


def _task(name: str) -> Task:
    return Task(Path(name), Path("out") / name, name, 1000)


OUTCOMES = (
    Outcome(_task("a.wav"), SCORED, took_s=10),
    Outcome(_task("[b].wav"), msgspec.structs.replace(SCORED, losses="truncated 1"), found=True),
    Outcome(_task("c.wav"), None, "c.wav is an empty file."),
)


def test_each_recording_has_its_row_and_all_of_them_a_line() -> None:
    out = io.StringIO()
    show_table(OUTCOMES, out)
    lines = out.getvalue().splitlines()
    assert lines[1].split() == ["a.wav", "1:02", "3", "20", "1", "0.43", "+0.50", "-", "-0.25"]
    assert lines[2].split()[0] == "[b].wav"
    assert lines[2].strip().endswith("damaged: truncated 1")
    assert lines[3].split() == ["c.wav", "failed"]
    assert lines[4] == "2 of 3 recordings, 2:03, 6 utterances, 1 of them scored already, 1 failed"


def test_a_corpus_is_told_in_one_line() -> None:
    out = io.StringIO()
    show_table(OUTCOMES[:1] * 1000, out)
    assert out.getvalue() == "1000 of 1000 recordings, 17:05:00, 3000 utterances\n"


def test_results_are_told_on_standard_output_and_failures_on_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    with Display([outcome.task for outcome in OUTCOMES]) as display:
        for outcome in OUTCOMES:
            display.heard(outcome.task, 5, 10)
            display.came(outcome)
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "[1/3] a.wav: 61.5 s in 10.0 s (6.2 times real time), 307 estimates, 3 utterances -> out/a.wav",
        "[2/3] [b].wav: scored already -> out/[b].wav",
    ]
    assert "deadpan: c.wav is an empty file." in told.err


def test_the_bar_counts_bytes_and_leaves_out_what_took_no_time() -> None:
    with Display([outcome.task for outcome in OUTCOMES]) as display:
        display.heard(OUTCOMES[0].task, 5, 10)
        assert display.share == pytest.approx(500 / 3000)
        display.came(OUTCOMES[0])
        assert display.share == pytest.approx(1000 / 3000)
        display.came(OUTCOMES[1])
        assert display.share == pytest.approx(1000 / 2000)
        display.heard(OUTCOMES[2].task, 5, None)
        display.came(OUTCOMES[2])
        assert display.share == 1


@pytest.mark.parametrize(("seconds", "shown"), [(0.4, "0:00"), (59.6, "1:00"), (3599, "59:59"), (3661, "1:01:01")])
def test_lengths_are_shown_as_clocks_show_them(seconds: float, shown: str) -> None:
    assert length(seconds) == shown

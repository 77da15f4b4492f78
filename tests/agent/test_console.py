from __future__ import annotations

import json
from io import StringIO

import pytest
from msgspec.structs import replace

from agent.console import JsonLines, Lines, Onlooker, estimate_line, network_line, recording_line, utterance_line
from deadpan.messages import Estimate, Event, Health, ModalityReading, Sarcasm, Sentiment, Transcript, WorkerHealth
from tests.deadpan.sent import S, estimate, every_type, utterance


def _health(state: str, *reasons: str) -> Health:
    health = next(message for message in every_type() if isinstance(message, Health))
    return replace(health, state=state, reasons=reasons)


def _at(end_ns: int, *, revision: int = 0) -> Estimate:
    return replace(estimate(revision=revision), start_ns=0, end_ns=end_ns)


def test_json_lines_are_the_bodies_one_a_line() -> None:
    out = StringIO()
    view = JsonLines(out)
    for message in (estimate(1), utterance()):
        view.show(message)
    assert [json.loads(line)["type"] for line in out.getvalue().splitlines()] == ["estimate", "utterance"]


@pytest.mark.parametrize(("revisions", "shown"), [(False, [0]), (True, [0, 1])])
def test_later_revisions_are_printed_only_when_asked_for(revisions: bool, shown: list[int]) -> None:
    out = StringIO()
    view = JsonLines(out, revisions=revisions)
    for revision in (0, 1):
        view.show(estimate(1, revision))
    assert [json.loads(line)["revision"] for line in out.getvalue().splitlines()] == shown


def test_an_estimate_s_line_has_its_time_sarcasm_sentiments_and_how_each_modality_stands() -> None:
    line = estimate_line(estimate(), "Oh great")
    assert line.split() == ["162.0", "▇", "0.82", "on", "+0.80", "-0.50", "-0.60", "-", "●", "◐", "Oh", "great"]


def test_a_plug_in_s_modality_has_a_dot_after_the_three_that_are_built_in() -> None:
    out = StringIO()
    heart = ModalityReading(status="ok", age_ms=400.0, sarcasm=None, sentiment=None, contribution=0.0)
    Lines(out).show(replace(estimate(), modalities=estimate().modalities | {"heart": heart}))
    legend, line = out.getvalue().splitlines()
    assert legend.endswith("  face  voice text  heart  words")
    assert line.split()[7:] == ["-", "●", "◐", "●"]


def test_who_has_not_said_what_it_reaches_is_not_said_to_reach_everything() -> None:
    workers = {"face": WorkerHealth(state="running", network="none"), "heart": WorkerHealth(state="starting")}
    assert network_line(workers) == "Network: none for face; not known yet for heart."


def _told(second: int, shown: int | None) -> Health:
    counters = {} if shown is None else {"pictures_shown": shown}
    workers = {"camera": WorkerHealth(state="running", counters=counters)}
    return replace(_health("ok"), end_ns=second * S, workers=workers)


@pytest.mark.parametrize(
    ("counts", "looks"),
    [
        ([None, None, None], False),  # nothing is to be shown
        ([0, 0, 0], False),  # nobody has looked
        ([57, 57, 57], False),  # somebody has, before we came
        ([0, 14, 29], True),
        ([0, 14, 14], True),  # told twice of one pulse
        ([0, 14, 14, 14, 14], False),
        ([57, 3], True),  # by a process that was started again
        ([57, 0], False),
    ],
)
def test_whether_somebody_looks_at_the_picture_is_told_by_how_many_were_shown(
    counts: list[int | None], looks: bool
) -> None:
    onlooker = Onlooker()
    for second, count in enumerate(counts):
        onlooker.take(_told(second, count))
    assert onlooker.looks is looks


def test_while_the_picture_is_shown_every_line_says_so() -> None:
    out = StringIO()
    view = Lines(out)
    for message in (_told(0, 0), _told(1, 15), _at(2 * S)):
        view.show(message)
    assert out.getvalue().splitlines()[-1].endswith("[picture shown]")


def test_a_line_of_a_session_that_is_recorded_says_so_before_its_words() -> None:
    line = estimate_line(replace(estimate(), recording=True), "Oh great")
    assert line.endswith("   [recording] Oh great")
    assert "recording" not in estimate_line(estimate(), "Oh great")


def test_who_is_recorded_is_told_where_and_how_it_is_undone() -> None:
    told = recording_line("/home/me/my takes/a")
    assert "/home/me/my takes/a until this ends" in told
    assert told.endswith("deadpan purge '/home/me/my takes/a'")


def test_what_is_not_known_is_a_dot() -> None:
    nothing = replace(
        estimate(),
        sarcasm=Sarcasm(probability=None, state="unknown"),
        sentiment=Sentiment(literal=None, delivered=None, intended=None),
        modalities={},
    )
    assert estimate_line(nothing, "").split() == ["162.0", "·", "·", "unknown", *["·"] * 6]


def test_an_utterance_s_lines_have_its_words_and_its_reasons() -> None:
    first, second = utterance_line(utterance()).splitlines()
    assert "“Oh great…”" in first
    assert second.strip() == "sarcasm 82%, said +0.80, heard -0.50, meant -0.60  (flat pitch +0.12)"


def test_nothing_is_said_to_be_less_than_nothing_and_words_are_quoted() -> None:
    cue = replace(utterance().cues[0], name="word:great", modality="text")
    level = replace(utterance(), sentiment=Sentiment(literal=-0.004, delivered=-0.006, intended=0.0), cues=(cue,))
    told = utterance_line(level).splitlines()[1].strip()
    assert told == "sarcasm 82%, said +0.00, heard -0.01, meant +0.00  (“great” +0.12)"


@pytest.mark.parametrize("tick_hz", [2, 3, 5, 7, 10])
def test_where_nothing_can_be_written_over_an_estimate_is_printed_about_once_a_second(tick_hz: int) -> None:
    out = StringIO()
    view = Lines(out)
    period_ns = round(S / tick_hz)
    for tick in range(1, 10 * tick_hz + 1):
        view.show(_at(tick * period_ns))
    lines = out.getvalue().splitlines()[1:]
    assert 10 <= len(lines) <= 11


def test_a_later_revision_is_not_shown() -> None:
    out = StringIO()
    Lines(out).show(_at(S, revision=1))
    assert out.getvalue() == ""


def test_words_in_progress_stand_beside_the_estimate_until_their_utterance_is_finished() -> None:
    out = StringIO()
    view = Lines(out)
    view.show(next(message for message in every_type() if isinstance(message, Transcript)))
    view.show(_at(S))
    view.show(utterance())
    view.show(_at(2 * S))
    assert [line.endswith("Oh great") for line in out.getvalue().splitlines()] == [False, True, False, False, False]
    assert "“Oh great…”" in out.getvalue()


def test_trouble_is_told_when_it_comes_and_not_every_second_again_and_so_is_its_end() -> None:
    out = StringIO()
    view = Lines(out)
    slow, slower = "recognizing every 1 s: speech was 1.4 s behind", "recognizing every 2 s: speech was 1.1 s behind"
    for health in (
        _health("ok"),
        _health("degraded", "face is failed: no model", slow),
        _health("degraded", "face is failed: no model", slow),
        _health("degraded", "face is failed: no model", slower),
        _health("ok"),
        _health("ok"),
    ):
        view.show(health)
    assert out.getvalue().splitlines() == [
        "   1.0  degraded: face is failed: no model",
        f"   1.0  degraded: {slow}",
        f"   1.0  degraded: {slower}",
        "   1.0  ok again",
    ]


def test_a_standing_this_view_has_never_heard_of_is_a_question_mark() -> None:
    readings = {"face": replace(estimate().modalities["face"], status="dozing")}
    assert estimate_line(replace(estimate(), modalities=readings), "").split()[-3:] == ["?", "·", "·"]


@pytest.mark.parametrize(
    ("lost", "told"), [("", ""), ("decode_errors 2, truncated 1", " (damaged: decode errors 2, truncated 1)")]
)
def test_the_end_of_a_recording_is_told_with_what_it_lost(lost: str, told: str) -> None:
    out = StringIO()
    event = next(message for message in every_type() if isinstance(message, Event))
    Lines(out).show(replace(event, name="source_ended", detail=lost))
    assert out.getvalue() == f"   1.0  the recording has ended{told}\n"

"""The files a scored recording leaves, with a player that says what it is told to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from agent.capture.media import Recording
from agent.replay import Player, ReplayError
from agent.report.products import PRODUCTS
from agent.scoring.recordings import Task
from agent.scoring.results import score, session_of, transcript_line
from agent.scoring.summary import Summary, read
from deadpan.messages import Event, Message, to_json
from tests.agent.capture.films import write_audio
from tests.deadpan.sent import S, estimate, utterance

RESULTS = ("estimates.jsonl", "utterances.jsonl", "transcript.txt", "summary.json")


class Script:
    """A player of given messages, which then fails if it is to."""

    def __init__(self, messages: Sequence[Message], failure: str = "") -> None:
        self._messages, self._failure = messages, failure

    def play(self, _recording: Recording, session: str) -> Iterator[Message]:
        for message in self._messages:
            yield replace(message, session=session)
        if self._failure:
            raise ReplayError(self._failure)


def _ended(detail: str) -> Event:
    head = {"session": "s1", "stream": "default", "seq": 0, "model": "deadpan-1.0"}
    times = dict.fromkeys(("start_ns", "end_ns", "created_ns", "published_ns"), 162 * S)
    return msgspec.convert({"type": "event", "name": "source_ended", "detail": detail} | head | times, Event)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return write_audio(tmp_path / "a line.wav", np.zeros((32_000, 1)), 16_000)


def _task(sound: Path) -> Task:
    return Task(sound, sound.parent / "out" / sound.stem, sound.name, sound.stat().st_size)


def _folder(sound: Path) -> Path:
    return _task(sound).folder


def _score(sound: Path, *messages: Message, failure: str = "") -> tuple[Summary, list[tuple[int, int | None]]]:
    heard: list[tuple[int, int | None]] = []
    player = cast(Player, Script(messages, failure))
    return score(_task(sound), player, "settings", lambda *progress: heard.append(progress)), heard


def test_a_recording_s_results_lie_in_a_folder_of_its_name(sound: Path) -> None:
    _score(sound)
    assert sorted(path.name for path in (sound.parent / "out" / "a line").iterdir()) == sorted(RESULTS)


def test_the_final_estimates_are_written_one_a_line_and_no_others(sound: Path) -> None:
    scored, _ = _score(sound, estimate(1), estimate(2), estimate(1, revision=1), estimate(2, revision=1))
    session = session_of(sound)
    lines = (_folder(sound) / "estimates.jsonl").read_bytes().splitlines()
    assert lines == [to_json(estimate(seq, revision=1, session=session)) for seq in (1, 2)]
    assert (scored.estimates, scored.duration_s) == (2, 162.0)


def test_utterances_are_written_with_a_transcript_of_them(sound: Path) -> None:
    scored, _ = _score(sound, utterance())
    assert (_folder(sound) / "utterances.jsonl").read_bytes() == (
        to_json(replace(utterance(), session=session_of(sound))) + b"\n"
    )
    assert (_folder(sound) / "transcript.txt").read_text(encoding="utf-8") == "[02:40.00 - 02:42.00] Oh great…\n"
    assert scored.utterances == 1


def test_it_is_told_how_far_it_has_come_and_of_how_much(sound: Path) -> None:
    _, heard = _score(sound, estimate(1), utterance())
    assert heard == [(162 * S, 2 * S)]


@pytest.mark.parametrize("losses", ["", "truncated 1"])
def test_what_the_recording_lost_is_told(sound: Path, losses: str) -> None:
    scored, _ = _score(sound, _ended(losses))
    assert scored.losses == losses


def test_a_failure_midway_leaves_no_file(sound: Path) -> None:
    with pytest.raises(ReplayError, match="the face process ended"):
        _score(sound, estimate(1, revision=1), failure="the face process ended")
    assert not list((sound.parent / "out").rglob("*.*"))


def test_results_are_written_as_they_come_under_a_name_of_their_own(sound: Path) -> None:
    """Not collected: a recording of hours has more of them than belongs in memory."""
    folder = sound.parent / "out" / "a line"

    class Looking(Script):
        def play(self, recording: Recording, session: str) -> Iterator[Message]:
            for seq in range(200):
                yield replace(estimate(seq, revision=1), session=session)
            assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.part" for name in RESULTS)
            assert (folder / "estimates.jsonl.part").stat().st_size > 50_000
            yield from super().play(recording, session)

    scored = score(_task(sound), cast(Player, Looking([utterance()])), "settings", lambda *_: None)
    assert (scored.estimates, scored.utterances) == (200, 1)
    assert sorted(path.name for path in folder.iterdir()) == sorted(RESULTS)


def test_an_interrupt_midway_leaves_no_file_and_what_was_there_before(sound: Path) -> None:
    _score(sound, utterance())

    class Interrupted(Script):
        def play(self, recording: Recording, session: str) -> Iterator[Message]:
            yield from super().play(recording, session)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(_task(sound), cast(Player, Interrupted([estimate(1, revision=1)])), "settings", lambda *_: None)
    assert sorted(path.name for path in _folder(sound).iterdir()) == sorted(RESULTS)
    assert (_folder(sound) / "transcript.txt").read_text(encoding="utf-8") == "[02:40.00 - 02:42.00] Oh great…\n"


def test_scoring_again_replaces_what_was_there_and_leaves_nothing_unfinished(sound: Path) -> None:
    _score(sound, utterance())
    _score(sound)
    assert [(_folder(sound) / name).read_bytes() for name in RESULTS[:3]] == [b""] * 3
    assert not list(_folder(sound).glob("*.part"))


def test_what_was_made_of_results_goes_when_the_results_become_others(sound: Path) -> None:
    _score(sound, utterance())
    made = [_folder(sound) / file for product in PRODUCTS.values() for file in product.writers]
    for path in made:
        path.write_text("of the results before")
    (_folder(sound) / "mine.txt").write_text("nobody else's")
    _score(sound)
    assert not [path for path in made if path.exists()]
    assert (_folder(sound) / "mine.txt").exists()


def test_the_summary_tells_the_means_of_the_utterances_by_their_duration(sound: Path) -> None:
    short = replace(utterance(), start_ns=0, end_ns=1 * S)
    long = replace(
        utterance(1),
        start_ns=1 * S,
        end_ns=4 * S,
        sarcasm=replace(short.sarcasm, probability=0.42),
        sentiment=replace(short.sentiment, literal=0.0, delivered=None),
    )
    summary, _ = _score(sound, estimate(1, revision=1), short, long, _ended("truncated 1"))
    assert (summary.utterances, summary.words, summary.sarcastic, summary.estimates) == (2, 4, 1, 1)
    assert (summary.sarcasm, summary.literal, summary.delivered) == (0.52, 0.2, -0.5)
    assert (summary.recording, summary.model, summary.losses) == ("a line.wav", "deadpan-1.0", "truncated 1")
    assert read(_folder(sound)) == summary
    assert _score(sound)[0].sarcasm is None


def test_a_summary_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    (tmp_path / "summary.json").write_text('{"recording": 7}')
    assert read(tmp_path) is None


def test_a_session_is_named_by_what_the_recording_holds(tmp_path: Path) -> None:
    contents = {"one": b"sound", "copy": b"sound", "other": b"sounds"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    one, copy, other = (session_of(tmp_path / name) for name in contents)
    assert one == copy != other
    assert len(one) == 12


@pytest.mark.parametrize(
    ("at_ns", "told"),
    [(0, "00:00.00"), (61_500_000_000, "01:01.50"), (59_999_000_000, "01:00.00"), (6_000 * S, "100:00.00")],
)
def test_the_clock_of_a_transcript_counts_minutes_and_hundredths(at_ns: int, told: str) -> None:
    line = transcript_line(replace(utterance(), start_ns=at_ns, end_ns=at_ns))
    assert line == f"[{told} - {told}] Oh great…"

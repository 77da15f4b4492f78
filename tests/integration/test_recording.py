"""A session that is recorded: its recorder is killed, comes back, and gives up when the recording is full."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import deadpan
from agent.capture.probing import probe_apart
from agent.config import Config
from agent.recorder.shelf import Recording, recordings
from agent.replay import Player
from agent.session import resolve_inputs
from deadpan.messages import from_body
from tests.integration.processes import PATIENCE_S, TIMES, finished, started
from tests.stand_ins.encore import write_encore

_SAID_NS = 4_000_000_000  # by then the demo's first line has been said, and its recording is not nearly full
_FULL = "recorder is failed: the recording has ended: it has reached 1 MB (record.most_mb)"


@dataclass(slots=True)
class Taken:
    """What its subscriber and its terminal saw, and what was kept."""

    before: list[deadpan.Message] = field(default_factory=list)
    """The recording's end is told with the first of `after`."""
    after: list[deadpan.Message] = field(default_factory=list)
    printed: str = ""
    shown: str = ""
    """On standard output, and on standard error."""
    root: Path = Path()
    kept: list[Recording] = field(default_factory=list)

    @property
    def estimates(self) -> list[deadpan.Estimate]:
        said = self.before + self.after
        return [each for each in said if isinstance(each, deadpan.Estimate) and each.revision == 0]


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    folder = tmp_path_factory.mktemp("taken")
    (folder / "config.yaml").write_text("record:\n  most_mb: 1\n  spare_mb: 10\n")
    endpoint, taken = f"ipc://{folder}/out", Taken(root=folder / "kept")
    source = write_encore(folder / "encore.mkv", TIMES)
    run = ("run", "--source", str(source), "--record", str(taken.root), "--config", str(folder / "config.yaml"))
    with (
        deadpan.subscribe(endpoint, types=("estimate", "utterance", "health"), timeout_s=PATIENCE_S) as subscription,
        started(*run, "--publish", endpoint) as process,
    ):
        for message in subscription:
            taken.before.append(message)
            if isinstance(message, deadpan.Estimate) and message.end_ns >= _SAID_NS:
                break
        os.kill(_recorder(taken.before), signal.SIGKILL)
        for message in subscription:
            ended = isinstance(message, deadpan.Health) and message.workers["recorder"].state == "failed"
            (taken.after if ended or taken.after else taken.before).append(message)
            if len(taken.after) > 8:
                break
        process.terminate()
        taken.printed, taken.shown = process.communicate(timeout=PATIENCE_S)
    taken.kept = recordings(taken.root)
    return taken


def _recorder(messages: list[deadpan.Message]) -> int:
    pids = [each.workers["recorder"].pid for each in messages if isinstance(each, deadpan.Health)]
    assert pids[-1] is not None
    return pids[-1]


def test_every_message_says_that_it_is_recorded_for_as_long_as_it_is(taken: Taken) -> None:
    assert {message.recording for message in taken.before} == {True}
    assert {message.recording for message in taken.after} == {False}


def test_a_recording_that_ends_says_why_and_the_session_goes_on(taken: Taken) -> None:
    health = taken.after[0]
    assert isinstance(health, deadpan.Health)
    assert health.state == "degraded"
    (reason,) = (each for each in health.reasons if each.startswith("recorder"))
    assert reason.startswith(_FULL)
    numbers = [estimate.seq for estimate in taken.estimates]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert f"degraded: {_FULL}" in taken.printed
    assert " [recording] " in taken.printed


def test_whoever_sits_before_it_is_told_at_once_and_how_to_undo_it(taken: Taken) -> None:
    (kept,) = taken.kept
    assert f"Recording pictures, sound and words into {kept.folder}" in taken.shown
    assert f"deadpan purge {kept.folder}" in taken.shown


def test_what_is_kept_is_its_owner_s_alone(taken: Taken) -> None:
    (kept,) = taken.kept
    assert not kept.being_written
    assert {path.stat().st_mode & 0o777 for path in (taken.root, kept.folder)} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in kept.files()} == {0o600}
    assert set(kept.files()) == set(kept.folder.iterdir())
    assert 900_000 < kept.bytes < 1_600_000


def test_a_recorder_that_was_killed_went_on_in_a_second_film(taken: Taken) -> None:
    (kept,) = taken.kept
    assert len(kept.media) == 2
    restarted = [each for each in taken.before if isinstance(each, deadpan.Health)][-1].workers["recorder"]
    assert restarted.restarts == 1
    assert restarted.counters["received_from_camera"] > 0
    for film in kept.media:
        recording = probe_apart(film)
        assert (recording.has_video, recording.has_audio) == (True, True)


def test_its_messages_are_those_that_were_published(taken: Taken) -> None:
    (kept,) = taken.kept
    lines = (kept.folder / "messages.jsonl").read_bytes().splitlines()
    messages = [from_body(line) for line in lines]
    assert isinstance(messages[0], deadpan.Welcome)
    assert {message.recording for message in messages} == {True}
    published = {(type(each), each.seq, getattr(each, "revision", 0)): each for each in taken.before}
    both = [each for each in messages if (type(each), each.seq, getattr(each, "revision", 0)) in published]
    assert len(both) > 20
    assert all(each == published[type(each), each.seq, getattr(each, "revision", 0)] for each in both)


def test_a_film_of_it_is_scored_like_any_recording(taken: Taken) -> None:
    (kept,) = taken.kept
    with Player(Config()) as player:
        told = list(player.play(probe_apart(kept.media[0]), "s"))
    said = next(each for each in told if isinstance(each, deadpan.Utterance))
    # Its stop may have become a comma: the film's codec, and where it was cut off, make another pause of the pause.
    assert said.text[:-1] == "The store is open until six in the evening"
    assert {each.recording for each in told} == {False}


def test_a_folder_is_played_where_it_holds_one_film_and_is_gone_when_it_was_purged(taken: Taken) -> None:
    (kept,) = taken.kept
    kept.media[1].unlink()
    inputs = resolve_inputs(Config(source=str(taken.root)))
    assert inputs.source == inputs.camera == inputs.microphone == str(kept.media[0])
    purged = finished("purge", str(taken.root), "--yes")
    assert purged.returncode == 0, purged.stderr
    assert list(taken.root.iterdir()) == []

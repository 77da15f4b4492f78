"""The fusion process's work, told the time by hand, over a model that repeats what it heard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from agent.config import FusionConfig
from agent.plug_ins.roster import Plugged
from agent.processes import fusing
from agent.processes.fusing import FusingStage, fuser_settings
from agent.processes.ordering import Playback
from agent.processes.wire import Bound, Condition, Ended, Timed, Value
from deadpan.messages import Estimate, Event, Health, Message, Pace, Transcript, Utterance, WorkerHealth, type_name
from encoders import samples
from encoders.samples import Interval, Modality, Word
from fusion.estimate import Scores, Window
from fusion.late import Late, LateWeights
from tests.fusion.evidence import HEART_DIM, MS, evidence


class Echo:
    """A fusion model that repeats the sarcasm of the newest embedding."""

    name, version = "echo", "echo-1"
    function = Late(LateWeights(0, 0, 0, 0, 0, {}))

    def expecting(self, base_rate: float) -> Echo:
        del base_rate
        return self

    def fuse(self, window: Window, /) -> Scores:
        known = [embedding for each in window.embeddings.values() for embedding in each]
        newest = max(known, key=lambda embedding: embedding.interval.end_ns, default=None)
        reading = newest.reading if newest else None
        return Scores(reading.sarcasm if reading else None, None, None, None, 0.0, {}, {}, ())


@pytest.fixture(autouse=True)
def echo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fusing, "load_fusion", Echo)


def _stage(*modalities: Modality) -> FusingStage:
    return FusingStage(FusionConfig(), modalities or (Modality.FACE,), "s1", "kitchen")


def _transcript(*texts: str, final: bool) -> samples.Transcript:
    words = tuple(Word(text, Interval(0, 100 * MS), 0.9, "estimated") for text in texts)
    return samples.Transcript(7, 2, Interval(0, 100 * MS), words, (), final)


def _names(made: Iterable[Message]) -> list[str]:
    """Each event by its name, every other message by its type."""
    return [message.name if isinstance(message, Event) else type_name(message) for message in made]


def _see(stage: FusingStage, end_ms: int, sarcasm: float) -> list[str]:
    """A tick of which only the face speaks."""
    list(stage.push(evidence(Modality.FACE, end_ms - 200, end_ms, sarcasm=sarcasm), end_ms * MS))
    list(stage.push(Bound(Modality.FACE, end_ms * MS), end_ms * MS))
    return _names(stage.advance(end_ms * MS))


def test_a_contradicted_word_is_told_before_the_transcript_that_contradicts_it() -> None:
    told = replace(_transcript("great", final=False), conflicts=(samples.Conflict(0, "grape", "great"),))
    assert _names(_stage().push(told, 0)) == ["transcript_conflict", "transcript"]


def test_the_settings_of_the_grid_become_nanoseconds() -> None:
    settings = fuser_settings(FusionConfig(tick_hz=10, window_s=4, max_wait_s=0.1, lateness_s=2))
    assert (settings.period_ns, settings.window_ns) == (100 * MS, 4000 * MS)
    assert (settings.max_wait_ns, settings.lateness_ns) == (100 * MS, 2000 * MS)


def test_messages_carry_the_session_the_stream_and_the_model() -> None:
    stage = _stage()
    (message,) = stage.push(_transcript("Oh", final=False), 0)
    assert (message.session, message.stream, message.model) == ("s1", "kitchen", "deadpan-echo-1")


def test_words_in_progress_become_a_transcript_alone() -> None:
    (message,) = _stage().push(_transcript("Oh", final=False), 5)
    assert isinstance(message, Transcript)
    assert (message.utterance_id, message.revision, message.published_ns) == (7, 2, 5)


def test_final_words_become_a_transcript_and_then_an_utterance() -> None:
    transcript, utterance = _stage().push(_transcript("Oh", "great", final=True), 0)
    assert isinstance(transcript, Transcript)
    assert isinstance(utterance, Utterance)
    assert transcript.final
    assert (utterance.utterance_id, utterance.text, utterance.end_ns) == (7, "Oh great", 100 * MS)


def test_an_utterance_in_which_nothing_was_understood_has_no_message_of_its_own() -> None:
    assert _names(_stage().push(_transcript(final=True), 0)) == ["transcript"]


def test_the_condition_of_the_processes_becomes_health() -> None:
    pace = Pace(level=1, step_s=1.0)
    (message,) = _stage().push(Condition({"fusion": WorkerHealth(state="running")}, pace, "speech was late"), 5)
    assert isinstance(message, Health)
    assert (message.state, message.end_ns) == ("degraded", 5)
    assert (message.pace, message.reasons) == (pace, ("speech was late",))


def test_sarcasm_that_begins_and_ends_is_an_event_each_right_after_its_estimate() -> None:
    stage = _stage()
    assert _see(stage, 200, 0.1) == ["estimate"]  # off from the start: nothing has ended
    assert _see(stage, 400, 0.9) == ["estimate", "sarcasm_on"]
    assert _see(stage, 600, 0.9) == ["estimate"]
    assert _see(stage, 800, 0.1) == ["estimate", "sarcasm_off"]


def test_what_a_later_revision_thinks_better_of_is_no_event() -> None:
    stage = _stage(Modality.FACE, Modality.TEXT)
    list(stage.push(evidence(Modality.FACE, 0, 150, sarcasm=0.1), 200 * MS))
    list(stage.push(Bound(Modality.FACE, 200 * MS), 200 * MS))
    assert _names(stage.advance(200 * MS)) == ["estimate"]
    list(stage.push(evidence(Modality.TEXT, 0, 200, sarcasm=0.9), 300 * MS))
    list(stage.push(Bound(Modality.TEXT, 200 * MS), 300 * MS))
    (revised,) = stage.advance(300 * MS)
    assert isinstance(revised, Estimate)
    assert (revised.revision, revised.sarcasm.state) == (1, "on")


def test_an_event_stands_at_the_end_of_the_stretch_that_made_it() -> None:
    stage = _stage()
    list(stage.push(evidence(Modality.FACE, 0, 200, sarcasm=0.9), 210 * MS))
    _, event = stage.advance(350 * MS)
    assert (event.start_ns, event.end_ns, event.published_ns) == (200 * MS, 200 * MS, 350 * MS)


def test_estimates_come_in_the_order_of_their_ticks() -> None:
    stage = _stage()
    list(stage.push(Bound(Modality.FACE, 1000 * MS), 1000 * MS))
    made = [each for each in stage.advance(1000 * MS) if isinstance(each, Estimate)]
    assert [(each.seq, each.final) for each in made] == [(seq, True) for seq in range(5)]


def test_the_next_deadline_is_the_first_tick_and_the_time_it_may_wait() -> None:
    stage = _stage()
    assert stage.next_deadline_ns == 350 * MS
    list(stage.advance(350 * MS))
    assert stage.next_deadline_ns == 550 * MS


def test_nothing_is_due_before_the_next_tick_ends_unless_somebody_looks_on() -> None:
    stage = _stage()
    assert stage.next_tick_ns == 200 * MS
    list(stage.advance(350 * MS))
    assert stage.next_tick_ns == 400 * MS
    stage.sketching = True
    assert stage.next_tick_ns == 0


def test_evidence_that_comes_after_its_tick_is_settled_is_counted() -> None:
    stage = _stage()
    assert _see(stage, 200, 0.5) == ["estimate"]
    list(stage.push(evidence(Modality.FACE, 0, 100), 210 * MS))
    assert sum(stage.counters.values()) == 1


def test_a_session_goes_on_while_one_of_its_streams_lasts() -> None:
    stage = _stage(Modality.FACE, Modality.VOICE)
    list(stage.push(Bound(Modality.VOICE, 400 * MS), 400 * MS))
    list(stage.push(Ended(Modality.FACE), 400 * MS))
    assert _names(stage.advance(400 * MS)) == ["estimate"] * 2
    assert not stage.finished


def test_after_the_last_stream_come_the_last_estimates_and_then_the_end_once() -> None:
    stage = _stage()
    list(stage.push(Bound(Modality.FACE, 400 * MS), 400 * MS))
    list(stage.push(Ended(Modality.FACE), 400 * MS))
    assert _names(stage.advance(9000 * MS)) == ["estimate", "estimate", "source_ended"]  # none beyond the evidence
    assert stage.finished
    assert _names(stage.advance(9500 * MS)) == []


def test_the_end_waits_until_the_session_has_come_so_far() -> None:
    stage = _stage()
    list(stage.push(Bound(Modality.FACE, 400 * MS), 200 * MS))
    list(stage.push(Ended(Modality.FACE), 200 * MS))
    assert _names(stage.advance(399 * MS)) == ["estimate"]
    assert not stage.finished
    assert _names(stage.advance(400 * MS)) == ["estimate", "source_ended"]


def test_a_source_that_held_nothing_ends_where_it_began() -> None:
    stage = _stage()
    list(stage.push(Ended(Modality.FACE), 0))
    (event,) = stage.advance(0)
    assert (event.end_ns, stage.finished) == (0, True)


@pytest.mark.parametrize(
    ("losses", "told"),
    [
        ({}, ""),
        ({Modality.FACE: {"truncated": 1, "decode_errors": 3, "leaps": 0}}, "decode_errors 3, truncated 1"),
        ({Modality.VOICE: {"corrupt": 2}, Modality.TEXT: {"corrupt": 2}}, "corrupt 2"),  # one sound, read twice
        ({Modality.VOICE: {"corrupt": 2}, Modality.TEXT: {}}, "corrupt 2"),
        ({Modality.FACE: {"corrupt": 1}, Modality.VOICE: {"corrupt": 2}, Modality.TEXT: {"corrupt": 2}}, "corrupt 3"),
    ],
    ids=str,
)
def test_the_end_tells_what_the_source_lost(losses: dict[Modality, dict[str, int]], told: str) -> None:
    stage = _stage(*Modality)
    for modality in Modality:
        list(stage.push(Ended(modality, losses.get(modality, {})), 0))
    (event,) = stage.advance(0)
    assert isinstance(event, Event)
    assert (event.name, event.detail) == ("source_ended", told)


def test_the_fusion_model_is_told_how_much_sarcasm_to_expect(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def expecting(echo: Echo, base_rate: float) -> Echo:
        asked.append(base_rate)
        return echo

    monkeypatch.setattr(Echo, "expecting", expecting)
    FusingStage(FusionConfig(base_rate=0.1), [Modality.FACE], "s1", "kitchen")
    assert asked == [0.1]


@pytest.mark.parametrize(("state", "recording"), [("running", True), ("restarting", True), ("failed", False)])
def test_every_message_says_whether_the_session_is_recorded_from_when_the_recorder_s_state_is_known(
    state: str, recording: bool
) -> None:
    stage = _stage()
    stage.composer.recording = not recording
    workers = {"recorder": WorkerHealth(state=state)}
    (health,) = stage.push(Condition(workers), 0)
    made = [health, *stage.advance(1000 * MS)]
    assert len(made) > 1
    assert {message.recording for message in made} == {recording}


# A plug-in.

HEART = Modality("heart")
PLUGGED = Plugged("heart", "strap.csv", HEART_DIM, 5.0)


def _worn(until_ms: int) -> list[tuple[int, Value]]:
    """What a sensor says once a second, and when."""
    ends = range(1000, until_ms + 1, 1000)
    told: list[tuple[int, Value]] = [(end, evidence(HEART, end - 1000, end)) for end in ends]
    return told + [(end, Bound(HEART, end * MS)) for end in ends]


def test_a_sensor_worn_for_longer_than_the_session_neither_prolongs_it_nor_holds_up_its_end() -> None:
    stage = FusingStage(FusionConfig(), [Modality.FACE], "s1", "kitchen", plugged=[PLUGGED])
    seen: list[tuple[int, Value]] = [(end, Bound(Modality.FACE, end * MS)) for end in range(200, 3001, 200)]
    told = sorted([*seen, *_worn(60_000), (3000, Ended("face"))], key=lambda each: each[0])
    playback, made = Playback(stage), list[Message]()
    for at_ms, value in told:
        made += playback.push(Timed(at_ms * MS, value))
    made += playback.finish()
    assert stage.finished
    finals = [message for message in made if isinstance(message, Estimate) and message.final]
    assert [message.end_ns for message in finals] == [end * MS for end in range(200, 3001, 200)]
    assert isinstance(made[-1], Event)
    assert (made[-1].name, made[-1].end_ns) == ("source_ended", 3000 * MS)
    assert {message.modalities["heart"].status for message in finals[5:]} == {"ok"}


def test_what_a_sensor_lost_is_told_by_its_name() -> None:
    stage = FusingStage(FusionConfig(), [Modality.FACE], "s1", "kitchen", plugged=[PLUGGED])
    for ended in (Ended("heart", {"malformed": 2}), Ended("face", {"truncated": 1})):
        list(stage.push(ended, 0))
    (event,) = (each for each in stage.advance(0) if isinstance(each, Event))
    assert event.detail == "heart_malformed 2, truncated 1"


def test_a_sensor_s_vectors_are_of_the_declared_width_or_are_left_out() -> None:
    stage = FusingStage(FusionConfig(), [Modality.FACE], "s1", "kitchen", plugged=[PLUGGED])
    list(stage.push(replace(evidence(HEART, 0, 100), vector=np.zeros(7, np.float32)), 100 * MS))
    list(stage.push(evidence(Modality("breath"), 0, 100), 100 * MS))
    assert stage.counters == {"implausible": 2}

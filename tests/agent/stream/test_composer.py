from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from agent.stream.composer import Composer
from deadpan.messages import Estimate, Pace, WorkerHealth, from_body, to_json
from deadpan.rcs import context_line
from encoders.samples import Conflict, Cue, Interval, Modality, Reading, Transcript, Word, WordEmbeddings
from fusion import estimate as fused

MS = 1_000_000
SCORES = fused.Scores(
    sarcasm=0.823_456,
    literal=0.8,
    delivered=-0.5,
    intended=-0.6,
    confidence=0.712_345,
    readings={Modality.TEXT: Reading(0.4, 0.8), Modality.VOICE: Reading(0.6, -0.2)},
    contributions={Modality.TEXT: 0.2, Modality.VOICE: 0.1},
    cues=(Cue("flat_pitch", Modality.VOICE, -1.4, 0.12),),
)
ESTIMATE = fused.Estimate(
    seq=4,
    revision=1,
    final=True,
    interval=Interval(0, 1000 * MS),
    scores=SCORES,
    state="on",
    standings={
        Modality.FACE: fused.Standing("off", None),
        Modality.VOICE: fused.Standing("ok", 40 * MS),
        Modality.TEXT: fused.Standing("stale", 900 * MS),
    },
)
TRANSCRIPT = Transcript(
    7, 3, Interval(100 * MS, 900 * MS), (Word("Oh", Interval(200 * MS, 300 * MS), 0.9, "estimated"),), (), final=True
)


def _composer() -> Composer:
    return Composer("s1", "kitchen", "deadpan-1.0")


def test_an_estimate_is_told_with_its_address_its_latency_and_rounded_numbers() -> None:
    message = _composer().estimate(ESTIMATE, 1130 * MS)
    assert (message.session, message.stream, message.model) == ("s1", "kitchen", "deadpan-1.0")
    assert (message.seq, message.revision, message.final) == (4, 1, True)
    assert (message.start_ns, message.end_ns, message.published_ns) == (0, 1000 * MS, 1130 * MS)
    assert message.latency_ms == 130.0
    assert (message.sarcasm.probability, message.sarcasm.state) == (0.8235, "on")
    assert message.confidence == 0.7123


def test_every_modality_is_told_of_also_those_without_a_reading() -> None:
    modalities = _composer().estimate(ESTIMATE, 1130 * MS).modalities
    assert set(modalities) == {"face", "voice", "text"}
    assert (modalities["face"].status, modalities["face"].age_ms, modalities["face"].sarcasm) == ("off", None, None)
    assert (modalities["voice"].age_ms, modalities["voice"].sentiment, modalities["voice"].contribution) == (
        40.0,
        -0.2,
        0.1,
    )
    assert modalities["text"].status == "stale"


def test_a_gap_is_the_first_named_minus_the_second_and_null_without_both() -> None:
    incongruity = _composer().estimate(ESTIMATE, 1130 * MS).incongruity
    assert (incongruity.text_voice, incongruity.text_face, incongruity.voice_face) == (1.0, None, None)


def test_what_is_composed_can_be_read_by_subscribers() -> None:
    composer = _composer()
    for message in (composer.estimate(ESTIMATE, 0), composer.utterance(TRANSCRIPT, ESTIMATE, 0)):
        assert from_body(to_json(message)) == message


def test_no_number_is_null_and_never_breaks_the_message() -> None:
    scores = replace(SCORES, sarcasm=math.nan, literal=None, intended=math.nan)
    message = _composer().estimate(replace(ESTIMATE, scores=scores), 0)
    assert (message.sarcasm.probability, message.sentiment.literal, message.sentiment.intended) == (None, None, None)
    assert isinstance(from_body(to_json(message)), Estimate)


@pytest.mark.parametrize(
    ("voice", "text", "heard", "reason"),
    [
        ("off", "off", (), "not_listening"),
        ("absent", "absent", (), "nothing_said"),
        ("absent", "off", (), "nothing_said"),
        ("ok", "absent", (), "nothing_said"),  # too faint, or too long ago, to count
        ("stale", "absent", (), "source_silent"),
        ("absent", "stale", (), "source_silent"),
        ("stale", "stale", (), "source_silent"),
        ("ok", "ok", (Modality.TEXT,), "no_answer"),
    ],
)
def test_what_is_unknown_comes_with_its_reason(
    voice: fused.Status, text: fused.Status, heard: tuple[Modality, ...], reason: str
) -> None:
    readings = {modality: Reading(0.5, 0.0) for modality in heard}
    standings = {
        Modality.FACE: fused.Standing("ok", 0),
        Modality.VOICE: fused.Standing(voice, None),
        Modality.TEXT: fused.Standing(text, None),
    }
    unknown = replace(ESTIMATE, scores=replace(SCORES, sarcasm=None, readings=readings), standings=standings)
    assert _composer().estimate(unknown, 0).sarcasm.reason == reason
    assert _composer().utterance(TRANSCRIPT, unknown, 0).sarcasm.reason == reason


def test_what_is_known_needs_no_reason() -> None:
    assert _composer().estimate(ESTIMATE, 0).sarcasm.reason == ""


def test_an_utterance_has_the_transcript_s_stretch_and_the_estimate_s_scores() -> None:
    message = _composer().utterance(TRANSCRIPT, ESTIMATE, 1000 * MS)
    assert (message.utterance_id, message.text, message.start_ns, message.end_ns) == (7, "Oh", 100 * MS, 900 * MS)
    assert message.latency_ms == 100.0
    assert (message.words[0].text, message.words[0].timing, message.words[0].end_ns) == ("Oh", "estimated", 300 * MS)
    assert message.rcs == "([sentiment value=-0.50],[sarcasm value=0.82]) Oh"


def test_each_type_is_numbered_by_itself_and_without_a_gap() -> None:
    composer = _composer()
    transcripts = [composer.transcript(TRANSCRIPT, 0).seq for _ in range(2)]
    events = [composer.event("sarcasm_on", 5, 6).seq for _ in range(3)]
    assert (transcripts, events) == ([0, 1], [0, 1, 2])
    assert composer.utterance(TRANSCRIPT, ESTIMATE, 0).seq == 0


def test_an_event_is_a_moment() -> None:
    event = _composer().event("sarcasm_off", 5, 9, "why")
    assert (event.name, event.start_ns, event.end_ns, event.published_ns, event.detail) == (
        "sarcasm_off",
        5,
        5,
        9,
        "why",
    )


def test_a_contradicted_word_is_an_event_with_both_readings() -> None:
    told = replace(TRANSCRIPT, conflicts=(Conflict(0, "grape", "great"), Conflict(1, "uh", "")), forced=True)
    composer = _composer()
    first, second = (composer.conflict(told, conflict, 1000 * MS) for conflict in told.conflicts)
    assert (first.name, first.end_ns) == ("transcript_conflict", 900 * MS)
    assert first.detail == "utterance 7, word 0: 'grape' is now heard as 'great'"
    assert second.detail == "utterance 7, word 1: 'uh' is now not heard"
    assert composer.transcript(told, 0).forced


def test_health_tells_of_every_process_of_the_pace_and_of_what_is_wrong() -> None:
    workers = {"face": WorkerHealth(state="failed", reason="no model"), "fusion": WorkerHealth(state="running")}
    pace = Pace(level=1, step_s=1.0, face_rate_hz=15.0)
    health = _composer().health(workers, pace, "speech was late", 5)
    assert (health.state, health.reasons) == ("failed", ("face is failed: no model", "speech was late"))
    assert (health.workers, health.pace, health.end_ns) == (workers, pace, 5)
    assert from_body(to_json(health)) == health


def test_a_welcome_ties_the_session_to_the_clocks() -> None:
    welcome = _composer().welcome(
        now_ns=9, version="0.1.0", origin_monotonic_ns=5, origin_unix_ns=6, source="live", tick_hz=5.0
    )
    assert from_body(to_json(welcome)) == welcome
    assert (welcome.start_ns, welcome.end_ns) == (0, 9)


@pytest.mark.parametrize(
    ("sarcasm", "delivered", "line"),
    [
        (0.82, -0.5, "([sentiment value=-0.50],[sarcasm value=0.82]) Oh great…"),
        (0.82, None, "([sarcasm value=0.82]) Oh great…"),
        (None, 0.25, "([sentiment value=0.25]) Oh great…"),
        (None, None, "Oh great…"),
    ],
)
def test_the_line_for_a_language_model_says_only_what_is_known(
    sarcasm: float | None, delivered: float | None, line: str
) -> None:
    assert context_line("Oh great…", sarcasm, delivered) == line


def test_words_carry_their_own_readings_where_every_one_was_read() -> None:
    read = WordEmbeddings(
        np.array([[200 * MS, 300 * MS]]),
        np.zeros((1, 4), np.float32),
        np.array([0.25], np.float32),
        np.array([0.75], np.float32),
    )
    (word,) = _composer().utterance(TRANSCRIPT, ESTIMATE, 0, read).words
    assert (word.sentiment, word.sarcasm) == (0.25, 0.75)
    (word,) = _composer().transcript(TRANSCRIPT, 0, read).committed
    assert (word.sentiment, word.sarcasm) == (0.25, 0.75)
    longer = replace(TRANSCRIPT, committed=TRANSCRIPT.committed * 2)
    assert [word.sentiment for word in _composer().transcript(longer, 0, read).committed] == [None, None]


def test_activation_is_told_where_the_head_tells_it() -> None:
    readings = {Modality.VOICE: Reading(0.6, -0.2, activation=0.5), Modality.TEXT: Reading(0.4, 0.8)}
    modalities = _composer().estimate(replace(ESTIMATE, scores=replace(SCORES, readings=readings)), 0).modalities
    assert {name: reading.activation for name, reading in modalities.items()} == {
        "face": None,
        "voice": 0.5,
        "text": None,
    }

"""What is told of an utterance while it is spoken and at its end, and what is not believed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from encoders.samples import NS_PER_S, Conflict, Transcript
from encoders.speech.recognizer import HeardWord
from encoders.speech.stream import SpeechSettings, SpeechStream
from tests.encoders.speech.levels import (
    SENTENCE,
    WINDOW_S,
    Deaf,
    LevelReader,
    Pcm,
    Scripted,
    chunks,
    finals_of,
    hear,
    say,
)

pytestmark = pytest.mark.usefixtures("any_sound_is_voice")


def test_an_utterance_is_heard_as_it_grows_and_again_whole_at_its_end() -> None:
    transcripts = hear(SpeechStream(LevelReader()), say((0, 0.5), *SENTENCE, (0, 1.0)))
    assert [t.text for t in transcripts] == ["one", "one two", "one two three", "one two three four"]
    assert [len(t.committed) for t in transcripts] == [0, 1, 2, 4]
    assert [t.final for t in transcripts] == [False] * 3 + [True]


def test_a_click_begins_no_utterance() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader)
    assert hear(stream, say((0, 0.512), (9, WINDOW_S), (0, 1.0))) == []
    assert (stream.counters, reader.decoded) == ({}, [])


def test_too_little_voice_is_dropped_unread_and_counted() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader)
    assert hear(stream, say((0, 0.512), (9, 4 * WINDOW_S), (0, 1.0))) == []
    assert (stream.counters, reader.decoded) == ({"suppressed_too_little_voice": 1}, [])


def test_an_utterance_nobody_heard_of_and_nothing_was_understood_of_is_dropped_and_counted() -> None:
    stream = SpeechStream(Deaf(), SpeechSettings(step_s=5.0))
    assert hear(stream, say((9, 1.0), (0, 1.0))) == []
    assert stream.counters == {"suppressed_nothing_understood": 1}


def test_an_utterance_already_told_of_is_ended_without_words_when_none_is_understood() -> None:
    stream = SpeechStream(Scripted(["great", "day"], []))
    transcripts = hear(stream, say((9, 1.0), (0, 1.0)))
    assert [(t.text, t.final) for t in transcripts] == [("great", False), ("", True)]
    assert stream.counters == {"suppressed_nothing_understood": 1}


def test_without_partials_only_the_end_is_decoded() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader)
    transcripts = [
        t for chunk in chunks(say((0, 0.5), *SENTENCE, (0, 1.0))) for t in stream.push(chunk, partials=False)
    ]
    assert [(t.text, t.final) for t in transcripts] == [("one two three four", True)]
    assert len(reader.decoded) == 1


def test_silence_after_the_voice_is_not_decoded_over_and_over() -> None:
    reader = LevelReader()
    settings = SpeechSettings(step_s=0.1, hangover_s=2.0)
    hear(SpeechStream(reader, settings), say((1, 0.6), (0, 3.0)))
    assert len(reader.decoded) < 12


def test_words_the_engine_aligned_keep_its_times_on_the_session_s_axis() -> None:
    transcripts = hear(SpeechStream(LevelReader(aligned=True)), say((0, 1.024), (1, 0.512), (2, 0.512), (0, 1.0)))
    words = transcripts[-1].words
    assert [(w.text, w.timing, w.interval.start_ns // 1_000_000) for w in words] == [
        ("one", "measured", 1024),
        ("two", "measured", 1536),
    ]


def test_words_without_an_alignment_are_estimated_inside_the_voice_which_is_noticed_64_ms_late() -> None:
    words = hear(SpeechStream(LevelReader()), say((0, 1.024), (1, 0.512), (2, 0.512), (0, 1.0)))[-1].words
    assert {word.timing for word in words} == {"estimated"}
    assert words[0].interval.start_ns == (1024 - 64) * 1_000_000
    assert words[-1].interval.end_ns == (2048 - 64) * 1_000_000


def test_what_will_be_final_is_foreseen_as_soon_as_the_voice_pauses_and_read_only_once() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader)
    pcm = say((0, 1.024), *SENTENCE, (0, 1.0))
    foreseen: list[tuple[Transcript, int]] = []
    finals: list[Transcript] = []
    for chunk in chunks(pcm):
        finals += [t for t in stream.push(chunk, step_s=9) if t.final]
        if not finals and (seen := stream.foreseen) is not None:
            foreseen.append((seen, len(reader.decoded)))
    assert finals == [foreseen[0][0]]
    assert {seen for seen, _ in foreseen} == set(finals)
    assert len(reader.decoded) == 1


def test_what_was_foreseen_is_forgotten_when_the_voice_goes_on() -> None:
    stream = SpeechStream(LevelReader())
    transcripts = hear(stream, say((0, 1.024), (1, 0.512), (0, 0.256), (2, 0.512)))
    assert stream.foreseen is None
    assert finals_of([*transcripts, *stream.flush()]) == ["one two"]


def test_a_committed_word_stands_until_the_final_transcript_contradicts_it() -> None:
    stream = SpeechStream(Scripted(["oh", "grape", "x"], ["oh", "grape", "x"], ["oh", "great", "thanks", "x"]))
    transcripts = hear(stream, say((1, 1.2), (0, 1.0)))
    assert [t.text for t in transcripts] == ["oh grape", "oh grape", "oh great thanks x"]
    assert [t.conflicts for t in transcripts] == [(), (), (Conflict(1, "grape", "great"),)]


def test_of_an_unfinished_utterance_only_what_is_believable_is_told() -> None:
    class Doubtful(Scripted):
        def transcribe(self, pcm: Pcm, guess: tuple[HeardWord, ...] | None = None, /) -> tuple[HeardWord, ...]:
            return tuple(replace(w, probability=0.4 if w.text == "um" else 0.9) for w in super().transcribe(pcm, guess))

    stream = SpeechStream(Doubtful(["oh", "so", "um", "great", "thanks"]))
    assert {t.text for t in hear(stream, say((1, 1.4)))} == {"oh so"}


def test_the_last_word_of_a_voice_that_goes_on_may_be_half_a_word_and_is_not_told() -> None:
    stream = SpeechStream(Scripted(["oh", "gre"], ["oh", "great"]))
    partials = hear(stream, say((1, 0.7), (0, 0.16), (1, 0.5)))
    assert [t.text for t in partials] == ["oh", "oh"]


def test_improbable_words_are_refused_and_counted() -> None:
    stream = SpeechStream(Scripted(["thanks", "for", "watching"], probability=0.1))
    assert hear(stream, say((9, 1.0), (0, 1.0))) == []
    assert stream.counters == {"suppressed_improbable": 1}


def test_a_looping_recognizer_is_heard_once_and_counted() -> None:
    stream = SpeechStream(Scripted(["i", "am", "i", "am", "i", "am", "here"]))
    assert finals_of(hear(stream, say((9, 2.0), (0, 1.0)))) == ["i am here"]
    assert stream.counters["suppressed_loop"] >= 1


def test_voice_without_words_adds_up_until_one_is_understood() -> None:
    stream = SpeechStream(Deaf())
    for _ in range(3):
        hear(stream, say((9, 3.2), (0, 0.64)), origin_ns=0)
        stream.flush()
    assert stream.unheard_s == pytest.approx(9.6, abs=0.3)
    hearing = SpeechStream(Scripted([], [], [], [], [], ["oh"]))
    hear(hearing, say((9, 2.5)))
    assert hearing.unheard_s > 2
    assert finals_of(hear(hearing, say((0, 1.0)), origin_ns=round(2.5 * NS_PER_S))) == ["oh"]
    assert hearing.unheard_s == 0


def test_without_decoding_an_utterance_is_dropped_and_counted() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader)
    sound = chunks(say((0, 1.0), (1, 0.6), (0, 1.0)))
    assert [t for chunk in sound for t in stream.push(chunk, decode=False)] == []
    assert (stream.counters, reader.decoded) == ({"suppressed_overload": 1}, [])


def test_a_longer_step_reads_an_utterance_less_often() -> None:
    reads = []
    for step_s in (0.5, 1.0, 2.0):
        reader = LevelReader()
        stream = SpeechStream(reader)
        for chunk in chunks(say((0, 1.0), (1, 4.0))):
            stream.push(chunk, step_s=step_s)
        reads.append(len(reader.decoded))
    assert reads == [8, 4, 2]

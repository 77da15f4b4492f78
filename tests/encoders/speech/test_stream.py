"""Speech of levels: each word is a stretch of samples of one value, which a stand-in recognizer reads back exactly.

A stand-in for voice activity takes any sound for voice, so that what is tested is where utterances are cut; one test
hears a real voice with the real voice activity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from encoders.samples import NS_PER_S, AudioChunk, Conflict, Interval, Transcript
from encoders.speech import stream as speech
from encoders.speech.recognizer import HeardWord
from encoders.speech.stream import SpeechSettings, SpeechStream

RATE_HZ = 16_000
WINDOW_S = 0.032
KENNEDY = Path(__file__).parents[4] / "shared" / "data" / "speech" / "jfk.flac"

Pcm = NDArray[np.float32]


class AnySound:
    """Voice activity that takes any sound for voice."""

    def push(self, window: Pcm) -> bool:
        return bool(np.abs(window).max() > 0.05)

    def reset(self) -> None:
        """It remembers nothing."""


class LevelReader:
    """A recognizer that reads each level of at least one window as a word: 0.3 is "three"."""

    name = "levels"
    words = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

    def __init__(self, *, aligned: bool = False) -> None:
        self._aligned = aligned
        self.decoded: list[int] = []

    def transcribe(self, pcm: Pcm, _guess: tuple[HeardWord, ...] | None = None, /) -> tuple[HeardWord, ...]:
        self.decoded.append(len(pcm))
        levels = np.clip(np.round(pcm * 10), 0, 9).astype(int)
        edges = [0, *(np.flatnonzero(np.diff(levels)) + 1).tolist(), len(levels)]
        return tuple(
            HeardWord(
                self.words[levels[start]],
                0.9,
                Interval(start * NS_PER_S // RATE_HZ, end * NS_PER_S // RATE_HZ) if self._aligned else None,
            )
            for start, end in pairwise(edges)
            if end - start >= 512 and levels[start]
        )


class Scripted:
    """A recognizer that hears one text after another, whatever the sound, and the last one from then on."""

    name = "scripted"

    def __init__(self, *texts: list[str], probability: float = 0.9) -> None:
        self._texts = list(texts)
        self._probability = probability

    def transcribe(self, _pcm: Pcm, _guess: tuple[HeardWord, ...] | None = None, /) -> tuple[HeardWord, ...]:
        text = self._texts.pop(0) if len(self._texts) > 1 else self._texts[0]
        return tuple(HeardWord(word, self._probability) for word in text)


class Deaf:
    """A recognizer that never understands a word."""

    name = "deaf"

    def transcribe(self, _pcm: Pcm, _guess: tuple[HeardWord, ...] | None = None, /) -> tuple[HeardWord, ...]:
        return ()


@pytest.fixture(autouse=True)
def _any_sound_is_voice(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "real_voice" not in request.keywords.get("usefixtures", pytest.mark.usefixtures()).args:
        monkeypatch.setattr(speech, "VoiceActivity", AnySound)


def _say(*script: tuple[int, float]) -> Pcm:
    """Levels in tenths, each for so many seconds; 0 is silence."""
    return np.concatenate([np.full(round(seconds * RATE_HZ), level / 10, np.float32) for level, seconds in script])


def _chunks(pcm: Pcm, sizes: Sequence[int] = (512,), origin_ns: int = 0) -> Iterator[AudioChunk]:
    """The samples cut to the sizes, over and over."""
    at = seq = 0
    while at < len(pcm):
        part = pcm[at : at + sizes[seq % len(sizes)]]
        yield AudioChunk(seq, origin_ns + at * NS_PER_S // RATE_HZ, RATE_HZ, part)
        at += len(part)
        seq += 1


def _hear(stream: SpeechStream, pcm: Pcm, sizes: Sequence[int] = (512,), origin_ns: int = 0) -> list[Transcript]:
    return [t for chunk in _chunks(pcm, sizes, origin_ns) for t in stream.push(chunk)]


def _finals(transcripts: Sequence[Transcript]) -> list[str]:
    return [transcript.text for transcript in transcripts if transcript.final]


SENTENCE = ((1, 0.4), (2, 0.5), (3, 0.6), (4, 0.3))
TWO_UTTERANCES = _say((0, 0.5), *SENTENCE, (0, 1.0), (5, 0.7), (6, 0.8), (0, 1.0))
scripts = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 40).map(lambda windows: windows * WINDOW_S)), min_size=1, max_size=12
)


def test_an_utterance_is_heard_as_it_grows_and_again_whole_at_its_end() -> None:
    transcripts = _hear(SpeechStream(LevelReader()), _say((0, 0.5), *SENTENCE, (0, 1.0)))
    assert [t.text for t in transcripts] == ["one", "one two", "one two three", "one two three four"]
    assert [len(t.committed) for t in transcripts] == [0, 1, 2, 4]
    assert [t.final for t in transcripts] == [False] * 3 + [True]


def test_silence_longer_than_the_hangover_parts_utterances_and_a_shorter_pause_does_not() -> None:
    assert _finals(_hear(SpeechStream(LevelReader()), TWO_UTTERANCES)) == ["one two three four", "five six"]
    one = _say((1, 0.5), (0, 0.3), (2, 0.5), (0, 1.0))
    assert _finals(_hear(SpeechStream(LevelReader()), one)) == ["one two"]


def test_an_utterance_s_interval_reaches_from_before_its_voice_to_after_it() -> None:
    (final,) = (t for t in _hear(SpeechStream(LevelReader()), _say((0, 1.0), (1, 1.0), (0, 1.0))) if t.final)
    assert 0.7 < final.interval.start_ns / NS_PER_S < 1.0
    assert 2.0 < final.interval.end_ns / NS_PER_S < 2.3


@given(scripts, st.lists(st.integers(150, 3000), min_size=1, max_size=5))
@settings(max_examples=20)
def test_how_the_audio_was_cut_into_chunks_changes_nothing(script: list[tuple[int, float]], sizes: list[int]) -> None:
    pcm = _say(*script, (0, 1.0))
    whole, cut = SpeechStream(LevelReader()), SpeechStream(LevelReader())
    assert _hear(cut, pcm, sizes) == _hear(whole, pcm, [len(pcm)])
    assert (cut.flush(), cut.counters) == (whole.flush(), whole.counters)


@given(scripts)
@settings(max_examples=20)
def test_revisions_count_up_committed_words_only_grow_and_the_final_one_is_the_last(
    script: list[tuple[int, float]],
) -> None:
    stream = SpeechStream(LevelReader())
    newest: dict[int, Transcript] = {}
    for transcript in [*_hear(stream, _say(*script)), *stream.flush()]:
        before = newest.get(transcript.utterance_id)
        assert all(t.final for t in newest.values() if t.utterance_id != transcript.utterance_id)  # one at a time
        assert transcript.revision == (before.revision + 1 if before else 1)
        if before is not None:
            assert not before.final
            assert transcript.interval.start_ns == before.interval.start_ns
            if not transcript.final:
                texts = [word.text for word in transcript.committed]
                assert texts[: len(before.committed)] == [word.text for word in before.committed]
        newest[transcript.utterance_id] = transcript
    assert all(transcript.final and not transcript.tentative for transcript in newest.values())
    assert list(newest) == sorted(newest)


@given(scripts)
@settings(max_examples=20)
def test_the_final_transcript_reaches_further_than_every_partial_one(script: list[tuple[int, float]]) -> None:
    """Else fusion, which orders an utterance's revisions by how far they reach, would prefer a partial to it."""
    newest: dict[int, Transcript] = {}
    for transcript in _hear(SpeechStream(LevelReader()), _say(*script, (0, 1.0))):
        if transcript.utterance_id in newest:
            assert transcript.interval.end_ns > newest[transcript.utterance_id].interval.end_ns
        newest[transcript.utterance_id] = transcript


@given(scripts)
@settings(max_examples=20)
def test_words_lie_inside_their_utterance_in_order_and_utterances_do_not_overlap(
    script: list[tuple[int, float]],
) -> None:
    stream = SpeechStream(LevelReader())
    finals = [t for t in [*_hear(stream, _say(*script)), *stream.flush()] if t.final]
    at_ns = 0
    for final in finals:
        assert at_ns <= final.interval.start_ns
        at_ns = final.interval.start_ns
        for word in final.words:
            assert at_ns <= word.interval.start_ns <= word.interval.end_ns <= final.interval.end_ns
            at_ns = word.interval.end_ns
        at_ns = final.interval.end_ns


@pytest.mark.parametrize("longest_s", [1.024, 2.048, 12.0])
@given(scripts, st.integers(150, 3000))
@settings(max_examples=20)
def test_the_bound_is_behind_the_audio_and_every_transcript_to_come_reaches_beyond_it(
    longest_s: float, script: list[tuple[int, float]], size: int
) -> None:
    stream = SpeechStream(LevelReader(), SpeechSettings(max_utterance_s=longest_s))
    seen: set[int] = set()
    told_ns = 0
    for chunk in _chunks(_say(*script, (0, 1.0)), (size,)):
        for transcript in stream.push(chunk):
            assert transcript.interval.end_ns > told_ns
            if transcript.utterance_id not in seen:
                assert transcript.interval.start_ns >= told_ns
            seen.add(transcript.utterance_id)
        told_ns = max(told_ns, stream.bound_ns)
        assert stream.bound_ns <= chunk.interval.end_ns


def test_the_bound_follows_silence_and_waits_for_what_is_being_said() -> None:
    stream = SpeechStream(LevelReader())
    _hear(stream, _say((0, 2.0)))
    assert 1.5 * NS_PER_S < stream.bound_ns < 2.0 * NS_PER_S
    _hear(stream, _say((1, 0.2)), origin_ns=2 * NS_PER_S)
    assert stream.bound_ns < 2.0 * NS_PER_S
    assert SpeechStream(LevelReader()).bound_ns == 0


def test_speech_without_end_is_cut_at_the_longest_utterance_and_no_word_of_it_is_lost() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader, SpeechSettings(max_utterance_s=2.0))
    levels = [1 + n % 9 for n in range(16)]
    transcripts = [*_hear(stream, _say(*((level, 0.48) for level in levels), (0, 1.0)))]
    finals = [t for t in transcripts if t.final]
    assert len(finals) >= 3
    assert all(t.interval.duration_ns <= 2.02 * NS_PER_S for t in finals)
    heard = [word.text for t in finals for word in t.words]
    deduplicated = [text for n, text in enumerate(heard) if n == 0 or heard[n - 1] != text]
    assert deduplicated == [LevelReader.words[level] for level in levels]


def test_memory_and_the_longest_decode_are_bounded_by_the_longest_utterance() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader, SpeechSettings(max_utterance_s=2.0))
    for chunk in _chunks(_say((1, 20.0), (0, 20.0)), (RATE_HZ,)):
        stream.push(chunk)
        assert len(stream._pcm) <= 3.1 * RATE_HZ
    assert max(reader.decoded) <= 2.02 * RATE_HZ
    assert len(stream._pcm) <= 0.5 * RATE_HZ


def test_flushing_ends_the_utterance_in_progress_and_gives_nothing_the_second_time() -> None:
    stream = SpeechStream(LevelReader())
    _hear(stream, _say((1, 0.4), (2, 0.4)))
    assert _finals(stream.flush()) == ["one two"]
    assert stream.flush() == []


def test_a_gap_in_time_ends_the_utterance_and_what_follows_is_another() -> None:
    stream = SpeechStream(LevelReader())
    before = _hear(stream, _say((1, 0.6)))
    after = _hear(stream, _say((2, 0.6), (0, 1.0)), origin_ns=3 * NS_PER_S)
    assert _finals(before) == []
    assert _finals(after) == ["one", "two"]
    assert [t.utterance_id for t in after if t.final] == [0, 1]
    assert after[-1].interval.start_ns == 3 * NS_PER_S


def test_time_running_backwards_ends_the_utterance_too() -> None:
    stream = SpeechStream(LevelReader())
    _hear(stream, _say((1, 0.6)), origin_ns=5 * NS_PER_S)
    assert _finals(_hear(stream, _say((2, 0.6), (0, 1.0)), origin_ns=NS_PER_S)) == ["one", "two"]


def test_a_stamp_off_by_a_few_milliseconds_is_no_gap() -> None:
    stream = SpeechStream(LevelReader())
    _hear(stream, _say((1, 0.6)))
    transcripts = _hear(stream, _say((2, 0.6), (0, 1.0)), origin_ns=round(0.62 * NS_PER_S))
    assert _finals(transcripts) == ["one two"]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_silence(wrong: float) -> None:
    pcm = _say((0, 0.5), (1, 0.6), (0, 1.0))
    pcm[100:4000] = wrong
    assert _finals(_hear(SpeechStream(LevelReader()), pcm)) == ["one"]


def test_samples_too_loud_are_clipped() -> None:
    heard: list[float] = []

    class Loudness(Deaf):
        def transcribe(self, pcm: Pcm, _guess: tuple[HeardWord, ...] | None = None, /) -> tuple[HeardWord, ...]:
            heard.append(float(np.abs(pcm).max()))
            return ()

    _hear(SpeechStream(Loudness()), _say((50, 1.0), (0, 1.0)))
    assert set(heard) == {1.0}


def test_another_sample_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="16000 Hz audio, got 48000 Hz"):
        SpeechStream(LevelReader()).push(AudioChunk(0, 0, 48_000, np.zeros(480, np.float32)))


def test_a_click_begins_no_utterance() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader)
    assert _hear(stream, _say((0, 0.512), (9, WINDOW_S), (0, 1.0))) == []
    assert (stream.counters, reader.decoded) == ({}, [])


def test_too_little_voice_is_dropped_unread_and_counted() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader)
    assert _hear(stream, _say((0, 0.512), (9, 4 * WINDOW_S), (0, 1.0))) == []
    assert (stream.counters, reader.decoded) == ({"suppressed_too_little_voice": 1}, [])


def test_an_utterance_nobody_heard_of_and_nothing_was_understood_of_is_dropped_and_counted() -> None:
    stream = SpeechStream(Deaf(), SpeechSettings(step_s=5.0))
    assert _hear(stream, _say((9, 1.0), (0, 1.0))) == []
    assert stream.counters == {"suppressed_nothing_understood": 1}


def test_an_utterance_already_told_of_is_ended_without_words_when_none_is_understood() -> None:
    stream = SpeechStream(Scripted(["great", "day"], []))
    transcripts = _hear(stream, _say((9, 1.0), (0, 1.0)))
    assert [(t.text, t.final) for t in transcripts] == [("great", False), ("", True)]
    assert stream.counters == {"suppressed_nothing_understood": 1}


def test_without_partials_only_the_end_is_decoded() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader)
    transcripts = [
        t for chunk in _chunks(_say((0, 0.5), *SENTENCE, (0, 1.0))) for t in stream.push(chunk, partials=False)
    ]
    assert [(t.text, t.final) for t in transcripts] == [("one two three four", True)]
    assert len(reader.decoded) == 1


def test_silence_after_the_voice_is_not_decoded_over_and_over() -> None:
    reader = LevelReader()
    settings = SpeechSettings(step_s=0.1, hangover_s=2.0)
    _hear(SpeechStream(reader, settings), _say((1, 0.6), (0, 3.0)))
    assert len(reader.decoded) < 12


def test_words_the_engine_aligned_keep_its_times_on_the_session_s_axis() -> None:
    transcripts = _hear(SpeechStream(LevelReader(aligned=True)), _say((0, 1.024), (1, 0.512), (2, 0.512), (0, 1.0)))
    words = transcripts[-1].words
    assert [(w.text, w.timing, w.interval.start_ns // 1_000_000) for w in words] == [
        ("one", "measured", 1024),
        ("two", "measured", 1536),
    ]


def test_words_without_an_alignment_are_estimated_inside_the_voice_which_is_noticed_64_ms_late() -> None:
    words = _hear(SpeechStream(LevelReader()), _say((0, 1.024), (1, 0.512), (2, 0.512), (0, 1.0)))[-1].words
    assert {word.timing for word in words} == {"estimated"}
    assert words[0].interval.start_ns == (1024 - 64) * 1_000_000
    assert words[-1].interval.end_ns == (2048 - 64) * 1_000_000


def test_a_reset_forgets_the_audio_but_gives_no_utterance_id_twice() -> None:
    stream = SpeechStream(LevelReader())
    first = _hear(stream, _say((1, 0.6), (0, 1.0)))
    _hear(stream, _say((2, 0.6)), origin_ns=round(1.6 * NS_PER_S))
    stream.reset()
    second = _hear(stream, _say((3, 0.6), (0, 1.0)))
    assert _finals(second) == ["three"]
    assert {t.utterance_id for t in first}.isdisjoint(t.utterance_id for t in second)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SpeechSettings(step_s=0),
        lambda: SpeechSettings(step_s=5, max_utterance_s=4),
        lambda: SpeechSettings(max_utterance_s=31),
        lambda: SpeechSettings(tail_s=-0.1),
    ],
)
def test_settings_that_cannot_be_kept_are_refused(make: Callable[[], SpeechSettings]) -> None:
    with pytest.raises(ValueError, match="speech"):
        make()


def test_what_will_be_final_is_foreseen_as_soon_as_the_voice_pauses_and_read_only_once() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader)
    pcm = _say((0, 1.024), *SENTENCE, (0, 1.0))
    foreseen: list[tuple[Transcript, int]] = []
    finals: list[Transcript] = []
    for chunk in _chunks(pcm):
        finals += [t for t in stream.push(chunk, step_s=9) if t.final]
        if not finals and (seen := stream.foreseen) is not None:
            foreseen.append((seen, len(reader.decoded)))
    assert finals == [foreseen[0][0]]
    assert {seen for seen, _ in foreseen} == set(finals)
    assert len(reader.decoded) == 1


def test_what_was_foreseen_is_forgotten_when_the_voice_goes_on() -> None:
    stream = SpeechStream(LevelReader())
    transcripts = _hear(stream, _say((0, 1.024), (1, 0.512), (0, 0.256), (2, 0.512)))
    assert stream.foreseen is None
    assert _finals([*transcripts, *stream.flush()]) == ["one two"]


def test_a_committed_word_stands_until_the_final_transcript_contradicts_it() -> None:
    stream = SpeechStream(Scripted(["oh", "grape", "x"], ["oh", "grape", "x"], ["oh", "great", "thanks", "x"]))
    transcripts = _hear(stream, _say((1, 1.2), (0, 1.0)))
    assert [t.text for t in transcripts] == ["oh grape", "oh grape", "oh great thanks x"]
    assert [t.conflicts for t in transcripts] == [(), (), (Conflict(1, "grape", "great"),)]


def test_of_an_unfinished_utterance_only_what_is_believable_is_told() -> None:
    class Doubtful(Scripted):
        def transcribe(self, pcm: Pcm, guess: tuple[HeardWord, ...] | None = None, /) -> tuple[HeardWord, ...]:
            return tuple(replace(w, probability=0.4 if w.text == "um" else 0.9) for w in super().transcribe(pcm, guess))

    stream = SpeechStream(Doubtful(["oh", "so", "um", "great", "thanks"]))
    assert {t.text for t in _hear(stream, _say((1, 1.4)))} == {"oh so"}


def test_the_last_word_of_a_voice_that_goes_on_may_be_half_a_word_and_is_not_told() -> None:
    stream = SpeechStream(Scripted(["oh", "gre"], ["oh", "great"]))
    partials = _hear(stream, _say((1, 0.7), (0, 0.16), (1, 0.5)))
    assert [t.text for t in partials] == ["oh", "oh"]


def test_a_finished_sentence_ends_sooner_than_one_that_seems_to_go_on() -> None:
    ends_s = []
    for text in (["oh", "great."], ["oh", "great"]):
        stream = SpeechStream(Scripted(text))
        chunks = _chunks(_say((0, 1.024), (1, 0.64), (0, 1.0)))
        ends_s += [chunk.interval.end_ns / NS_PER_S for chunk in chunks if any(t.final for t in stream.push(chunk))]
    assert ends_s == [pytest.approx(1.664 + 0.288), pytest.approx(1.664 + 0.416)]


def test_an_utterance_cut_for_its_length_is_marked_and_goes_on_as_another() -> None:
    stream = SpeechStream(LevelReader(), SpeechSettings(max_utterance_s=2.048))
    finals = [t for t in _hear(stream, _say((0, 1.6), (1, 3.2), (0, 1.0))) if t.final]
    assert [t.forced for t in finals] == [True, False]
    assert finals[0].interval.end_ns == finals[1].interval.start_ns
    assert finals[0].conflicts == ()


def test_a_long_utterance_is_cut_at_its_last_pause() -> None:
    stream = SpeechStream(LevelReader(), SpeechSettings(max_utterance_s=2.048))
    pcm = _say((0, 1.6), (1, 0.64), (2, 0.64), (0, 0.128), (3, 0.64), (4, 0.64), (0, 1.0))
    assert _finals(_hear(stream, pcm)) == ["one two", "three four"]


def test_improbable_words_are_refused_and_counted() -> None:
    stream = SpeechStream(Scripted(["thanks", "for", "watching"], probability=0.1))
    assert _hear(stream, _say((9, 1.0), (0, 1.0))) == []
    assert stream.counters == {"suppressed_improbable": 1}


def test_a_looping_recognizer_is_heard_once_and_counted() -> None:
    stream = SpeechStream(Scripted(["i", "am", "i", "am", "i", "am", "here"]))
    assert _finals(_hear(stream, _say((9, 2.0), (0, 1.0)))) == ["i am here"]
    assert stream.counters["suppressed_loop"] >= 1


def test_voice_without_words_adds_up_until_one_is_understood() -> None:
    stream = SpeechStream(Deaf())
    for _ in range(3):
        _hear(stream, _say((9, 3.2), (0, 0.64)), origin_ns=0)
        stream.flush()
    assert stream.unheard_s == pytest.approx(9.6, abs=0.3)
    hearing = SpeechStream(Scripted([], [], [], [], [], ["oh"]))
    _hear(hearing, _say((9, 2.5)))
    assert hearing.unheard_s > 2
    assert _finals(_hear(hearing, _say((0, 1.0)), origin_ns=round(2.5 * NS_PER_S))) == ["oh"]
    assert hearing.unheard_s == 0


def test_without_decoding_an_utterance_is_dropped_and_counted() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader)
    chunks = _chunks(_say((0, 1.0), (1, 0.6), (0, 1.0)))
    assert [t for chunk in chunks for t in stream.push(chunk, decode=False)] == []
    assert (stream.counters, reader.decoded) == ({"suppressed_overload": 1}, [])


def test_a_longer_step_reads_an_utterance_less_often() -> None:
    reads = []
    for step_s in (0.5, 1.0, 2.0):
        reader = LevelReader()
        stream = SpeechStream(reader)
        for chunk in _chunks(_say((0, 1.0), (1, 4.0))):
            stream.push(chunk, step_s=step_s)
        reads.append(len(reader.decoded))
    assert reads == [8, 4, 2]


@pytest.mark.parametrize("drift", [-5e-4, 5e-4])
def test_a_device_s_clock_that_drifts_is_followed_without_cutting_a_word(drift: float) -> None:
    stream = SpeechStream(LevelReader())
    transcripts: list[Transcript] = []
    sentence = _say((1, 0.512), (0, 1.536))
    for number in range(100):
        for chunk in _chunks(sentence):
            at = number * len(sentence) + chunk.seq * 512
            pts_ns = round(at * NS_PER_S / RATE_HZ * (1 + drift))
            transcripts += stream.push(AudioChunk(chunk.seq, pts_ns, RATE_HZ, chunk.pcm), partials=False)
    assert len(transcripts) == 100
    for number, transcript in enumerate(transcripts):
        spoken_ns = number * 2.048e9 * (1 + drift)
        end_ns = transcript.words[0].interval.end_ns  # 64 ms early: real voice activity is late
        assert abs(end_ns - spoken_ns - (512 - 64) * 1_000_000) < 2_000_000


@pytest.mark.usefixtures("real_voice")
@pytest.mark.skipif(not KENNEDY.is_file(), reason="needs the shared recording jfk.flac")
def test_a_real_voice_is_heard_the_same_however_its_audio_was_cut() -> None:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    with av.open(str(KENNEDY)) as container:
        pcm = np.concatenate([o.to_ndarray()[0] for f in container.decode(audio=0) for o in resampler.resample(f)])
    told = []
    for sizes in ((512,), (160, 7, 4801)):
        stream = SpeechStream(Scripted(["so"]))
        told.append([*_hear(stream, pcm, sizes), *stream.flush()])
    assert told[0] == told[1]
    assert sum(t.final for t in told[0]) >= 2
    assert all(t.interval.start_ns < 11 * NS_PER_S for t in told[0])


@pytest.fixture
def real_voice() -> None:
    """Marks a test that hears with the real voice activity."""

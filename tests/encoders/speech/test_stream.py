"""Where a stream of sound is cut into utterances, and what time its words are given, whatever the chunks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders.samples import NS_PER_S, AudioChunk, Transcript
from encoders.speech.recognizer import HeardWord
from encoders.speech.stream import SpeechSettings, SpeechStream
from tests.encoders.speech.levels import (
    RATE_HZ,
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

TWO_UTTERANCES = say((0, 0.5), *SENTENCE, (0, 1.0), (5, 0.7), (6, 0.8), (0, 1.0))
scripts = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 40).map(lambda windows: windows * WINDOW_S)), min_size=1, max_size=12
)


def test_silence_longer_than_the_hangover_parts_utterances_and_a_shorter_pause_does_not() -> None:
    assert finals_of(hear(SpeechStream(LevelReader()), TWO_UTTERANCES)) == ["one two three four", "five six"]
    one = say((1, 0.5), (0, 0.3), (2, 0.5), (0, 1.0))
    assert finals_of(hear(SpeechStream(LevelReader()), one)) == ["one two"]


def test_an_utterance_s_interval_reaches_from_before_its_voice_to_after_it() -> None:
    (final,) = (t for t in hear(SpeechStream(LevelReader()), say((0, 1.0), (1, 1.0), (0, 1.0))) if t.final)
    assert 0.7 < final.interval.start_ns / NS_PER_S < 1.0
    assert 2.0 < final.interval.end_ns / NS_PER_S < 2.3


@given(scripts, st.lists(st.integers(150, 3000), min_size=1, max_size=5))
@settings(max_examples=20)
def test_how_the_audio_was_cut_into_chunks_changes_nothing(script: list[tuple[int, float]], sizes: list[int]) -> None:
    pcm = say(*script, (0, 1.0))
    whole, cut = SpeechStream(LevelReader()), SpeechStream(LevelReader())
    assert hear(cut, pcm, sizes) == hear(whole, pcm, [len(pcm)])
    assert (cut.flush(), cut.counters) == (whole.flush(), whole.counters)


@given(scripts)
@settings(max_examples=20)
def test_revisions_count_up_committed_words_only_grow_and_the_final_one_is_the_last(
    script: list[tuple[int, float]],
) -> None:
    stream = SpeechStream(LevelReader())
    newest: dict[int, Transcript] = {}
    for transcript in [*hear(stream, say(*script)), *stream.flush()]:
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
    for transcript in hear(SpeechStream(LevelReader()), say(*script, (0, 1.0))):
        if transcript.utterance_id in newest:
            assert transcript.interval.end_ns > newest[transcript.utterance_id].interval.end_ns
        newest[transcript.utterance_id] = transcript


@given(scripts)
@settings(max_examples=20)
def test_words_lie_inside_their_utterance_in_order_and_utterances_do_not_overlap(
    script: list[tuple[int, float]],
) -> None:
    stream = SpeechStream(LevelReader())
    finals = [t for t in [*hear(stream, say(*script)), *stream.flush()] if t.final]
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
    for chunk in chunks(say(*script, (0, 1.0)), (size,)):
        for transcript in stream.push(chunk):
            assert transcript.interval.end_ns > told_ns
            if transcript.utterance_id not in seen:
                assert transcript.interval.start_ns >= told_ns
            seen.add(transcript.utterance_id)
        told_ns = max(told_ns, stream.bound_ns)
        assert stream.bound_ns <= chunk.interval.end_ns


def test_the_bound_follows_silence_and_waits_for_what_is_being_said() -> None:
    stream = SpeechStream(LevelReader())
    hear(stream, say((0, 2.0)))
    assert 1.5 * NS_PER_S < stream.bound_ns < 2.0 * NS_PER_S
    hear(stream, say((1, 0.2)), origin_ns=2 * NS_PER_S)
    assert stream.bound_ns < 2.0 * NS_PER_S
    assert SpeechStream(LevelReader()).bound_ns == 0


@pytest.mark.parametrize(
    "cut", [SpeechSettings(), SpeechSettings(step_s=0.2, max_utterance_s=1.024), SpeechSettings(hangover_s=0.1)]
)
@given(scripts, st.integers(150, 1500))
@settings(max_examples=30)
def test_nothing_is_read_or_told_of_sound_that_ends_before_what_is_awaited(
    cut: SpeechSettings, script: list[tuple[int, float]], size: int
) -> None:
    reader = LevelReader()
    stream = SpeechStream(reader, cut)
    awaited_ns = stream.awaited_ns()
    assert awaited_ns == 0
    for chunk in chunks(say(*script, (0, 1.0)), (size,)):
        reader.decoded.clear()
        told = stream.push(chunk)
        if chunk.interval.end_ns < awaited_ns:
            assert not told
            assert not reader.decoded
            awaited_ns = max(awaited_ns, stream.awaited_ns())
        else:
            awaited_ns = stream.awaited_ns()
        assert awaited_ns > chunk.interval.end_ns, "the window in progress is awaited at the least"


@pytest.mark.parametrize("script", [((0, 8.0),), ((0, 0.5), *SENTENCE, *SENTENCE, *SENTENCE, (0, 1.0))])
def test_most_of_the_sound_is_not_awaited(script: tuple[tuple[int, float], ...]) -> None:
    stream = SpeechStream(LevelReader())
    pieces = list(chunks(say(*script)))
    looks = awaited_ns = 0
    for chunk in pieces:
        stream.push(chunk)
        if chunk.interval.end_ns >= awaited_ns:
            looks, awaited_ns = looks + 1, stream.awaited_ns()
    assert looks < 0.4 * len(pieces)


def test_a_reading_that_is_asked_for_sooner_is_awaited_sooner() -> None:
    stream = SpeechStream(LevelReader())
    hear(stream, say((1, 0.4)))
    assert stream.awaited_ns(0.2) < stream.awaited_ns()


def test_speech_without_end_is_cut_at_the_longest_utterance_and_no_word_of_it_is_lost() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader, SpeechSettings(max_utterance_s=2.0))
    levels = [1 + n % 9 for n in range(16)]
    transcripts = [*hear(stream, say(*((level, 0.48) for level in levels), (0, 1.0)))]
    finals = [t for t in transcripts if t.final]
    assert len(finals) >= 3
    assert all(t.interval.duration_ns <= 2.02 * NS_PER_S for t in finals)
    heard = [word.text for t in finals for word in t.words]
    deduplicated = [text for n, text in enumerate(heard) if n == 0 or heard[n - 1] != text]
    assert deduplicated == [LevelReader.words[level] for level in levels]


def test_memory_and_the_longest_decode_are_bounded_by_the_longest_utterance() -> None:
    reader = LevelReader()
    stream = SpeechStream(reader, SpeechSettings(max_utterance_s=2.0))
    for chunk in chunks(say((1, 20.0), (0, 20.0)), (RATE_HZ,)):
        stream.push(chunk)
        assert len(stream._tape) <= 3.1 * RATE_HZ
    assert max(reader.decoded) <= 2.02 * RATE_HZ
    assert len(stream._tape) <= 0.5 * RATE_HZ


def test_flushing_ends_the_utterance_in_progress_and_gives_nothing_the_second_time() -> None:
    stream = SpeechStream(LevelReader())
    hear(stream, say((1, 0.4), (2, 0.4)))
    assert finals_of(stream.flush()) == ["one two"]
    assert stream.flush() == []


def test_a_gap_in_time_ends_the_utterance_and_what_follows_is_another() -> None:
    stream = SpeechStream(LevelReader())
    before = hear(stream, say((1, 0.6)))
    after = hear(stream, say((2, 0.6), (0, 1.0)), origin_ns=3 * NS_PER_S)
    assert finals_of(before) == []
    assert finals_of(after) == ["one", "two"]
    assert [t.utterance_id for t in after if t.final] == [0, 1]
    assert after[-1].interval.start_ns == 3 * NS_PER_S


def test_time_running_backwards_ends_the_utterance_too() -> None:
    stream = SpeechStream(LevelReader())
    hear(stream, say((1, 0.6)), origin_ns=5 * NS_PER_S)
    assert finals_of(hear(stream, say((2, 0.6), (0, 1.0)), origin_ns=NS_PER_S)) == ["one", "two"]


def test_a_stamp_off_by_a_few_milliseconds_is_no_gap() -> None:
    stream = SpeechStream(LevelReader())
    hear(stream, say((1, 0.6)))
    transcripts = hear(stream, say((2, 0.6), (0, 1.0)), origin_ns=round(0.62 * NS_PER_S))
    assert finals_of(transcripts) == ["one two"]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_silence(wrong: float) -> None:
    pcm = say((0, 0.5), (1, 0.6), (0, 1.0))
    pcm[100:4000] = wrong
    assert finals_of(hear(SpeechStream(LevelReader()), pcm)) == ["one"]


def test_samples_too_loud_are_clipped() -> None:
    heard: list[float] = []

    class Loudness(Deaf):
        def transcribe(self, pcm: Pcm, _guess: tuple[HeardWord, ...] | None = None, /) -> tuple[HeardWord, ...]:
            heard.append(float(np.abs(pcm).max()))
            return ()

    hear(SpeechStream(Loudness()), say((50, 1.0), (0, 1.0)))
    assert set(heard) == {1.0}


def test_another_sample_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="16000 Hz audio, got 48000 Hz"):
        SpeechStream(LevelReader()).push(AudioChunk(0, 0, 48_000, np.zeros(480, np.float32)))


def test_a_reset_forgets_the_audio_but_gives_no_utterance_id_twice() -> None:
    stream = SpeechStream(LevelReader())
    first = hear(stream, say((1, 0.6), (0, 1.0)))
    hear(stream, say((2, 0.6)), origin_ns=round(1.6 * NS_PER_S))
    stream.reset()
    second = hear(stream, say((3, 0.6), (0, 1.0)))
    assert finals_of(second) == ["three"]
    assert {t.utterance_id for t in first}.isdisjoint(t.utterance_id for t in second)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SpeechSettings(step_s=0),
        lambda: SpeechSettings(step_s=5, max_utterance_s=4),
        lambda: SpeechSettings(max_utterance_s=31),
        lambda: SpeechSettings(tail_s=-0.1),
        lambda: SpeechSettings(pause_s=-0.1),
    ],
)
def test_settings_that_cannot_be_kept_are_refused(make: Callable[[], SpeechSettings]) -> None:
    with pytest.raises(ValueError, match="speech"):
        make()


@pytest.mark.parametrize(("pause_s", "unheard_s"), [(0.064, 0.064), (0.096, 0.032), (0.128, 0.0), (0.192, 0.0)])
def test_the_whole_is_read_in_a_short_pause_with_silence_for_what_of_its_tail_is_not_heard_yet(
    pause_s: float, unheard_s: float
) -> None:
    readings: list[Pcm] = []

    class Remembering(Deaf):
        def transcribe(self, pcm: Pcm, _guess: tuple[HeardWord, ...] | None = None, /) -> tuple[HeardWord, ...]:
            readings.append(pcm)
            return ()

    stream = SpeechStream(Remembering(), SpeechSettings(step_s=5.0, pause_s=pause_s))
    room = say((0, 1.024), (5, 0.64), (0, 1.024))
    room[room == 0] = 0.01  # what is no voice is no silence either
    began_s = [chunk.interval.end_ns / NS_PER_S for chunk in chunks(room) if not stream.push(chunk) and readings][:1]
    assert began_s == [pytest.approx(1.664 + pause_s)]
    assert [len(pcm) for pcm in readings] == [round((0.256 + 0.64 + 0.128) * RATE_HZ)]
    assert np.count_nonzero(readings[0] == 0) == round(unheard_s * RATE_HZ)


def test_a_finished_sentence_ends_sooner_than_one_that_seems_to_go_on() -> None:
    ends_s = []
    for text in ("oh that is great.", "oh that is great", "oh that is.", "oh great."):
        stream = SpeechStream(Scripted(text.split()))
        sound = chunks(say((0, 1.024), (1, 0.64), (0, 1.0)))
        ends_s += [chunk.interval.end_ns / NS_PER_S for chunk in sound if any(t.final for t in stream.push(chunk))]
    assert ends_s == [pytest.approx(1.664 + 0.224), *[pytest.approx(1.664 + 0.416)] * 3]


def test_an_utterance_cut_for_its_length_is_marked_and_goes_on_as_another() -> None:
    stream = SpeechStream(LevelReader(), SpeechSettings(max_utterance_s=2.048))
    finals = [t for t in hear(stream, say((0, 1.6), (1, 3.2), (0, 1.0))) if t.final]
    assert [t.forced for t in finals] == [True, False]
    assert finals[0].interval.end_ns == finals[1].interval.start_ns
    assert finals[0].conflicts == ()


def test_a_long_utterance_is_cut_at_its_last_pause() -> None:
    stream = SpeechStream(LevelReader(), SpeechSettings(max_utterance_s=2.048))
    pcm = say((0, 1.6), (1, 0.64), (2, 0.64), (0, 0.128), (3, 0.64), (4, 0.64), (0, 1.0))
    assert finals_of(hear(stream, pcm)) == ["one two", "three four"]


@pytest.mark.parametrize("drift", [-5e-4, 5e-4])
def test_a_device_s_clock_that_drifts_is_followed_without_cutting_a_word(drift: float) -> None:
    stream = SpeechStream(LevelReader())
    transcripts: list[Transcript] = []
    sentence = say((1, 0.512), (0, 1.536))
    for number in range(100):
        for chunk in chunks(sentence):
            at = number * len(sentence) + chunk.seq * 512
            pts_ns = round(at * NS_PER_S / RATE_HZ * (1 + drift))
            transcripts += stream.push(AudioChunk(chunk.seq, pts_ns, RATE_HZ, chunk.pcm), partials=False)
    assert len(transcripts) == 100
    for number, transcript in enumerate(transcripts):
        spoken_ns = number * 2.048e9 * (1 + drift)
        end_ns = transcript.words[0].interval.end_ns  # 64 ms early: real voice activity is late
        assert abs(end_ns - spoken_ns - (512 - 64) * 1_000_000) < 2_000_000

"""Sound through the real encoders and fusion: the same finals however it was cut, and nothing invented from bad input.

The stages' results reach fusion as in a lane: at the moment a live session would have had the chunk they come of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from agent.config import Config, FusionConfig, SpeechConfig
from agent.processes.fusing import FusingStage
from agent.processes.lane import Order, encode
from agent.processes.models import Models
from agent.processes.stages import encoding_stage
from agent.processes.wire import Ended, Value
from agent.topology import WorkerName
from deadpan.messages import Estimate, Message, Utterance
from encoders.samples import NS_PER_S, AudioChunk, Embedding, Modality, Transcript
from tests.agent.capture.films import write_audio
from tests.long.recordings import RATE_HZ, demo_sound

Pcm = NDArray[np.float32]
CHUNK = 512
HEARING: tuple[WorkerName, ...] = ("prosody", "speech")


@pytest.fixture(scope="module")
def models() -> Models:
    return Models()


@pytest.fixture(scope="module")
def demo() -> Pcm:
    """The first seven seconds of the demo: two utterances and a little of the next."""
    return (demo_sound()[: 7 * RATE_HZ] / 32768).astype(np.float32)


@dataclass(slots=True)
class Heard:
    """What a stretch of sound came to."""

    estimates: list[Estimate] = field(default_factory=list)
    utterances: list[Utterance] = field(default_factory=list)
    transcripts: list[Transcript] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        return [utterance.text for utterance in self.utterances]

    @property
    def finals(self) -> list[Message]:
        """What stands in the end, but for when it was said and by which revision: that is the chunks' doing."""
        timeless = {"created_ns": 0, "published_ns": 0, "latency_ms": 0.0}
        estimates = [replace(each, revision=0, **timeless) for each in self.estimates]
        return [*estimates, *(replace(each, **timeless) for each in self.utterances)]


def _chunks(pcm: Pcm, sizes: Sequence[int] = (CHUNK,), start_ns: int = 0) -> Iterator[AudioChunk]:
    at = 0
    for seq, size in enumerate(cycle(sizes)):
        if at >= len(pcm):
            return
        yield AudioChunk(seq, start_ns + at * NS_PER_S // RATE_HZ, RATE_HZ, pcm[at : at + size])
        at += size


def _hear(models: Models, chunks: Iterator[AudioChunk]) -> Heard:
    """Chunks to the end of the stream, through prosody, speech and fusion."""
    stages = [encoding_stage(name, models, SpeechConfig()) for name in HEARING]
    fusing = FusingStage(FusionConfig(), [Modality.VOICE, Modality.TEXT], "s1", "default")
    heard = Heard()
    now_ns = 0

    def take(messages: Iterator[Message]) -> None:
        for message in messages:
            if isinstance(message, Estimate) and message.final:
                heard.estimates.append(message)
            elif isinstance(message, Utterance):
                heard.utterances.append(message)

    def give(value: Value) -> None:
        while fusing.next_deadline_ns < now_ns:
            take(fusing.advance(fusing.next_deadline_ns))
        for made in [made for stage in stages for made in stage.push(value, now_ns)]:
            heard.transcripts += [made] if isinstance(made, Transcript) else []
            take(fusing.push(made, now_ns))
            take(fusing.advance(now_ns))

    for chunk in chunks:
        now_ns = chunk.interval.end_ns
        give(chunk)
    give(Ended("microphone"))
    take(fusing.advance(max(now_ns, fusing.media_end_ns)))
    heard.counters = stages[1].counters | fusing.counters
    return heard


@pytest.fixture(scope="module")
def whole(models: Models, demo: Pcm) -> Heard:
    return _hear(models, _chunks(demo))


def test_the_demo_s_first_words_are_heard(whole: Heard, demo: Pcm) -> None:
    assert len(whole.texts) == 2
    assert "love this place" in whole.texts[1]
    assert [estimate.seq for estimate in whole.estimates] == list(range(len(demo) * 5 // RATE_HZ))


@pytest.mark.parametrize("sizes", [(160, 7, 4801, 1, 512), (2000,), (8000, 16, 16)], ids=str)
def test_however_the_sound_was_cut_the_finals_are_the_same(
    models: Models, demo: Pcm, whole: Heard, sizes: tuple[int, ...]
) -> None:
    assert _hear(models, _chunks(demo, sizes)).finals == whole.finals


def test_later_sound_never_changes_a_final(models: Models, demo: Pcm, whole: Heard) -> None:
    """Cut off between the two utterances, and again with noise for the rest: up to there nothing differs."""
    cut_ns = whole.utterances[0].end_ns + 400_000_000
    cut = cut_ns * RATE_HZ // NS_PER_S
    noise = np.random.default_rng(3).uniform(-0.3, 0.3, 2 * RATE_HZ).astype(np.float32)
    after = [demo[:cut], np.concatenate([demo[:cut], noise])]
    for heard in (_hear(models, _chunks(pcm)) for pcm in after):
        known = [each for each in whole.finals if each.end_ns <= cut_ns - 400_000_000]
        assert [each for each in heard.finals if each.end_ns <= cut_ns - 400_000_000] == known
        assert len(known) > 10


def test_a_recording_s_packets_change_nothing_of_what_a_lane_makes_of_it(
    models: Models, demo: Pcm, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("packets")
    sound = np.concatenate([demo[: 4 * RATE_HZ], np.zeros(100, np.float32)])[:, np.newaxis]
    files = [
        write_audio(folder / name, sound, RATE_HZ, codec)
        for name, codec in (("a.wav", "pcm_s16le"), ("b.flac", "flac"))
    ]
    for name in HEARING:
        told = []
        for file in files:
            results = list(encode(Order(name, str(file), Config()), models))
            told.append([(timed.at_ns, _plain(timed.value)) for timed in results])
        assert told[0] == told[1]
        assert len(told[0]) > 30


def _plain(value: Value) -> object:
    if isinstance(value, Embedding):
        return value.seq, value.interval, value.vector.tobytes(), value.confidence, value.reading
    return value


# Silence.


def test_half_an_hour_of_no_samples_at_all_leaves_every_tick_and_the_next_words_in_their_place(
    models: Models, demo: Pcm, whole: Heard
) -> None:
    """A hole in the time stamps: nothing is heard in it and nothing said of it."""
    gap_ns = 1800 * NS_PER_S
    rest_ns = len(demo) * NS_PER_S // RATE_HZ

    def chunks() -> Iterator[AudioChunk]:
        yield from _chunks(demo)
        yield from _chunks(demo, start_ns=rest_ns + gap_ns)

    heard = _hear(models, chunks())
    assert [estimate.seq for estimate in heard.estimates] == list(range((gap_ns + 2 * rest_ns) * 5 // NS_PER_S))
    silent = [e for e in heard.estimates if rest_ns + 9 * NS_PER_S < e.end_ns <= rest_ns + gap_ns]
    assert len(silent) > 8900
    assert {(e.modalities["voice"].status, e.modalities["text"].status) for e in silent} == {("absent", "absent")}
    assert {(e.sarcasm.probability, e.sarcasm.state) for e in silent} == {(None, "unknown")}
    after = [each for each in heard.utterances if each.start_ns >= rest_ns + gap_ns]
    assert not [each for each in heard.utterances if rest_ns < each.end_ns < rest_ns + gap_ns]
    assert [each.text for each in after[:2]] == whole.texts
    for again, before in zip(after, whole.utterances, strict=False):
        assert abs(again.start_ns - before.start_ns - rest_ns - gap_ns) <= 32_000_000


# Bad input, the real models: estimates keep coming, and nothing is invented.


def test_sound_that_stops_in_the_middle_of_a_word_ends_with_the_words_before_it(models: Models, demo: Pcm) -> None:
    cut = demo[: 2 * RATE_HZ]
    heard = _hear(models, _chunks(cut))
    assert len(heard.estimates) == 10
    (utterance,) = heard.utterances
    assert utterance.text.lower().startswith("the story")
    assert utterance.end_ns <= 2 * NS_PER_S
    assert heard.transcripts[-1].final


def _zeros() -> Pcm:
    return np.zeros(4 * RATE_HZ, np.float32)


def _clipped_noise() -> Pcm:
    return np.random.default_rng(1).choice(np.array([-1, 1], np.float32), 4 * RATE_HZ)


def _beyond_full_scale() -> Pcm:
    return (40 * np.random.default_rng(2).normal(size=4 * RATE_HZ)).astype(np.float32)


def _no_numbers() -> Pcm:
    return np.full(4 * RATE_HZ, np.nan, np.float32)


@pytest.mark.parametrize("bad", [_zeros, _clipped_noise, _beyond_full_scale, _no_numbers])
def test_of_what_is_no_speech_no_word_is_said_and_the_estimates_keep_coming(
    models: Models, bad: Callable[[], Pcm]
) -> None:
    heard = _hear(models, _chunks(bad()))
    assert [estimate.seq for estimate in heard.estimates] == list(range(20))
    assert heard.texts == []
    assert not [transcript for transcript in heard.transcripts if transcript.words]


def test_numbers_that_are_none_amid_speech_cost_no_word_elsewhere(models: Models, demo: Pcm, whole: Heard) -> None:
    broken = demo.copy()
    first = whole.utterances[0].end_ns * RATE_HZ // NS_PER_S
    broken[first + 1000 : first + 3000] = np.nan
    heard = _hear(models, _chunks(broken))
    assert heard.texts[0] == whole.texts[0]
    assert all(np.isfinite(e.confidence) for e in heard.estimates)
    assert len(heard.estimates) == len(whole.estimates)

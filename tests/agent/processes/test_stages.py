"""What the encoder processes send, over encoders that say what they are told to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pytest

from agent.config import SpeechConfig
from agent.processes.models import Models
from agent.processes.stages import EncodingStage, SpeechStage, encoding_stage
from agent.processes.wire import Bound, Ended, Value
from deadpan.messages import Pace
from encoders.samples import AudioChunk, Embedding, Interval, Modality, Transcript, VideoFrame
from encoders.speech.stream import SpeechStream
from encoders.text import TextEncoder
from tests.fusion.evidence import MS, evidence

S = 1000 * MS
CHUNK = AudioChunk(0, 0, 16_000, np.zeros(512, np.float32))


def _frame(seq: int) -> VideoFrame:
    return VideoFrame(seq, seq * 100 * MS, np.zeros((2, 2, 3), np.uint8))


def _transcript(revision: int, *, final: bool = False) -> Transcript:
    return Transcript(0, revision, Interval(0, revision), (), (), final)


class Pairing:
    """An encoder of pairs of frames: nothing after the first, an embedding of each after the second."""

    modality, dim = Modality.FACE, 1

    def __init__(self) -> None:
        self._held: list[Embedding] = []

    def push(self, sample: VideoFrame, /) -> Sequence[Embedding]:
        end_ms = sample.pts_ns // MS
        self._held.append(evidence(Modality.FACE, end_ms, end_ms + 100, seq=sample.seq))
        return self.flush() if len(self._held) == 2 else ()

    def flush(self) -> Sequence[Embedding]:
        certain, self._held = self._held, []
        return certain

    def reset(self) -> None:
        """No test needs it."""


@dataclass
class Dictation:
    """A speech stream that hears a transcript in each chunk and another at the end."""

    bound_ns: int = -1
    unheard_s: float = 0.0
    counters: dict[str, int] = field(default_factory=dict)
    partials: list[bool] = field(default_factory=list)
    decoded: list[bool] = field(default_factory=list)
    steps_s: list[float | None] = field(default_factory=list)
    foreseen: Transcript | None = None

    def push(self, _chunk: AudioChunk, *, partials: bool, step_s: float | None, decode: bool) -> Sequence[Transcript]:
        self.partials.append(partials)
        self.decoded.append(decode)
        self.steps_s.append(step_s)
        return (_transcript(len(self.partials)),)

    def awaited_ns(self, step_s: float | None) -> int:
        return round(1000 * (step_s or 0.5)) * MS

    def flush(self) -> Sequence[Transcript]:
        return (_transcript(len(self.partials) + 1, final=True),)


class Copying:
    """A text encoder whose embedding has its transcript's revision for a number."""

    def __init__(self) -> None:
        self.foreseen: list[Transcript] = []

    def foresee(self, transcript: Transcript) -> None:
        self.foreseen.append(transcript)

    def push(self, transcript: Transcript) -> Sequence[Embedding]:
        return (evidence(Modality.TEXT, 0, 100, seq=transcript.revision),)


def _speech_stage(speech: Dictation, text: Copying | None = None) -> SpeechStage:
    return SpeechStage(cast(SpeechStream, speech), cast(TextEncoder, text or Copying()))


def _seqs_and_bounds(made: Sequence[Value]) -> list[object]:
    return [value.seq if isinstance(value, Embedding) else value for value in made]


def test_embeddings_are_followed_by_the_watermark_they_move() -> None:
    stage = EncodingStage(Pairing())
    assert list(stage.push(_frame(0), 0)) == []
    assert _seqs_and_bounds(list(stage.push(_frame(1), 0))) == [0, 1, Bound(Modality.FACE, 200 * MS)]
    assert stage.counters == {"embedded": 2, "thinned": 0}


def test_the_end_brings_out_what_was_held_back_and_passes_on_what_the_source_lost() -> None:
    stage = EncodingStage(Pairing())
    list(stage.push(_frame(0), 0))
    made = list(stage.push(Ended("camera", {"truncated": 1}), 0))
    assert _seqs_and_bounds(made) == [0, Bound(Modality.FACE, 100 * MS), Ended(Modality.FACE, {"truncated": 1})]


def test_the_end_of_a_source_without_anything_held_back_is_the_end_alone() -> None:
    assert list(EncodingStage(Pairing()).push(Ended("camera"), 0)) == [Ended(Modality.FACE)]


class Describing(Pairing):
    """An encoder of single frames."""

    def push(self, sample: VideoFrame, /) -> Sequence[Embedding]:
        return (evidence(Modality.FACE, sample.pts_ns // MS, sample.pts_ns // MS + 100, seq=sample.seq),)


def _seen(stage: EncodingStage, first: int) -> list[int]:
    """Which of twelve frames in a row, ten a second, are encoded."""
    made = [value for seq in range(first, first + 12) for value in stage.push(_frame(seq), 0)]
    return [value.seq - first for value in made if isinstance(value, Embedding)]


def test_frames_are_thinned_to_the_pace_and_all_are_encoded_again_when_it_is_the_usual_one() -> None:
    stage = EncodingStage(Describing(), rate_hz=10)
    told: list[list[int]] = []
    for pace in (Pace(level=2, face_rate_hz=10), Pace(level=3, face_rate_hz=5), Pace(face_rate_hz=10)):
        stage.keep(pace)
        told.append(_seen(stage, 12 * len(told)))
    assert told == [list(range(12)), [0, 2, 4, 6, 8, 10], list(range(12))]
    assert stage.counters == {"embedded": 30, "thinned": 6}


def test_sound_is_never_thinned() -> None:
    heard: list[AudioChunk] = []

    class Hearing(Pairing):
        def push(self, sample: VideoFrame, /) -> Sequence[Embedding]:
            heard.append(cast(AudioChunk, sample))
            return ()

    stage = EncodingStage(Hearing(), rate_hz=15)
    stage.keep(Pace(level=4, step_s=2.0, face_rate_hz=5.0))
    for _ in range(5):
        list(stage.push(CHUNK, 0))
    assert len(heard) == 5


def test_sound_that_comes_too_late_is_passed_over_until_it_is_in_time_again() -> None:
    heard: list[AudioChunk] = []

    class Hearing(Pairing):
        def push(self, sample: VideoFrame, /) -> Sequence[Embedding]:
            heard.append(cast(AudioChunk, sample))
            return ()

    stage = EncodingStage(Hearing())
    for lag_ms in (0, 990, 1010, 500, 210, 190, 990):
        list(stage.push(CHUNK, CHUNK.interval.end_ns + lag_ms * MS))
    assert len(heard) == 4
    assert stage.counters == {"embedded": 0, "thinned": 0, "passed_over": 3}


def test_a_transcript_s_embedding_goes_before_it_and_the_watermark_after() -> None:
    stage = _speech_stage(Dictation(bound_ns=20 * MS))
    made = list(stage.push(CHUNK, 0))
    assert _seqs_and_bounds(made) == [1, _transcript(1), Bound(Modality.TEXT, 20 * MS)]
    assert stage.counters["transcripts"] == 1


def test_what_will_probably_be_final_is_read_in_the_pause_unless_speech_is_behind() -> None:
    text = Copying()
    stage = _speech_stage(Dictation(foreseen=_transcript(7, final=True)), text)
    list(stage.push(CHUNK, 2 * S))
    assert text.foreseen == []
    list(stage.push(CHUNK, 100 * MS))
    assert text.foreseen == [_transcript(7, final=True)]


def test_a_watermark_is_told_only_when_it_has_risen() -> None:
    speech = Dictation(bound_ns=20 * MS)
    stage = _speech_stage(speech)
    told = []
    for bound_ns in (20 * MS, 20 * MS, 10 * MS, 30 * MS):
        speech.bound_ns = bound_ns
        told += [value.bound_ns for value in stage.push(CHUNK, 0) if isinstance(value, Bound)]
    assert told == [20 * MS, 30 * MS]


def test_a_watermark_that_stands_still_is_told_twice_a_second_so_that_slow_words_are_no_dead_process() -> None:
    stage = _speech_stage(Dictation(bound_ns=20 * MS))
    told = [
        chunk.interval.end_ns // MS
        for chunk in (replace(CHUNK, seq=n, pts_ns=n * 32 * MS) for n in range(50))
        for value in stage.push(chunk, 0)
        if isinstance(value, Bound) and value.bound_ns == 20 * MS
    ]
    assert told == [32, 544, 1056, 1568]


def test_the_end_of_the_sound_brings_out_the_last_transcript_and_what_was_lost() -> None:
    made = list(_speech_stage(Dictation()).push(Ended("microphone", {"leaps": 2}), 0))
    assert _seqs_and_bounds(made) == [1, _transcript(1, final=True), Ended(Modality.TEXT, {"leaps": 2})]


def test_speech_more_than_a_second_behind_decodes_no_partials_until_it_has_caught_up() -> None:
    speech = Dictation()
    stage = _speech_stage(speech)
    for now_ns in (32 * MS, S + 32 * MS, S + 33 * MS, S):
        list(stage.push(CHUNK, now_ns))
    assert speech.partials == [True, True, False, True]
    assert stage.counters["chunks_without_partials"] == 1


def test_suppressed_utterances_are_counted() -> None:
    assert _speech_stage(Dictation(counters={"suppressed_loop": 3})).counters["suppressed_loop"] == 3


def test_speech_more_than_five_seconds_behind_decodes_nothing_until_it_has_caught_up_so_far() -> None:
    speech = Dictation()
    stage = _speech_stage(speech)
    for now_ns in (5 * S + 32 * MS, 5 * S + 33 * MS, 2 * S, 0):
        list(stage.push(CHUNK, now_ns))
    assert speech.decoded == [True, False, True, True]
    assert speech.partials == [False, False, False, True]
    assert stage.counters["chunks_without_decoding"] == 1


def test_the_step_of_the_pace_is_kept() -> None:
    speech = Dictation()
    stage = _speech_stage(speech)
    list(stage.push(CHUNK, 0))
    stage.keep(Pace(level=2, step_s=2.0))
    list(stage.push(CHUNK, 0))
    assert speech.steps_s == [None, 2.0]


def test_what_is_awaited_is_what_its_encoder_awaits_at_the_pace_that_is_kept() -> None:
    stage = _speech_stage(Dictation())
    assert stage.awaited_ns == 500 * MS
    stage.keep(Pace(level=2, step_s=2.0))
    assert stage.awaited_ns == 2 * S
    assert EncodingStage(Pairing()).awaited_ns == 0
    assert EncodingStage(Pairing(), awaiting=lambda: 7 * MS).awaited_ns == 7 * MS


@pytest.mark.parametrize(
    ("unheard_s", "remark"),
    [(0, ""), (7.9, ""), (8, "8 s of voice"), (15.9, "8 s of voice"), (16, "16 s of voice"), (100, "64 s of voice")],
)
def test_voice_without_a_word_is_remarked_upon_at_eight_seconds_and_at_twice_as_many(
    unheard_s: float, remark: str
) -> None:
    told = _speech_stage(Dictation(unheard_s=unheard_s)).remark
    assert told.partition(",")[0] == remark
    assert not told or told.endswith("no word understood: is it English? See deadpan doctor")


def test_voice_that_went_by_unread_because_speech_was_late_is_no_reason_for_a_remark() -> None:
    speech = Dictation()
    stage = _speech_stage(speech)
    told = []
    for now_ns, unheard_s in ((2 * S, 12.0), (0, 13.0), (0, 19.9), (0, 20.0), (0, 0.0), (0, 8.0)):
        speech.unheard_s = unheard_s
        list(stage.push(CHUNK, now_ns))
        told.append(stage.remark != "")
    assert told == [False, False, False, True, False, True]


def test_only_encoders_have_a_stage() -> None:
    with pytest.raises(ValueError, match="fusion is not an encoder process"):
        encoding_stage("fusion", Models(), SpeechConfig())


def test_the_settings_reach_the_speech_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    models = Models()
    monkeypatch.setattr(Models, "recognizer", object())
    monkeypatch.setattr(Models, "text", None)
    with pytest.raises(ValueError, match="step_s <= max_utterance_s"):
        encoding_stage("speech", models, SpeechConfig(step_s=5, max_utterance_s=4))

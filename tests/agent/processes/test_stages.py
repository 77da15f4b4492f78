"""What the encoder processes send, over encoders that say what they are told to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import pytest

from agent.config import SpeechConfig
from agent.processes.models import Models
from agent.processes.stages import EncodingStage, SpeechStage, encoding_stage
from agent.processes.wire import Bound, Ended, Value
from encoders.samples import AudioChunk, Embedding, Interval, Modality, Transcript, VideoFrame
from encoders.speech import SpeechStream
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
    suppressed: int = 0
    partials: list[bool] = field(default_factory=list)

    def push(self, _chunk: AudioChunk, *, partials: bool) -> Sequence[Transcript]:
        self.partials.append(partials)
        return (_transcript(len(self.partials)),)

    def flush(self) -> Sequence[Transcript]:
        return (_transcript(len(self.partials) + 1, final=True),)


class Copying:
    """A text encoder whose embedding has its transcript's revision for a number."""

    def push(self, transcript: Transcript) -> Sequence[Embedding]:
        return (evidence(Modality.TEXT, 0, 100, seq=transcript.revision),)


def _speech_stage(speech: Dictation) -> SpeechStage:
    return SpeechStage(cast(SpeechStream, speech), cast(TextEncoder, Copying()))


def _seqs_and_bounds(made: Sequence[Value]) -> list[object]:
    return [value.seq if isinstance(value, Embedding) else value for value in made]


def test_embeddings_are_followed_by_the_watermark_they_move() -> None:
    stage = EncodingStage(Pairing())
    assert list(stage.push(_frame(0), 0)) == []
    assert _seqs_and_bounds(list(stage.push(_frame(1), 0))) == [0, 1, Bound(Modality.FACE, 200 * MS)]
    assert stage.counters == {"embedded": 2}


def test_the_end_brings_out_what_was_held_back_and_passes_on_what_the_source_lost() -> None:
    stage = EncodingStage(Pairing())
    list(stage.push(_frame(0), 0))
    made = list(stage.push(Ended("camera", {"truncated": 1}), 0))
    assert _seqs_and_bounds(made) == [0, Bound(Modality.FACE, 100 * MS), Ended(Modality.FACE, {"truncated": 1})]


def test_the_end_of_a_source_without_anything_held_back_is_the_end_alone() -> None:
    assert list(EncodingStage(Pairing()).push(Ended("camera"), 0)) == [Ended(Modality.FACE)]


def test_a_transcript_s_embedding_goes_before_it_and_the_watermark_after() -> None:
    stage = _speech_stage(Dictation(bound_ns=20 * MS))
    made = list(stage.push(CHUNK, 0))
    assert _seqs_and_bounds(made) == [1, _transcript(1), Bound(Modality.TEXT, 20 * MS)]
    assert stage.counters["transcripts"] == 1


def test_a_watermark_is_told_only_when_it_has_risen() -> None:
    speech = Dictation(bound_ns=20 * MS)
    stage = _speech_stage(speech)
    told = []
    for bound_ns in (20 * MS, 20 * MS, 10 * MS, 30 * MS):
        speech.bound_ns = bound_ns
        told += [value.bound_ns for value in stage.push(CHUNK, 0) if isinstance(value, Bound)]
    assert told == [20 * MS, 30 * MS]


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
    assert _speech_stage(Dictation(suppressed=3)).counters["suppressed"] == 3


def test_only_encoders_have_a_stage() -> None:
    with pytest.raises(ValueError, match="fusion is not an encoder process"):
        encoding_stage("fusion", Models(), SpeechConfig())


def test_the_settings_reach_the_speech_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    models = Models()
    monkeypatch.setattr(Models, "recognizer", object())
    monkeypatch.setattr(Models, "text", None)
    with pytest.raises(ValueError, match="step_s <= max_utterance_s"):
        encoding_stage("speech", models, SpeechConfig(step_s=5, max_utterance_s=4))

"""What processes send each other, sound and not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.processes.soundness import is_sound
from agent.processes.wire import Absorbed, Bound, Condition, Ended, Pulse, Value
from encoders.samples import (
    AudioChunk,
    Embedding,
    Interval,
    Modality,
    Reading,
    Transcript,
    VideoFrame,
    Word,
    WordEmbeddings,
)

FAR_NS = 1 << 62
FRAME = VideoFrame(0, 0, np.zeros((4, 6, 3), np.uint8))
CHUNK = AudioChunk(0, 0, 16_000, np.zeros(512, np.float32))
WORDS = WordEmbeddings(
    np.zeros((2, 2), np.int64), np.zeros((2, 8), np.float32), np.zeros(2, np.float32), np.zeros(2, np.float32)
)
SEEN = Embedding(0, Modality.TEXT, Interval(0, 9), np.zeros(8, np.float32), 1.0, Reading(0.5, -1.0), WORDS)
WORD = Word("great", Interval(0, 9), 0.9, "measured")
SAID = Transcript(0, 0, Interval(0, 9), (WORD,), (), final=True)
PULSE = Pulse("face", "running", 7, 1.0, {"sent": 1})

HEARTBEAT = replace(SEEN, modality=Modality("heart"), reading=Reading(activation=0.5), words=None)
SOUND: list[Value] = [
    FRAME, CHUNK, SEEN, replace(SEEN, words=None, reading=None), SAID, HEARTBEAT, Bound(Modality.FACE, -1),
    Ended("camera"), Ended("voice"), Ended("heart"), PULSE, Condition({}),
    Absorbed("speech", 7, 20.0), Absorbed("speech", 7, 20.0, 1.5),
]  # fmt: skip

UNSOUND: list[Value] = [
    replace(FRAME, rgb=np.zeros((0, 6, 3), np.uint8)),
    replace(FRAME, rgb=np.zeros((4, 6), np.uint8)),
    replace(FRAME, rgb=np.zeros((4, 6, 4), np.uint8)),
    replace(FRAME, rgb=np.zeros((4, 6, 3), np.float32)),
    replace(FRAME, rgb=np.zeros((1, 20_000, 3), np.uint8)),
    replace(FRAME, seq=-1),
    replace(FRAME, pts_ns=FAR_NS),
    replace(CHUNK, pcm=np.zeros(0, np.float32)),
    replace(CHUNK, pcm=np.full(512, np.nan, np.float32)),
    replace(CHUNK, pcm=np.zeros((512, 2), np.float32)),
    replace(CHUNK, sample_rate_hz=0),
    replace(SEEN, vector=np.full(8, np.inf, np.float32)),
    replace(SEEN, confidence=1.5),
    replace(SEEN, reading=Reading(float("nan"), 0.0)),
    replace(SEEN, reading=Reading(0.5, 2.0)),
    replace(SEEN, reading=Reading(activation=1.5)),
    replace(SEEN, words=replace(WORDS, vectors=np.zeros((3, 8), np.float32))),
    replace(SEEN, words=replace(WORDS, sentiments=np.full(2, np.nan, np.float32))),
    replace(SEEN, interval=Interval(0, FAR_NS)),
    replace(SAID, committed=(replace(WORD, interval=Interval(0, FAR_NS)),)),
    Bound(Modality.FACE, FAR_NS),
    Ended("no body"),
    Ended("face", {"truncated": -1}),
    replace(PULSE, pid=-1),
    replace(PULSE, lag_ms=float("nan")),
    replace(PULSE, counters={"sent": -1}),
    Absorbed("speech", 7, float("inf")),
    Absorbed("speech", 7, 20.0, float("nan")),
]


@pytest.mark.parametrize("value", SOUND, ids=lambda value: type(value).__name__)
def test_what_processes_send_is_sound(value: Value) -> None:
    assert is_sound(value)


@pytest.mark.parametrize("value", UNSOUND, ids=lambda value: type(value).__name__)
def test_what_no_reader_can_use_is_not(value: Value) -> None:
    assert not is_sound(value)

"""Twenty minutes of sound through speech, text and fusion in virtual time: what they keep does not grow.

The recognizer, the voice activity and the text model are stand-ins; cutting, agreement, timing and fusion are real.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest

from agent.config import FusionConfig
from agent.processes.fusing import FusingStage
from agent.processes.stages import SpeechStage
from agent.processes.wire import Bound, Value
from deadpan.messages import Estimate, Utterance
from encoders.samples import NS_PER_S, AudioChunk, Interval, Modality
from encoders.speech import stream as speech
from encoders.speech.recognizer import HeardWord
from encoders.speech.stream import SpeechStream
from encoders.text import TextEncoder, TextModel, TextReading
from tests.fusion.evidence import MS, evidence
from tests.fusion.models import LATE

RATE_HZ = 16_000
CHUNK = 1600
PERIOD_S = 30
PERIODS = 40


class Counting:
    """A recognizer that hears a word for every half second. It remembers nothing."""

    name = "counting"

    def transcribe(
        self, pcm: np.ndarray[tuple[int], np.dtype[np.float32]], _guess: tuple[HeardWord, ...] | None = None, /
    ) -> tuple[HeardWord, ...]:
        return tuple(HeardWord(f"word{n}", 0.9, None) for n in range(len(pcm) // (RATE_HZ // 2)))


class AnySound:
    def push(self, window: np.ndarray[tuple[int], np.dtype[np.float32]]) -> bool:
        return bool(window[0] > 0.05)

    def reset(self) -> None:
        """It remembers nothing."""


class Flat:
    """A text model to which all words are alike."""

    dim = 3

    def encode(self, utterance: str, _context: Sequence[str] = ()) -> TextReading:
        nothing = np.zeros((len(utterance.split()), 3), np.float32)
        return TextReading(nothing[0], nothing, 0.0, 0.5, nothing[:, 0], nothing[:, 0] + np.float32(0.5))

    def encode_each(self, utterances: Sequence[str], context: Sequence[str] = ()) -> list[TextReading]:
        return [self.encode(utterance, context) for utterance in utterances]


def test_twenty_minutes_leave_no_more_behind_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "VoiceActivity", AnySound)
    text = TextEncoder(cast(TextModel, Flat()))
    stage = SpeechStage(SpeechStream(Counting()), text)
    fusing = FusingStage(FusionConfig(), [Modality.VOICE, Modality.TEXT], "s1", "default", model=LATE)
    # Talk of every length up to one that is cut for it, at a breath before, and silence of every length.
    script = ((3.0, 0.3), (0.5, 0), (10.0, 0.5), (0.25, 0), (4.0, 0.5))
    loud = np.concatenate([np.full(int(s * RATE_HZ), level, np.float32) for s, level in script])
    period = np.concatenate([loud, np.zeros(PERIOD_S * RATE_HZ - len(loud), np.float32)]).astype(np.float32)
    kept: list[int] = []
    estimates = utterances = 0
    for at in range(0, PERIODS * len(period), CHUNK):
        chunk = AudioChunk(at // CHUNK, at * NS_PER_S // RATE_HZ, RATE_HZ, period[at % len(period) :][:CHUNK])
        now_ns, end_ms = chunk.interval.end_ns, chunk.interval.end_ns // MS
        voice: list[Value] = [
            evidence(Modality.VOICE, end_ms - 100, end_ms, sarcasm=0.3),
            Bound(Modality.VOICE, now_ns),
        ]
        for value in [*voice, *stage.push(chunk, now_ns)]:
            utterances += sum(isinstance(message, Utterance) for message in fusing.push(value, now_ns))
        estimates += sum(isinstance(m, Estimate) and m.final for m in fusing.advance(now_ns))
        if (at + CHUNK) % len(period) == 0:
            kept.append(len(pickle.dumps((stage, fusing))))
    assert estimates >= PERIODS * PERIOD_S * 5 - 15
    assert utterances >= 3 * PERIODS
    assert fusing.counters == {}  # every word came before its watermark
    later, earlier = max(kept[PERIODS // 2 :]), max(kept[2 : PERIODS // 2])
    assert later - earlier < 200  # longer numbers, nothing else
    assert later < 100_000


def test_half_an_hour_of_digital_silence_is_estimates_without_words_and_then_the_words_are_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(speech, "VoiceActivity", AnySound)
    stage = SpeechStage(SpeechStream(Counting()), TextEncoder(cast(TextModel, Flat())))
    fusing = FusingStage(FusionConfig(), [Modality.TEXT], "s1", "default", model=LATE)
    silence_s, said_s = 1800, 4
    estimates: list[Estimate] = []
    heard: list[Utterance] = []
    for at_s in range(silence_s + said_s + 2):
        level = 0.3 if silence_s <= at_s < silence_s + said_s else 0.0
        chunk = AudioChunk(at_s, at_s * NS_PER_S, RATE_HZ, np.full(RATE_HZ, level, np.float32))
        now_ns = chunk.interval.end_ns
        for value in stage.push(chunk, now_ns):
            heard += [message for message in fusing.push(value, now_ns) if isinstance(message, Utterance)]
        estimates += [message for message in fusing.advance(now_ns) if isinstance(message, Estimate) and message.final]
    assert [estimate.seq for estimate in estimates] == list(range(len(estimates)))
    assert {e.modalities["text"].status for e in estimates if e.end_ns < (silence_s - 1) * NS_PER_S} == {"absent"}
    (utterance,) = heard
    assert Interval(utterance.start_ns, utterance.end_ns).duration_ns < 5 * NS_PER_S
    assert 0 <= silence_s * NS_PER_S - utterance.start_ns <= 300 * MS

"""A stand-in stream and recognizer: what is fed when, and what is cut where."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.speech import hearing
from bench.speech.hearing import bare_text, cut_at_pauses, hear
from encoders.samples import AudioChunk, Interval, Transcript, Word
from encoders.speech.recognizer import HeardWord
from encoders.speech.stream import SpeechSettings

Pcm = NDArray[np.float32]
SECOND = 16_000


class Counting:
    """A recognizer that says how many whole seconds it was given."""

    name = "counting"

    def transcribe(self, pcm: Pcm, _guess: tuple[HeardWord, ...] | None = None, /) -> tuple[HeardWord, ...]:
        return (HeardWord(str(len(pcm) // SECOND), 1.0),)


class Tenths:
    """A stream that says a word at every tenth chunk, each of which takes half a second by the clock of the test."""

    def __init__(self, _recognizer: object, _settings: object) -> None:
        self.counters = {"suppressed_loop": 1}

    def push(self, chunk: AudioChunk, *, partials: bool) -> list[Transcript]:
        assert partials
        Clock.now_s += 0.5 if chunk.seq % 10 == 9 else 0.0
        word = Word("ten", chunk.interval, 0.9, "measured")
        return [Transcript(chunk.seq, 1, chunk.interval, (word,), (), final=True)] if chunk.seq % 10 == 9 else []

    def flush(self) -> list[Transcript]:
        return [Transcript(-1, 1, Interval(0, 1), (), (), final=True)]


class Clock:
    now_s = 0.0

    @classmethod
    def perf_counter(cls) -> float:
        return cls.now_s

    process_time = perf_counter


def test_a_transcript_is_shown_when_the_one_worker_has_got_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "SpeechStream", Tenths)
    monkeypatch.setattr(hearing, "time", Clock)
    heard = hear(Counting(), np.zeros(0, np.float32), SpeechSettings())  # the second of silence that follows: 32 chunks
    assert [one.heard_s for one in heard.shown] == pytest.approx([0.32, 0.64, 0.96, 1.024])
    assert [one.shown_s for one in heard.shown] == pytest.approx([0.82, 1.32, 1.82, 1.82])
    assert (heard.audio_s, heard.compute_s) == pytest.approx((1.024, 1.5))
    assert heard.suppressed == {"suppressed_loop": 1}


def test_long_audio_is_cut_in_the_middle_of_its_longest_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "voiced_windows", lambda pcm: [bool(pcm[n]) for n in range(0, len(pcm), 512)])
    pcm = np.ones(3 * SECOND, np.float32)
    pcm[int(0.7 * SECOND) : int(0.75 * SECOND)] = 0
    pcm[int(1.2 * SECOND) : int(1.6 * SECOND)] = 0
    pieces = cut_at_pauses(pcm, at_most_s=2.0)
    assert len(pieces) == 2
    assert len(pieces[0]) / SECOND == pytest.approx(1.4, abs=0.07)
    assert np.array_equal(np.concatenate(pieces), pcm)


def test_audio_without_a_pause_is_cut_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "voiced_windows", lambda pcm: [True] * (len(pcm) // 512))
    assert all(len(piece) <= 2 * SECOND for piece in cut_at_pauses(np.ones(5 * SECOND, np.float32), at_most_s=2.0))


def test_the_bare_engine_hears_short_audio_whole() -> None:
    text, _ = bare_text(Counting(), np.ones(29 * SECOND, np.float32))
    assert text == "29"

"""The overload rule in its circle: speech that lags, a governor that hears of it, a pace that speech keeps.

The demo's sound, over and over, on a machine made of nothing: only a reading takes time, and as much as the test says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.capture.recording import RecordingAudio
from agent.clock import ManualClock
from agent.processes.governor import Governor, Load, ladder
from agent.processes.stages import SpeechStage
from agent.session import demo_location
from encoders.samples import NS_PER_S, AudioChunk, Embedding, Transcript
from encoders.speech.recognizer import HeardWord
from encoders.speech.stream import SpeechStream
from encoders.text import TextEncoder

SECONDS = 60
LONGEST_S = 6.0
"""No utterance of the demo is longer."""

Cost = Callable[[float], float]
"""Seconds that a second of sound takes to read, at a moment of the session."""


class SlowRecognizer:
    """Hears a word in every half second, and takes its time over it."""

    name = "slow"

    def __init__(self, clock: ManualClock, cost: Cost) -> None:
        self._clock, self._cost = clock, cost

    def transcribe(
        self, pcm: NDArray[np.float32], _guess: tuple[HeardWord, ...] | None = None, /
    ) -> tuple[HeardWord, ...]:
        heard_s, now_ns = len(pcm) / 16_000, self._clock.now_ns()
        self._clock.advance_to_ns(now_ns + round(self._cost(now_ns / NS_PER_S) * heard_s * NS_PER_S))
        return tuple(HeardWord(f"word{n}", 0.9) for n in range(1 + int(heard_s * 2)))


class Mute:
    """A text encoder with nothing to say."""

    def push(self, _transcript: Transcript) -> Sequence[Embedding]:
        return ()

    def foresee(self, _transcript: Transcript) -> None:
        """It has nothing to prepare."""


@dataclass
class Session:
    """What a session was like: how late each final transcript came, and the levels with the seconds they began at."""

    late_s: list[float] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)
    levels: list[tuple[int, int]] = field(default_factory=list)
    dropped: int = 0


@pytest.fixture(scope="module")
def sound() -> list[AudioChunk]:
    """The demo, again and again."""
    with RecordingAudio(demo_location()) as audio:
        demo = list(audio)
    length_ns = demo[-1].interval.end_ns
    rounds = 1 + SECONDS * NS_PER_S // length_ns
    return [replace(chunk, pts_ns=chunk.pts_ns + n * length_ns) for n in range(rounds) for chunk in demo]


def _played(sound: list[AudioChunk], cost: Cost, *, governed: bool = True) -> Session:
    clock, session = ManualClock(), Session()
    speech = SpeechStream(SlowRecognizer(clock, cost))
    stage = SpeechStage(speech, cast(TextEncoder, Mute()))
    governor = Governor(ladder(0.5, 15.0) if governed else ladder(0.5, None)[:1])
    told_ns, worked_ns = 0, 0
    for chunk in sound:
        clock.advance_to_ns(chunk.interval.end_ns)
        began_ns = clock.now_ns()
        session.late_s += _finals(stage, chunk, clock)
        worked_ns += clock.now_ns() - began_ns
        lag_s = (clock.now_ns() - chunk.interval.end_ns) / NS_PER_S
        session.lags_s.append(lag_s)
        if clock.now_ns() - told_ns >= NS_PER_S:
            load = Load(lag_s, worked_ns / (clock.now_ns() - told_ns))
            told_ns, worked_ns = clock.now_ns(), 0
            governor.note("speech", load, told_ns / NS_PER_S)
            if governor.judge(told_ns / NS_PER_S):
                session.levels.append((governor.pace.level, told_ns // NS_PER_S))
                stage.keep(governor.pace)
    session.dropped = stage.counters.get("suppressed_overload", 0)
    return session


def _finals(stage: SpeechStage, chunk: AudioChunk, clock: ManualClock) -> Iterator[float]:
    for made in stage.push(chunk, clock.now_ns()):
        if isinstance(made, Transcript) and made.final:
            yield (clock.now_ns() - made.interval.end_ns) / NS_PER_S


def test_a_machine_that_keeps_up_is_left_alone(sound: list[AudioChunk]) -> None:
    session = _played(sound[: len(sound) // 3], lambda _: 0.05)
    assert session.levels == []
    assert session.dropped == 0
    assert max(session.late_s) < 0.5


def test_on_a_slow_machine_words_come_sooner_than_without_the_rule(sound: list[AudioChunk]) -> None:
    cost = 0.4
    governed, free = _played(sound, lambda _: cost), _played(sound, lambda _: cost, governed=False)
    assert np.median(governed.late_s) < np.median(free.late_s)
    assert governed.levels[0][0] == 1
    assert governed.dropped == 0


def test_where_even_the_last_reading_takes_longer_than_the_sound_no_word_is_later_than_the_last_resort_lets_it_be(
    sound: list[AudioChunk],
) -> None:
    cost = 1.5
    session = _played(sound, lambda _: cost)
    assert max(session.lags_s) < 5 + LONGEST_S * cost
    assert max(session.late_s) < 5.5 + LONGEST_S * cost
    assert session.dropped > 0


def test_all_is_asked_for_again_when_the_slowness_is_over(sound: list[AudioChunk]) -> None:
    session = _played(sound, lambda now_s: 0.6 if now_s < 12 else 0.05)
    assert session.levels[-1][0] == 0
    assert max(level for level, _ in session.levels) >= 2

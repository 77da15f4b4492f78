"""When an encoder's process looks for input, over a clock that moves only when somebody waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from agent.clock import ManualClock, SessionClock
from agent.processes.assignment import Orders
from agent.processes.bus import Bus
from agent.processes.encoding import Encoding
from agent.processes.heart import Heart
from agent.processes.stages import EncodingStage
from agent.processes.wire import Bound, Value
from encoders.prosody import ProsodyEncoder, ProsodyModel
from encoders.samples import NS_PER_S, AudioChunk, Embedding
from tests.encoders.test_prosody import buzz

MS = 1_000_000
SECONDS = 3


@dataclass
class Line:
    """A microphone's line that ends in a stop: chunks can be had once they are complete, so many ms after it."""

    clock: ManualClock
    delay_ms: int = 0
    ahead_ms: int = 0
    looks: int = 0
    sent: list[tuple[int, Value]] = field(default_factory=list)
    lags_ms: list[float] = field(default_factory=list)
    pace: None = None

    def __post_init__(self) -> None:
        pcm = buzz(150, SECONDS)
        self.coming = [
            AudioChunk(n, (n * 32 + self.ahead_ms) * MS, 16_000, pcm[n * 512 : (n + 1) * 512])
            for n in range(SECONDS * 1000 // 32)
        ]

    @property
    def incoming(self) -> Line:
        return self

    @property
    def stopped(self) -> Line:
        return self

    def is_set(self) -> bool:
        return not self.coming

    def wait(self, for_s: float) -> bool:
        self.clock.advance_to_ns(self.clock.now_ns() + round(for_s * NS_PER_S))
        return self.is_set()

    def receive(self, timeout_ms: int) -> Iterator[Value]:
        self.looks += 1
        until_ns = self.clock.now_ns() + timeout_ms * MS
        if self.coming and until_ns >= self._arrival_ns():
            self.clock.advance_to_ns(self._arrival_ns())
        else:
            self.clock.advance_to_ns(until_ns)
        while self.coming and self._arrival_ns() <= self.clock.now_ns():
            yield self.coming.pop(0)

    def _arrival_ns(self) -> int:
        return self.coming[0].interval.end_ns + (self.delay_ms - self.ahead_ms) * MS

    def send(self, value: Value) -> None:
        self.sent.append((self.clock.now_ns(), value))

    def worked(self, _duration_ns: int) -> None:
        """Nobody asks."""

    def beat_if_due(self, _now_ns: int, _counters: object, lag_ms: float, _remark: str) -> None:
        self.lags_ms.append(lag_ms)

    def run(self, model: ProsodyModel, *, napping: bool) -> Line:
        """The prosody encoder's process, to the end of the line."""
        encoder = ProsodyEncoder(model)
        stage = EncodingStage(encoder, awaiting=(lambda: encoder.awaited_ns) if napping else None)
        work = Encoding(stage, cast(Bus, self))
        work.run(cast(SessionClock, self.clock), cast(Orders, self), cast(Heart, self))
        return self


def _told(line: Line) -> list[tuple[int, object]]:
    return [
        (at_ns, (value.seq, value.interval, value.vector.tobytes()) if isinstance(value, Embedding) else value)
        for at_ns, value in line.sent
    ]


@pytest.fixture(scope="module")
def model() -> ProsodyModel:
    return ProsodyModel.load()


def test_chunks_are_taken_in_together_and_what_is_made_of_them_leaves_as_soon_as_ever(model: ProsodyModel) -> None:
    wakeful = Line(ManualClock()).run(model, napping=False)
    napping = Line(ManualClock()).run(model, napping=True)
    assert _told(napping) == _told(wakeful)
    assert len([value for _, value in napping.sent if isinstance(value, Bound)]) == SECONDS * 10 - 1
    assert wakeful.looks == SECONDS * 1000 // 32
    assert napping.looks <= SECONDS * 10 + 1


def test_of_a_device_that_is_late_with_its_sound_what_is_made_leaves_within_a_millisecond(model: ProsodyModel) -> None:
    wakeful = Line(ManualClock(), delay_ms=5).run(model, napping=False)
    napping = Line(ManualClock(), delay_ms=5).run(model, napping=True)
    later_ns = [at_ns - before_ns for (at_ns, _), (before_ns, _) in zip(napping.sent, wakeful.sent, strict=True)]
    assert [value for _, value in _told(napping)] == [value for _, value in _told(wakeful)]
    assert 0 <= min(later_ns) <= max(later_ns) <= 1 * MS
    assert napping.looks < 0.6 * wakeful.looks


def test_what_was_left_lying_until_it_made_a_difference_is_not_behind(model: ProsodyModel) -> None:
    line = Line(ManualClock()).run(model, napping=True)
    assert max(line.lags_ms) == 0.0


def test_stamps_far_ahead_of_the_clock_hold_it_up_for_a_moment_at_the_most(model: ProsodyModel) -> None:
    line = Line(ManualClock(), ahead_ms=9_000).run(model, napping=True)
    made = [(at_ns, value.interval.end_ns) for at_ns, value in line.sent if isinstance(value, Embedding)]
    assert len(made) == SECONDS * 10 - 1
    complete_ns = [-(-(end_ns - 9_000 * MS) // (32 * MS)) * 32 * MS for _, end_ns in made]
    assert max(at_ns - ns for (at_ns, _), ns in zip(made, complete_ns, strict=True)) <= 128 * MS

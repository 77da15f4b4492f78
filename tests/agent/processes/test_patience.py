from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.processes.patience import ANY, EMBEDDED, Announcing, Experience, Patience
from encoders.speech.recognizer import HeardWord


class Engine:
    """A recognizer that hears how many samples there were, and works for a tenth of their time."""

    name = "counting"

    def __init__(self, log: list[str]) -> None:
        self._log = log
        self.worked_s = 0.0

    def transcribe(
        self, pcm: NDArray[np.float32], guess: tuple[HeardWord, ...] | None = None, /
    ) -> tuple[HeardWord, ...]:
        self._log.append("read")
        self.worked_s += 0.1 * len(pcm) / 16_000
        return (*(guess or ()), HeardWord(str(len(pcm)), 1.0))


@pytest.mark.parametrize(("patience", "announced"), [(ANY, ["10 s", "16 s"]), (EMBEDDED, ["0 s", "1.5 s"])])
def test_each_reading_is_announced_before_it_begins_and_longer_for_more_sound(
    patience: Patience, announced: list[str]
) -> None:
    log: list[str] = []
    recognizer = Announcing(Engine(log), lambda for_s, _: log.append(f"{for_s:g} s"), patience)
    for seconds in (0, 3):
        recognizer.transcribe(np.zeros(16_000 * seconds, np.float32))
    assert log == [announced[0], "read", announced[1], "read"]


def test_once_the_embedded_recognizer_has_read_a_little_its_work_is_bounded_by_what_it_took() -> None:
    bounds_s = _bounds_s(EMBEDDED, [2.0] * 6 + [10.0])
    assert bounds_s[:5] == [math.inf] * 5
    assert bounds_s[5] == pytest.approx(0.5 + 7 * 0.2)
    assert 0.5 + 7 * 0.8 < bounds_s[6] < 0.5 + 7 * 1.0


def test_nothing_bounds_the_work_of_a_recognizer_that_may_repeat_itself() -> None:
    assert set(_bounds_s(ANY, [2.0] * 20)) == {math.inf}


@given(st.lists(st.tuples(st.floats(0.1, 30), st.floats(0, 20)), min_size=6, max_size=40))
def test_no_reading_that_takes_as_long_as_one_before_it_is_ever_too_long(readings: list[tuple[float, float]]) -> None:
    experience = Experience(7.0)
    for sound_s, work_s in readings:
        experience.note(sound_s, work_s)
    assert all(experience.most_s(sound_s) > work_s for sound_s, work_s in readings)


def test_what_is_heard_is_what_the_engine_hears_and_it_keeps_its_name() -> None:
    recognizer = Announcing(Engine([]), lambda *_: None)
    guess = (HeardWord("oh", 0.5),)
    assert recognizer.transcribe(np.zeros(5, np.float32), guess) == (*guess, HeardWord("5", 1.0))
    assert recognizer.name == "counting"


def _bounds_s(patience: Patience, sounds_s: list[float]) -> list[float]:
    """What is announced of the work, reading after reading."""
    bounds_s: list[float] = []
    engine = Engine([])
    recognizer = Announcing(
        engine, lambda _, work_s: bounds_s.append(work_s), patience, worked_s=lambda: engine.worked_s
    )
    for sound_s in sounds_s:
        recognizer.transcribe(np.zeros(round(16_000 * sound_s), np.float32))
    return bounds_s

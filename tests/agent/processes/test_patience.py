from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.processes.patience import ANY, EMBEDDED, Announcing, Patience
from encoders.speech.recognizer import HeardWord


class Engine:
    """A recognizer that hears how many samples there were."""

    name = "counting"

    def __init__(self, log: list[str]) -> None:
        self._log = log

    def transcribe(
        self, pcm: NDArray[np.float32], guess: tuple[HeardWord, ...] | None = None, /
    ) -> tuple[HeardWord, ...]:
        self._log.append("read")
        return (*(guess or ()), HeardWord(str(len(pcm)), 1.0))


@pytest.mark.parametrize(("patience", "announced"), [(ANY, ["10 s", "16 s"]), (EMBEDDED, ["0 s", "1.5 s"])])
def test_each_reading_is_announced_before_it_begins_and_longer_for_more_sound(
    patience: Patience, announced: list[str]
) -> None:
    log: list[str] = []
    recognizer = Announcing(Engine(log), lambda for_s: log.append(f"{for_s:g} s"), patience)
    for seconds in (0, 3):
        recognizer.transcribe(np.zeros(16_000 * seconds, np.float32))
    assert log == [announced[0], "read", announced[1], "read"]


def test_what_is_heard_is_what_the_engine_hears_and_it_keeps_its_name() -> None:
    recognizer = Announcing(Engine([]), lambda _: None)
    guess = (HeardWord("oh", 0.5),)
    assert recognizer.transcribe(np.zeros(5, np.float32), guess) == (*guess, HeardWord("5", 1.0))
    assert recognizer.name == "counting"

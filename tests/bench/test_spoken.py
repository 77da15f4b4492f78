"""Two writings of the same words become the same."""

from __future__ import annotations

import pytest

from bench.speech.spoken import spoken, spoken_by_word


@pytest.mark.parametrize(
    ("written", "sounds"),
    [
        ("And so, my fellow Americans:", "and so my fellow americans"),
        ("It's 10:30 p.m.", "it is ten thirty pm"),
        ("F2 now", "f two now"),
        ("a hundred and five", "a hundred five"),
        ("salt and pepper", "salt and pepper"),
        ("105 in 1999, 2012 and 2000", "one hundred five in nineteen ninety nine twenty twelve and two thousand"),
        ("the 21st, the 20th, the 1980s", "the twenty first the twentieth the nineteen eighties"),
        ("10,000 at 5%", "ten thousand at five percent"),
        ("007", "zero zero seven"),
        ("I can't, won't, shouldn't've", "i can not will not should not have"),
        ("John’s reason--it's mine", "johns reason it is mine"),
        ("'Cause you're gonna, uh, call 'em", "because you are going to call them"),
        ("Mr. Smith (laughs) said OK [music]", "mister smith said okay"),
        ("Café", "cafe"),
        ("... -- ♪", ""),
    ],
)
def test_writing_becomes_what_is_heard(written: str, sounds: str) -> None:
    assert " ".join(spoken(written)) == sounds


def test_what_is_spoken_already_stays() -> None:
    text = "i am not going to say twenty first twice"
    assert " ".join(spoken(text)) == text


def test_each_sound_knows_the_word_it_was_written_in() -> None:
    assert spoken_by_word(["Don't", "—", "F2"]) == [("do", 0), ("not", 0), ("f", 2), ("two", 2)]

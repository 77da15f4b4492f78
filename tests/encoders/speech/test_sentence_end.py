"""Which words read as a finished sentence."""

from __future__ import annotations

import pytest

from encoders.speech.recognizer import HeardWord
from encoders.speech.sentence_end import reads_finished


@pytest.mark.parametrize(
    "text",
    [
        "I love this.",
        "Great food, I really love it!",
        "How do I get to Dublin?",
        "I don't know where that is from, but I know him.",  # an open word elsewhere is none
        "Das ist gut.",
    ],
)
def test_a_sentence_with_its_end_is_finished(text: str) -> None:
    assert reads_finished(_heard(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Oh.",
        "Good idea.",  # so begins "Good idea. Let me see what I can do."
        "Great food, I really love",
        "And so, my fellow Americans,",
        "I love that I do all the cleaning and...",
        "I love that I do all the cleaning and\N{HORIZONTAL ELLIPSIS}",
        "Some of us may just have to find meaning in.",
        "We could have been involved in A.",
        "Do you know what? I'm.",
        "Do you know what? I\N{RIGHT SINGLE QUOTATION MARK}m.",
        "Well, the good news is?!",
    ],
)
def test_what_wants_another_word_is_not_finished_whatever_its_mark(text: str) -> None:
    assert not reads_finished(_heard(text))


def test_what_was_hardly_understood_is_not_finished() -> None:
    assert reads_finished(_heard("I love this.", 0.7))
    assert not reads_finished(_heard("I love this.", 0.5))


def _heard(text: str, probability: float = 0.9) -> list[HeardWord]:
    return [HeardWord(word, probability) for word in text.split()]

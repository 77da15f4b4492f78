"""Successive hypotheses in, the words that may be relied upon out: the LocalAgreement-2 rule.

Macháček, Dabre, Bojar 2023, "Turning Whisper into Real-Time Transcription System", arXiv 2307.14743: a word is
committed once two successive decodes of the growing utterance agree on it and on every word before it.
"""

from __future__ import annotations

from encoders.recognizer import HeardWord


class LocalAgreement:
    """The committed words of one utterance. They only grow."""

    def __init__(self) -> None:
        self._committed: tuple[HeardWord, ...] = ()
        self._previous: tuple[HeardWord, ...] = ()

    def push(self, hypothesis: tuple[HeardWord, ...]) -> tuple[tuple[HeardWord, ...], tuple[HeardWord, ...]]:
        """Take the newest hypothesis of the whole utterance; return (committed, tentative)."""
        agreed = len(self._committed)
        while agreed < min(len(hypothesis), len(self._previous)) and spelling(hypothesis[agreed].text) == spelling(
            self._previous[agreed].text
        ):
            agreed += 1
        self._committed += hypothesis[len(self._committed) : agreed]
        self._previous = hypothesis
        return self._committed, hypothesis[len(self._committed) :]


def spelling(word: str) -> str:
    """A word without case and punctuation: partial decodes end every sentence too early, and disagree only in that."""
    return "".join(character for character in word.lower() if character.isalnum() or character == "'")

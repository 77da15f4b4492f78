"""Successive hypotheses in, the words that may be relied upon, and those that were relied upon in vain, out.

The LocalAgreement-2 rule: Macháček, Dabre, Bojar 2023, "Turning Whisper into Real-Time Transcription System",
arXiv 2307.14743. A word is committed once two successive decodes of the growing utterance agree on it and on every word
before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from encoders.speech.recognizer import HeardWord


class LocalAgreement:
    """The committed words of one utterance. They only grow."""

    def __init__(self) -> None:
        self._committed: tuple[HeardWord, ...] = ()
        self._previous: tuple[HeardWord, ...] = ()

    @property
    def committed(self) -> tuple[HeardWord, ...]:
        return self._committed

    def push(self, hypothesis: tuple[HeardWord, ...]) -> tuple[tuple[HeardWord, ...], tuple[HeardWord, ...]]:
        """Take the newest hypothesis of the whole utterance; return (committed, tentative).

        Where it contradicts what is committed, the tentative words are those after the place that fits the committed
        ones best, so that no word is shown twice.
        """
        beyond = hypothesis[matching(self._committed, hypothesis) :]
        before = self._previous[matching(self._committed, self._previous) :]
        agreed = 0
        while agreed < min(len(beyond), len(before)) and spelling(beyond[agreed].text) == spelling(before[agreed].text):
            agreed += 1
        self._committed += beyond[:agreed]
        self._previous = hypothesis
        return self._committed, beyond[agreed:]


def matching(committed: Sequence[HeardWord], hypothesis: Sequence[HeardWord]) -> int:
    """How many of the hypothesis's words speak of what is committed: the beginning of it that is the most like that.

    By Levenshtein's distance over words without case and punctuation; of equals the longest that differs the least in
    length.
    """
    costs = _distances([spelling(word.text) for word in committed], [spelling(word.text) for word in hypothesis])[-1]
    return min(range(len(costs)), key=lambda end: (costs[end], abs(end - len(committed))))


def contradicted(committed: Sequence[HeardWord], hypothesis: Sequence[HeardWord]) -> tuple[tuple[int, str], ...]:
    """Committed words the hypothesis reads otherwise: (index, what it reads instead; empty for nothing)."""
    was, now = [spelling(word.text) for word in committed], [spelling(word.text) for word in hypothesis]
    costs = _distances(was, now)
    row, column = len(was), matching(committed, hypothesis)
    found: list[tuple[int, str]] = []
    while row:
        if column and costs[row][column] == costs[row - 1][column - 1] + (was[row - 1] != now[column - 1]):
            row, column = row - 1, column - 1
            if was[row] != now[column]:
                found.append((row, hypothesis[column].text))
        elif costs[row][column] == costs[row - 1][column] + 1:
            row -= 1
            found.append((row, ""))
        else:
            column -= 1
    return tuple(reversed(found))


def spelling(word: str) -> str:
    """A word without case and punctuation: partial decodes end every sentence too early, and disagree only in that."""
    return "".join(character for character in word.lower() if character.isalnum() or character == "'")


def _distances(was: Sequence[str], now: Sequence[str]) -> list[list[int]]:
    """Levenshtein's table: [i][j] is the distance of the first i words from the first j."""
    rows = [list(range(len(now) + 1))]
    for number, word in enumerate(was, 1):
        above = rows[-1]
        row = [number]
        for column, other in enumerate(now, 1):
            row.append(min(above[column] + 1, row[-1] + 1, above[column - 1] + (word != other)))
        rows.append(row)
    return rows

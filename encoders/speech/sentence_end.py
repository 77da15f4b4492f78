"""The words of an utterance in; whether they read as a finished sentence, out.

A recognizer puts a full stop behind nearly everything it is given, also behind "We could have been involved in a": on
426 clips of television, 86 % of what was over ended with a mark, and so did 70 % of what went on within 0.42 s. So the
words are asked, too, and how sure of them it is: beginnings are often misheard.
"""

from __future__ import annotations

from collections.abc import Sequence

from encoders.speech.guards import mean_log_probability
from encoders.speech.recognizer import HeardWord

_MARKS = (".", "!", "?")
_HESITATIONS = ("...", "…")
_FEWEST_WORDS = 3
"""Of fewer nobody can tell: an "Oh." or "Good idea." is as often a beginning."""
_LEAST_LOG_PROBABILITY = -0.5
_OPEN = frozenset(
    word
    for kind in (
        "a an the my your its our their",
        "and or but nor because if unless although than as while",
        "of to in on at by for with from into like",
        "is are was were be been am i'm you're we're they're it's that's there's",
        "i'd you'd we'd they'd i'll you'll we'll they'll",
        "um uh er",
    )
    for word in kind.split()
)
"""English words that want another one after them, nearly always."""


def reads_finished(words: Sequence[HeardWord]) -> bool:
    """Whether these words, with their punctuation, are a sentence with its end, as far as one can tell."""
    if len(words) < _FEWEST_WORDS or mean_log_probability(words) < _LEAST_LOG_PROBABILITY:
        return False
    last = words[-1].text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return last.endswith(_MARKS) and not last.endswith(_HESITATIONS) and last.rstrip("".join(_MARKS)) not in _OPEN

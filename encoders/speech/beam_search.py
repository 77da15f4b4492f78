"""The scores of next tokens in, the likeliest sequence of tokens out: beam search.

Greedy search follows the likeliest token and cannot go back. Keeping the few best beginnings at every step finds the
sentence that is the likelier as a whole; sentences of different lengths compare by their mean log-probability.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Scores: TypeAlias = NDArray[Any]
Advance: TypeAlias = Callable[[Sequence[int], Sequence[int]], Scores]
"""Given, for each beginning to go on with, which of the last ones it extends and by which token: the scores
[beginnings, vocabulary] of what follows."""


_HOPELESS = 10.0


class Found(NamedTuple):
    """What a search found: the tokens, without the end token, and the probability of each.

    Whoever keeps what was asked for finds this sentence in row `row` of the scores given at call `asked` of the search,
    of which 0 are the first.
    """

    tokens: list[int]
    probabilities: list[float]
    asked: int
    row: int


@dataclass(frozen=True, slots=True)
class _Beginning:
    """Tokens so far with the log-probability of each."""

    tokens: tuple[int, ...] = ()
    odds: tuple[float, ...] = ()

    @property
    def total(self) -> float:
        return sum(self.odds)


@dataclass(frozen=True, slots=True)
class _Ended:
    """A whole sentence, its mean log-probability, and where its last scores stood."""

    mean: float
    sentence: _Beginning
    asked: int
    row: int


def beam_search(first: Scores, advance: Advance, *, end_token: int, limit: int, width: int) -> Found:
    """Search from the scores [vocabulary] of the first token.

    At most `limit` tokens; `width` beginnings are kept at each step.
    """
    beginnings, ended = [_Beginning()], list[_Ended]()
    scores = first[None]
    for asked in range(limit):
        parents, grown = list[int](), list[_Beginning]()
        for parent, token, odds in _best(beginnings, scores, width + 1):
            known = beginnings[parent]
            if token == end_token:
                ended.append(_Ended((known.total + odds) / (len(known.tokens) + 1), known, asked, parent))
            elif len(grown) < width:
                grown.append(_Beginning((*known.tokens, token), (*known.odds, odds)))
                parents.append(parent)
        beginnings = grown
        if not beginnings or (ended and max(each.mean for each in ended) >= _mean(beginnings[0])):
            break  # going on only makes sentences less likely, as a rule
        scores = advance(parents, [each.tokens[-1] for each in beginnings])
    endless = _Ended(0.0, beginnings[0] if beginnings else _Beginning(), limit, 0)
    best = max(ended, key=lambda each: each.mean, default=endless)
    return Found(list(best.sentence.tokens), [math.exp(each) for each in best.sentence.odds], best.asked, best.row)


def _best(beginnings: Sequence[_Beginning], scores: Scores, each: int) -> list[tuple[int, int, float]]:
    """The likeliest continuations, the best first, as (beginning, token, log-probability): the best `each` of every
    beginning.
    """
    found = [
        (known.total + odds, -number, -token, odds)
        for number, (known, its_scores) in enumerate(zip(beginnings, scores, strict=True))
        for token, odds in _likeliest(its_scores, each)
    ]
    return [(-number, -token, odds) for _, number, token, odds in sorted(found, reverse=True)]


def _likeliest(scores: Scores, count: int) -> list[tuple[int, float]]:
    """About `count` of the likeliest tokens with their log-probabilities: those e¹⁰ times less likely than the
    likeliest never win.
    """
    below = scores - scores.max()
    near = np.flatnonzero(below > -_HOPELESS)
    tokens = near[np.argsort(-below[near], kind="stable")[:count]]
    whole = math.log(np.exp(below).sum())
    return [(int(token), float(below[token]) - whole) for token in tokens]


def _mean(beginning: _Beginning) -> float:
    return beginning.total / max(1, len(beginning.tokens))

"""The scores of next tokens in, the likeliest sequence of tokens out: beam search.

Greedy search follows the likeliest token and cannot go back. Keeping the few best beginnings at every step finds the
sentence that is the likelier as a whole; sentences of different lengths compare by their mean log-probability.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Scores: TypeAlias = NDArray[Any]
Advance: TypeAlias = Callable[[Sequence[int], Sequence[int]], Scores]
"""Given, for each beginning to go on with, which of the last ones it extends and by which token: the scores
[beginnings, vocabulary] of what follows."""


_HOPELESS = 10.0


@dataclass(frozen=True, slots=True)
class _Beginning:
    """Tokens so far with the log-probability of each."""

    tokens: tuple[int, ...] = ()
    odds: tuple[float, ...] = ()

    @property
    def total(self) -> float:
        return sum(self.odds)


def beam_search(
    first: Scores, advance: Advance, *, end_token: int, limit: int, width: int
) -> tuple[list[int], list[float]]:
    """Search from the scores [vocabulary] of the first token; return the tokens and the probability of each.

    The end token is not among them. At most `limit` tokens; `width` beginnings are kept at each step.
    """
    beginnings, ended = [_Beginning()], list[tuple[float, _Beginning]]()
    odds = _log_probabilities(first[None])
    for _ in range(limit):
        parents, grown = list[int](), list[_Beginning]()
        for parent, token in _best(beginnings, odds, width + 1):
            longer = float(odds[parent, token])
            if token == end_token:
                known = beginnings[parent]
                ended.append(((known.total + longer) / (len(known.tokens) + 1), known))
            elif len(grown) < width:
                known = beginnings[parent]
                grown.append(_Beginning((*known.tokens, token), (*known.odds, longer)))
                parents.append(parent)
        beginnings = grown
        if not beginnings or (ended and max(score for score, _ in ended) >= _mean(beginnings[0])):
            break  # going on only makes sentences less likely, as a rule
        odds = _log_probabilities(advance(parents, [each.tokens[-1] for each in beginnings]))
    _, best = max(ended, key=lambda each: each[0], default=(0.0, beginnings[0] if beginnings else _Beginning()))
    return list(best.tokens), [float(np.exp(each)) for each in best.odds]


def _best(beginnings: Sequence[_Beginning], odds: Scores, each: int) -> list[tuple[int, int]]:
    """The likeliest continuations, the best first, as (beginning, token): the best `each` of every beginning."""
    found = [
        (beginning.total + float(odds[number, token]), -number, -token)
        for number, beginning in enumerate(beginnings)
        for token in _likeliest(odds[number], each)
    ]
    return [(-number, -token) for _, number, token in sorted(found, reverse=True)]


def _likeliest(odds: Scores, count: int) -> list[int]:
    """About `count` of the likeliest tokens: those e¹⁰ times less likely than the likeliest never win."""
    near = np.flatnonzero(odds > odds.max() - _HOPELESS)
    return [int(token) for token in near[np.argsort(-odds[near], kind="stable")[:count]]]


def _mean(beginning: _Beginning) -> float:
    return beginning.total / max(1, len(beginning.tokens))


def _log_probabilities(scores: Scores) -> Scores:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True, dtype=np.float64)))

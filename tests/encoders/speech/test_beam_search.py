"""Beam search over a small language whose every sentence's probability is known."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from encoders.speech.beam_search import Found, beam_search

END = 0
TOKENS = 4
LIMIT = 3


class Language:
    """Scores of the next token that depend on the two before it; remembers the beginnings it was asked to extend."""

    def __init__(self, seed: int) -> None:
        self._scores = np.random.default_rng(seed).normal(0, 2, (TOKENS + 1, TOKENS + 1, TOKENS))
        self.beginnings: list[tuple[int, ...]] = [()]
        self.asked = 0

    def after(self, tokens: Sequence[int]) -> NDArray[np.float64]:
        before = (-1, -1, *tokens)
        return np.asarray(self._scores[before[-2], before[-1]])

    def advance(self, parents: Sequence[int], tokens: Sequence[int]) -> NDArray[np.float64]:
        self.asked += 1
        self.beginnings = [(*self.beginnings[p], t) for p, t in zip(parents, tokens, strict=True)]
        return np.stack([self.after(each) for each in self.beginnings])

    def odds(self, tokens: Sequence[int], token: int) -> float:
        scores = self.after(tokens)
        return float(scores[token] - np.log(np.exp(scores).sum()))

    def mean(self, sentence: Sequence[int]) -> float:
        """Mean log-probability of a sentence and its end."""
        said = [*sentence, END]
        return sum(self.odds(said[:n], token) for n, token in enumerate(said)) / len(said)


def _search(language: Language, *, width: int, limit: int = LIMIT) -> Found:
    return beam_search(language.after(()), language.advance, end_token=END, limit=limit, width=width)


@given(st.integers(0, 500))
@settings(max_examples=40)
def test_each_token_s_probability_is_that_of_the_sentence_so_far(seed: int) -> None:
    language = Language(seed)
    tokens, probabilities, *_ = _search(language, width=2)
    assert END not in tokens
    assert len(tokens) <= LIMIT
    expected = [np.exp(language.odds(tokens[:n], token)) for n, token in enumerate(tokens)]
    assert probabilities == pytest.approx(expected)


@given(st.integers(0, 500))
@settings(max_examples=40)
def test_a_beam_finds_no_less_likely_a_sentence_than_most_and_often_the_likeliest(seed: int) -> None:
    language = Language(seed)
    every = [s for length in range(LIMIT) for s in itertools.product(range(1, TOKENS), repeat=length)]
    tokens = _search(language, width=3).tokens
    if len(tokens) < LIMIT:
        better = sum(language.mean(sentence) > language.mean(tokens) + 1e-9 for sentence in every)
        assert better <= len(every) // 4


@given(st.integers(0, 500), st.integers(1, 3))
@settings(max_examples=40)
def test_where_the_sentence_found_stood_among_those_that_were_asked_for_is_told(seed: int, limit: int) -> None:
    language = Language(seed)
    asked_for: list[list[tuple[int, ...]]] = [[()]]

    def advance(parents: Sequence[int], tokens: Sequence[int]) -> NDArray[np.float64]:
        scores = language.advance(parents, tokens)
        asked_for.append(language.beginnings)
        return scores

    found = beam_search(language.after(()), advance, end_token=END, limit=limit, width=2)
    assert asked_for[found.asked][found.row] == tuple(found.tokens)


def test_it_goes_back_where_the_likeliest_beginning_leads_nowhere() -> None:
    follows = {(): [-9, 1, 0.5, -9], (1,): [0, 0, 0, 0], (2,): [-9, -9, -9, 5], (2, 3): [9, -9, -9, -9]}
    beginnings: list[tuple[int, ...]] = [()]

    def advance(parents: Sequence[int], tokens: Sequence[int]) -> NDArray[np.float64]:
        nonlocal beginnings
        beginnings = [(*beginnings[p], t) for p, t in zip(parents, tokens, strict=True)]
        return np.array([follows.get(each, [0, 0, 0, 0]) for each in beginnings], np.float64)

    first = np.array(follows[()], np.float64)
    assert beam_search(first, advance, end_token=END, limit=5, width=2).tokens == [2, 3]
    beginnings = [()]
    assert beam_search(first, advance, end_token=END, limit=5, width=1).tokens[:1] == [1]


def test_the_limit_ends_a_sentence_that_does_not_end() -> None:
    endless = np.array([-50.0, 1.0, 0.0, 0.0])
    tokens, probabilities, *_ = beam_search(
        endless, lambda parents, _: np.stack([endless] * len(parents)), end_token=END, limit=6, width=2
    )
    assert tokens == [1] * 6
    assert len(probabilities) == 6


def test_an_end_that_is_the_likeliest_at_once_is_no_words_and_asks_no_more() -> None:
    def refuse(_parents: Sequence[int], _tokens: Sequence[int]) -> NDArray[np.float64]:
        raise AssertionError("there is nothing to go on with")

    silence = np.array([9.0, 0.0, 0.0, 0.0])
    assert beam_search(silence, refuse, end_token=END, limit=5, width=3) == Found([], [], 0, 0)

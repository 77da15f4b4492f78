"""A window in, scores out: what all f() share, around the one number that an f() is asked for.

An f() sees evidence and answers with the log odds of sarcasm. Everything said beside it, each modality's contribution
and what each cue did, are answers to the same question about changed evidence: without the modality, without the cue.
All go through f() in one batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from encoders.samples import Cue, Modality
from fusion.cues import ProposedCue, propose, strongest
from fusion.estimate import Scores, Window, sentiment_of
from fusion.evidence import ORDER, Dims, Evidence, Heard, gather, hear
from fusion.term import Term

_DELIVERING = (Modality.VOICE, Modality.FACE)


class SarcasmFunction(Protocol):
    """f(): weights only, any subset of modalities may be missing."""

    @property
    def name(self) -> str: ...

    @property
    def dims(self) -> Dims:
        """The vectors it reads."""
        ...

    def log_odds(self, evidence: Sequence[Evidence], /) -> NDArray[np.float64]:
        """The log odds of sarcasm [k] for each of k pieces of evidence, each as if it were asked about alone."""
        ...


class Fusion:
    """One f() with what it is asked for. An instance of `FusionModel`.

    `shares` says how much of all that could be known each modality knows; `reliability` weighs voice and face in the
    delivered sentiment; presence halves every `half_life_s`. An f() is calibrated for speech of which half is
    sarcastic; `base_rate` in (0, 1) says how much of it is expected to be here (Bayes' rule on the odds). `terms` add
    to f()'s log odds what it never met, modalities of plug-ins. One without a term is told of, and moves nothing.
    """

    def __init__(
        self,
        function: SarcasmFunction,
        version: str,
        *,
        half_life_s: float,
        shares: Mapping[Modality, float],
        reliability: Mapping[Modality, float],
        base_rate: float = 0.5,
        terms: Sequence[Term] = (),
    ) -> None:
        if not 0 < base_rate < 1:
            raise ValueError(f"the share of speech that is sarcastic lies between 0 and 1, not at {base_rate}")
        self._prior_odds = math.log(base_rate / (1 - base_rate))
        self.function = function
        self.terms = tuple(terms)
        self.version = "+".join([version, *(f"{term.modality}-{term.version}" for term in terms)])
        self._base_rate, self._own_version = base_rate, version
        self._half_life_s = half_life_s
        self._shares, self._reliability = shares, reliability

    def expecting(self, base_rate: float) -> Fusion:
        """The same, for speech of which another share is sarcastic."""
        return self._with(base_rate, self.terms)

    def heeding(self, terms: Iterable[Term]) -> Fusion:
        """The same, with terms for what plug-ins add."""
        return self._with(self._base_rate, sorted(terms, key=lambda term: term.modality))

    @property
    def name(self) -> str:
        return self.function.name

    def hear(self, window: Window, /) -> dict[Modality, Heard]:
        """Of each modality what speaks for it in a window, as far as it is there."""
        return hear(window, self._half_life_s)

    def fuse(self, window: Window, /) -> Scores:
        heard = self.hear(window)
        readings = {modality: each.reading for modality, each in heard.items()}
        literal = sentiment_of(readings, Modality.TEXT)
        delivered = self._delivered(heard)
        sarcasm: float | None = None
        contributions = dict.fromkeys(heard, 0.0)
        cues: tuple[Cue, ...] = ()
        if Modality.TEXT in heard or Modality.VOICE in heard:  # a face alone is neither sincere nor sarcastic
            evidence = gather(window, heard, self.function.dims)
            present = [modality for modality in ORDER if modality in heard]
            proposed = propose(evidence, {modality: heard[modality].reading for modality in present})
            others = [*(evidence.without(modality) for modality in present), *(each.undone for each in proposed)]
            terms = [term for term in self.terms if term.modality in heard]
            added = {term.modality: term.log_odds(heard[term.modality]) for term in terms}
            odds = self.function.log_odds([evidence, *others]) + self._prior_odds + sum(added.values())
            every = np.append(odds, [odds[0] - each for each in added.values()])
            sarcasm, *rest = (1.0 / (1.0 + np.exp(-every))).tolist()
            changes = [sarcasm - each for each in rest]
            contributions |= dict(zip(present, changes, strict=False))
            contributions |= dict(zip(added, changes[len(others) :], strict=True))
            told = map(ProposedCue.told, proposed, changes[len(present) : len(others)])
            terms_cues = (cue for term in terms for cue in term.cues(heard[term.modality], float(odds[0])))
            cues = strongest([*told, *terms_cues])
        return Scores(
            sarcasm=sarcasm,
            literal=literal,
            delivered=delivered,
            intended=intended_sentiment(sarcasm, literal, delivered),
            confidence=sum(self._shares.get(m, 0.0) * each.presence for m, each in heard.items()),
            readings=readings,
            contributions=contributions,
            cues=cues,
        )

    def _with(self, base_rate: float, terms: Sequence[Term]) -> Fusion:
        return Fusion(
            self.function,
            self._own_version,
            half_life_s=self._half_life_s,
            shares=self._shares,
            reliability=self._reliability,
            base_rate=base_rate,
            terms=terms,
        )

    def _delivered(self, heard: Mapping[Modality, Heard]) -> float | None:
        """Voice and face sentiment, weighted by how present and how reliable each is."""
        shares = [
            (each.presence * self._reliability.get(modality, 0.0), each.reading.sentiment)
            for modality, each in heard.items()
            if modality in _DELIVERING and each.reading.sentiment is not None
        ]
        total = sum(share for share, _ in shares)
        return sum(share * sentiment for share, sentiment in shares) / total if total > 0 else None


def intended_sentiment(sarcasm: float | None, literal: float | None, delivered: float | None) -> float | None:
    """What was meant: the words as they are if sincere, as a slight of the same size if sarcastic.

    Sarcastic praise is criticism, so positive words change sign where the probability crosses one half; negative words
    stay negative. Without words it is the delivery.
    """
    if literal is None:
        return delivered
    if sarcasm is None:
        return literal
    return (1 - sarcasm) * literal - sarcasm * abs(literal)

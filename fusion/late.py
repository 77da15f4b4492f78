"""f() = late average: the heads' own readings in, their weighted log-odds and the gap between words and delivery out.

    logit P(sarcasm) = b + sum_m w_m a_m logit(p_m) + w_gap a_gap max(0, literal - delivered)

a_m in [0, 1] is the modality's presence: the confidence of its newest evidence, halved every `half_life_s` of its age.
A missing modality has a_m = 0, so one set of weights serves any subset. Fitted by `python -m training.fusion`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import msgspec

from encoders.samples import NS_PER_S, Cue, Embedding, Interval, Modality, Reading
from fusion.estimate import Scores, Window

_MIN_PRESENCE = 0.05
_MAX_CUES = 5


@dataclass(frozen=True, slots=True)
class LateWeights:
    """The fitted numbers. `reliability` weighs voice and face in the delivered sentiment."""

    version: str
    bias: float
    text: float
    voice: float
    face: float
    gap: float
    half_life_s: float
    reliability: dict[Modality, float]

    @classmethod
    def load(cls, path: Path | None = None) -> LateWeights:
        """Read the shipped weights, or those at `path`. Raises FileNotFoundError or msgspec.ValidationError."""
        raw = (path or files("fusion") / "weights" / "late.json").read_bytes()
        return msgspec.json.decode(raw, type=cls)

    def of(self, modality: Modality) -> float:
        """The weight of a modality's log-odds; 0 for a modality never trained with."""
        known = {Modality.TEXT: self.text, Modality.VOICE: self.voice, Modality.FACE: self.face}
        return known.get(modality, 0.0)


@dataclass(frozen=True, slots=True)
class _Heard:
    """A modality's newest reading and how present it is."""

    reading: Reading
    presence: float


class LateFusion:
    """The late average of the encoders' heads."""

    name = "late"

    def __init__(self, weights: LateWeights | None = None) -> None:
        self._weights = weights or LateWeights.load()

    @property
    def version(self) -> str:
        return self._weights.version

    def fuse(self, window: Window, /) -> Scores:
        heard = {
            modality: newest
            for modality, embeddings in window.embeddings.items()
            if (newest := self._newest(embeddings, window.interval)) is not None
        }
        sarcasm = self._sarcasm(heard)
        literal = _sentiment(heard, Modality.TEXT)
        delivered = self._delivered(heard)
        contributions = {
            modality: (sarcasm or 0.0) - (self._sarcasm(heard, without=modality) or 0.0) if sarcasm is not None else 0.0
            for modality in heard
        }
        return Scores(
            sarcasm=sarcasm,
            literal=literal,
            delivered=delivered,
            intended=intended_sentiment(sarcasm, literal, delivered),
            confidence=self._confidence(heard),
            readings={modality: newest.reading for modality, newest in heard.items()},
            contributions=contributions,
            cues=_strongest(heard),
        )

    def _newest(self, embeddings: tuple[Embedding, ...], interval: Interval) -> _Heard | None:
        for embedding in reversed(embeddings):
            reading = embedding.reading
            if reading is None or embedding.confidence <= 0:
                continue
            if not math.isfinite(reading.sarcasm + reading.sentiment):  # one broken head must not silence the others
                continue
            age_s = max(0, interval.end_ns - embedding.interval.end_ns) / NS_PER_S
            presence = embedding.confidence * 0.5 ** (age_s / self._weights.half_life_s)
            return _Heard(reading, presence) if presence >= _MIN_PRESENCE else None
        return None

    def _sarcasm(self, heard: Mapping[Modality, _Heard], without: Modality | None = None) -> float | None:
        """P(sarcasm); None when nothing was said: a face alone is neither sincere nor sarcastic."""
        if Modality.TEXT not in heard and Modality.VOICE not in heard:
            return None
        kept = {modality: newest for modality, newest in heard.items() if modality is not without}
        logit = self._weights.bias
        for modality, newest in kept.items():
            logit += self._weights.of(modality) * newest.presence * _logit(newest.reading.sarcasm)
        delivered = self._delivered(kept)
        if Modality.TEXT in kept and delivered is not None:
            words = kept[Modality.TEXT]
            logit += self._weights.gap * words.presence * max(0.0, words.reading.sentiment - delivered)
        return 1.0 / (1.0 + math.exp(-logit))

    def _delivered(self, heard: Mapping[Modality, _Heard]) -> float | None:
        """Voice and face sentiment, weighted by how present and how reliable each is."""
        shares = [
            (newest.presence * self._weights.reliability.get(modality, 0.0), newest.reading.sentiment)
            for modality, newest in heard.items()
            if modality is not Modality.TEXT
        ]
        total = sum(share for share, _ in shares)
        return sum(share * sentiment for share, sentiment in shares) / total if total > 0 else None

    def _confidence(self, heard: Mapping[Modality, _Heard]) -> float:
        """Present evidence over all evidence there could be, each modality by its weight."""
        total = sum(abs(self._weights.of(modality)) for modality in Modality)
        present = sum(abs(self._weights.of(modality)) * newest.presence for modality, newest in heard.items())
        return present / total if total > 0 else 0.0


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


def _sentiment(heard: Mapping[Modality, _Heard], modality: Modality) -> float | None:
    return heard[modality].reading.sentiment if modality in heard else None


def _strongest(heard: Mapping[Modality, _Heard]) -> tuple[Cue, ...]:
    cues = [cue for newest in heard.values() for cue in newest.reading.cues]
    return tuple(sorted(cues, key=lambda cue: (-abs(cue.effect), cue.name))[:_MAX_CUES])


def _logit(probability: float) -> float:
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))

"""The values of fusion: windows of embeddings in, scores and estimates out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from encoders.samples import Cue, Embedding, Interval, Modality, Reading

Status: TypeAlias = Literal["ok", "stale", "absent", "off"]
SarcasmState: TypeAlias = Literal["on", "off", "unknown"]


@dataclass(frozen=True, slots=True)
class Window:
    """What was known of a stretch: per modality its embeddings in time order; a modality without any is missing."""

    interval: Interval
    embeddings: Mapping[Modality, tuple[Embedding, ...]]


@dataclass(frozen=True, slots=True)
class Scores:
    """What a fusion model makes of a window. None where there is no evidence. Units as in deadpan.messages.

    Contributions, and the effects of `cues`, are differences of `sarcasm` itself, not of one head's probability.
    """

    sarcasm: float | None
    literal: float | None
    delivered: float | None
    intended: float | None
    confidence: float
    readings: Mapping[Modality, Reading]
    contributions: Mapping[Modality, float]
    cues: tuple[Cue, ...]

    def gap(self, first: Modality, second: Modality) -> float | None:
        """First sentiment minus second, in [-2, 2]; None unless both modalities were read."""
        one, other = (sentiment_of(self.readings, modality) for modality in (first, second))
        return None if one is None or other is None else one - other


def sentiment_of(readings: Mapping[Modality, Reading], modality: Modality) -> float | None:
    """A modality's own sentiment; None where it is missing or does not tell."""
    return readings[modality].sentiment if modality in readings else None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a modality stood for an estimate; `age_ns` from its newest evidence to the end of the stretch."""

    status: Status
    age_ns: int | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """One revision of one tick: `seq` numbers ticks from 0, `final` marks the revision that stands."""

    seq: int
    revision: int
    final: bool
    interval: Interval
    scores: Scores
    state: SarcasmState
    standings: Mapping[Modality, Standing]


class FusionModel(Protocol):
    """f(): one window in, scores out. Weights only; any subset of modalities may be missing."""

    @property
    def name(self) -> str: ...

    def fuse(self, window: Window, /) -> Scores: ...

"""f() = late average: the heads' own readings in, their weighted log odds and the gap between words and delivery out.

    logit P(sarcasm) = b + sum_m w_m a_m logit(p_m) + w_gap a_text max(0, literal - delivered)

a_m in [0, 1] is the modality's presence, 0 where it is missing, so one set of weights serves any subset; the delivered
sentiment weighs voice and face by presence and reliability. Fitted by `python -m training.fusion`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from encoders.samples import Modality
from fusion.evidence import ORDER, Dims, Evidence, check_known

_TEXT = ORDER.index(Modality.TEXT)


class LateWeights(msgspec.Struct, frozen=True, tag="late", tag_field="f"):
    """The fitted numbers. `reliability` weighs voice and face in the delivered sentiment."""

    bias: float
    text: float
    voice: float
    face: float
    gap: float
    reliability: dict[Modality, float]

    def __post_init__(self) -> None:
        check_known(self.reliability)

    @property
    def shares(self) -> dict[Modality, float]:
        """How much each modality can say, all together 1: what confidence is counted in."""
        sizes = {Modality.TEXT: self.text, Modality.VOICE: self.voice, Modality.FACE: self.face}
        total = sum(map(abs, sizes.values()))
        return {modality: abs(size) / total if total > 0 else 0.0 for modality, size in sizes.items()}


class Late:
    """The late average of the encoders' heads."""

    name = "late"
    dims = Dims()

    def __init__(self, weights: LateWeights) -> None:
        self._bias, self._gap = weights.bias, weights.gap
        self._weights = np.array([weights.text, weights.voice, weights.face])
        self._reliability = np.array([weights.reliability.get(modality, 0.0) for modality in ORDER])

    def log_odds(self, evidence: Sequence[Evidence], /) -> NDArray[np.float64]:
        readings = np.array([each.readings for each in evidence], np.float64)  # [k, 3, 3]
        presence = np.array([each.presence for each in evidence], np.float64)  # [k, 3]
        wide = gap(readings[:, :, 1], presence, self._reliability)
        odds: NDArray[np.float64] = (presence * readings[:, :, 0]) @ self._weights + self._gap * wide + self._bias
        return odds


def gap(
    sentiments: NDArray[np.float64], presence: NDArray[np.float64], reliability: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much friendlier the words are than their delivery [k], 0 without either, as far as the words are present."""
    shares = presence * reliability
    shares[:, _TEXT] = 0.0
    total = shares.sum(axis=1)
    delivered = (shares * sentiments).sum(axis=1) / np.maximum(total, 1e-12)
    wide = np.maximum(0.0, sentiments[:, _TEXT] - delivered)
    return np.where(total > 0, presence[:, _TEXT] * wide, 0.0)

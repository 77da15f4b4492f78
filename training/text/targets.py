"""Labelled lines and what the network says of them in, losses out. What a line's corpus does not say costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.text.corpora import EMOTIONS, Line, Polarity
from training.text.network import DIM, Said

SMOOTHING = 0.1  # of sarcasm: the labels' own agreement is poor, kappa 0.23 to 0.59 (Castro et al. 2019)


@dataclass(frozen=True, slots=True)
class Targets:
    """Labels of some lines: `polarity`, `emotion` int64 [lines], -1 unknown; `two_way` bool [lines]; `sarcastic`
    float32 [lines], -1 unknown; `valence` float32 [lines], nan unknown.
    """

    polarity: Tensor
    two_way: Tensor
    sarcastic: Tensor
    emotion: Tensor
    valence: Tensor

    @classmethod
    def of(cls, lines: Sequence[Line], device: torch.device) -> Targets:
        """The labels of `lines` in their order."""
        return cls(
            torch.tensor([-1 if line.polarity is None else int(line.polarity) for line in lines], device=device),
            torch.tensor([line.two_way for line in lines], device=device),
            torch.tensor([-1.0 if line.sarcastic is None else float(line.sarcastic) for line in lines], device=device),
            torch.tensor([EMOTIONS.index(line.emotion) if line.emotion else -1 for line in lines], device=device),
            torch.tensor([torch.nan if line.valence is None else line.valence for line in lines], device=device),
        )


class Aside(nn.Module):
    """Heads that only training has: the expressed emotion and the valence of a sitcom line keep the embedding rich."""

    def __init__(self) -> None:
        super().__init__()
        self.emotion = nn.Linear(DIM, len(EMOTIONS))
        self.valence = nn.Linear(DIM, 1)


def polarity_loss(said: Said, targets: Targets) -> Tensor:
    """Mean cross-entropy of the sentiment head."""
    known = targets.polarity >= 0
    if not known.any():
        return _nothing(said)
    logits = said.sentiment.float()[known]
    # A corpus without a neutral class says nothing of the neutral logit: compare the two sides only.
    logits[:, Polarity.NEUTRAL] = logits[:, Polarity.NEUTRAL].masked_fill(targets.two_way[known], -30.0)
    return functional.cross_entropy(logits, targets.polarity[known])


def sarcasm_loss(said: Said, targets: Targets) -> Tensor:
    """Mean cross-entropy of the sarcasm head against smoothed labels."""
    known = targets.sarcastic >= 0
    if not known.any():
        return _nothing(said)
    soft = targets.sarcastic[known] * (1 - SMOOTHING) + SMOOTHING / 2
    return functional.binary_cross_entropy_with_logits(said.sarcasm.float()[known], soft)


def aside_loss(aside: Aside, said: Said, targets: Targets) -> Tensor:
    """Mean cross-entropy of the emotion plus twice the mean squared error of the valence, which spans less."""
    total = _nothing(said)
    if (known := targets.emotion >= 0).any():
        logits = aside.emotion(said.utterance[known]).float()
        total = total + functional.cross_entropy(logits, targets.emotion[known])
    if (known := targets.valence.isfinite()).any():
        guess = aside.valence(said.utterance[known])[:, 0].float()
        total = total + 2.0 * functional.mse_loss(guess, targets.valence[known])
    return total


def _nothing(said: Said) -> Tensor:
    return said.utterance.float().sum() * 0.0

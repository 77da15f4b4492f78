"""A network and lines in; embeddings and logits out, as the lines stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn

from training.text.batches import collate, count_tokens
from training.text.corpora import Line

TOGETHER = 64


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a model says of some lines: `sentiment` logits float32 [lines, 3], `sarcasm` logits float32 [lines]."""

    sentiment: NDArray[np.float32]
    sarcasm: NDArray[np.float32]


def embed(network: nn.Module, tokenizer: Tokenizer, lines: Sequence[Line]) -> NDArray[np.float32]:
    """Utterance embeddings [lines, 384]."""
    return _run(network, tokenizer, lines)[0]


def predict(network: nn.Module, tokenizer: Tokenizer, lines: Sequence[Line]) -> Outputs:
    """Logits of both heads."""
    _, sentiment, sarcasm = _run(network, tokenizer, lines)
    return Outputs(sentiment, sarcasm)


@torch.no_grad()
def _run(network: nn.Module, tokenizer: Tokenizer, lines: Sequence[Line]) -> list[NDArray[np.float32]]:
    network.eval()
    device = next(network.parameters()).device
    order = sorted(range(len(lines)), key=lambda index: count_tokens(tokenizer, lines[index]))
    parts = []
    for start in range(0, len(order), TOGETHER):
        batch = collate(tokenizer, [lines[index] for index in order[start : start + TOGETHER]], device)
        said = network(batch.ids, batch.types, batch.mask)
        parts.append([output.cpu().numpy() for output in (said.utterance, said.sentiment, said.sarcasm)])
    back = np.argsort(order)
    return [np.concatenate(outputs)[back] for outputs in zip(*parts, strict=True)]

"""Lines in, their states after the layers that stay frozen out: computed once, trained on many times.

Only the upper layers follow the few sarcastic lines, so that what comes below them is the same in every epoch, seed
and fold.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from training.text.batches import collate, count_tokens
from training.text.corpora import Line
from training.text.inference import Outputs
from training.text.network import Said, TextNetwork

TOGETHER = 64


@dataclass(frozen=True, slots=True)
class Primed:
    """One line below the first layer that learns: `states` bfloat16 [tokens, 384], `types` int64 [tokens]; and its
    `embedding` float32 [384] by the network as it was then.
    """

    line: Line
    states: Tensor
    types: Tensor
    embedding: NDArray[np.float32]


@torch.no_grad()
def prime(network: TextNetwork, tokenizer: Tokenizer, lines: Sequence[Line], layers: int) -> list[Primed]:
    """`lines` in their order after the first `layers` layers of `network`."""
    network.eval()
    order = sorted(range(len(lines)), key=lambda index: count_tokens(tokenizer, lines[index]))
    primed: dict[int, Primed] = {}
    for start in range(0, len(order), TOGETHER):
        rows = order[start : start + TOGETHER]
        batch = collate(tokenizer, [lines[index] for index in rows], network.device)
        with torch.autocast(network.device.type, torch.bfloat16):
            states = network.climb(network.start(batch.ids, batch.types), batch.mask, 0, layers).bfloat16()
            embeddings = network.say(network.climb(states.float(), batch.mask, layers), batch.types).utterance
        for row, index in enumerate(rows):
            length = int(batch.mask[row].sum())
            own = states[row, :length].clone(), batch.types[row, :length].clone()
            primed[index] = Primed(lines[index], *own, embeddings[row].float().cpu().numpy())
    return [primed[index] for index in range(len(lines))]


def finish(network: TextNetwork, primed: Sequence[Primed], layers: int) -> Said:
    """What `network` makes of `primed` lines with the layers above."""
    states = pad_sequence([one.states for one in primed], batch_first=True).float()
    types = pad_sequence([one.types for one in primed], batch_first=True)
    mask = pad_sequence([torch.ones_like(one.types) for one in primed], batch_first=True)
    with torch.autocast(network.device.type, torch.bfloat16):
        return network.say(network.climb(states, mask, layers), types)


@torch.no_grad()
def read_primed(network: TextNetwork, primed: Sequence[Primed], layers: int) -> Outputs:
    """What `network` makes of `primed` lines, in their order."""
    network.eval()
    order = sorted(range(len(primed)), key=lambda index: len(primed[index].types))
    said = [
        finish(network, [primed[index] for index in order[start : start + TOGETHER]], layers)
        for start in range(0, len(order), TOGETHER)
    ]
    back = np.argsort(order)
    return Outputs(
        torch.cat([one.sentiment.float().cpu() for one in said]).numpy()[back],
        torch.cat([one.sarcasm.float().cpu() for one in said]).numpy()[back],
    )


def shuffle_primed(primed: Sequence[Primed], size: int, rng: random.Random) -> Iterator[list[Primed]]:
    """All of `primed` once, in batches of like length that come in random order."""
    order = sorted(primed, key=lambda one: (len(one.types) // 8, rng.random()))
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    rng.shuffle(batches)
    yield from batches

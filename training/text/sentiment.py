"""Lines in, a network trained on them as a recognizer might have heard them out: the base of every sarcasm model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from training.text.batches import Roughness, collate, roughen, seeded, shuffle_into_batches
from training.text.corpora import Line
from training.text.descent import Schedule, descend
from training.text.targets import Targets, polarity_loss, sarcasm_loss


def fit_lines(
    network: nn.Module,
    tokenizer: Tokenizer,
    lines: Sequence[Line],
    roughness: Roughness,
    schedule: Schedule,
    seed: int,
    title: str,
    validate: Callable[[], float],
) -> None:
    """Train what may learn of `network` (ids, types, mask in, `Said` out) in place on the labels that `lines` have."""
    rng = seeded(seed)
    torch.manual_seed(seed)

    def steps() -> Iterator[list[Callable[[], Tensor]]]:
        for _ in range(schedule.epochs):
            rough = [roughen(line, lines, roughness, rng) for line in lines]
            for part in shuffle_into_batches(tokenizer, rough, schedule.batch, rng):
                yield [partial(_loss, network, tokenizer, part)]

    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    descend(network, trained, steps(), -(-len(lines) // schedule.batch), schedule, title, validate)


def _loss(network: nn.Module, tokenizer: Tokenizer, lines: Sequence[Line]) -> Tensor:
    device = next(network.parameters()).device
    batch, targets = collate(tokenizer, lines, device), Targets.of(lines, device)
    with torch.autocast(device.type, torch.bfloat16):
        said = network(batch.ids, batch.types, batch.mask)
    return polarity_loss(said, targets) + sarcasm_loss(said, targets)

"""MELD and the sentiment network in, MELD's test read by a model fitted to MELD's train out: to compare, never shipped.

MELD is all Friends, on which the shipped model is tested: it may not train on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from training.measures import f1
from training.text.batches import seeded
from training.text.corpora import Line
from training.text.descent import Schedule, descend
from training.text.measure import polarities
from training.text.network import TextNetwork
from training.text.primed import Primed, finish, prime, read_primed, shuffle_primed
from training.text.targets import Targets, polarity_loss


def fit_meld(
    base: TextNetwork,
    tokenizer: Tokenizer,
    train: Sequence[Line],
    dev: Sequence[Line],
    test: Sequence[Line],
    schedule: Schedule,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Sentiment logits [lines, 3] of `test` by `base` with its upper layers fitted to `train`, stopped by `dev`.

    The turns before are left out: they make the lines three times as long.
    """
    network, layers = base.twin(), schedule.frozen_layers
    network.start_from(layers)
    torch.manual_seed(seed)
    rng = seeded(seed)
    learnt, held_out, tested = (
        prime(network, tokenizer, [replace(line, context=()) for line in lines], layers) for lines in (train, dev, test)
    )

    def steps() -> Iterator[list[Callable[[], Tensor]]]:
        for _ in range(schedule.epochs):
            for part in shuffle_primed(learnt, schedule.batch, rng):
                yield [partial(_loss, network, part, layers)]

    def validate() -> float:
        guess = read_primed(network, held_out, layers).sentiment.argmax(axis=1)
        return -f1(polarities(dev), guess, "weighted")

    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    descend(network, trained, steps(), -(-len(learnt) // schedule.batch), schedule, "MELD", validate)
    return read_primed(network, tested, layers).sentiment


def _loss(network: TextNetwork, part: Sequence[Primed], layers: int) -> Tensor:
    return polarity_loss(finish(network, part, layers), Targets.of([one.line for one in part], network.device))

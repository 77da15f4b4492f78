"""Labelled lines in, trained networks out: first sentiment, then sarcasm with sentiment kept alive beside it.

The sarcasm head starts from logistic regression on the embeddings of the sentiment network, and only the upper layers
move after that (linear probing, then fine-tuning: Kumar et al. 2022, arXiv 2202.10054). With a fresh head the few
sarcastic lines bent the whole network: validation AUC 0.58, against 0.64 this way.

Several sarcasm runs start from the one sentiment network and differ in seed only; their weights are averaged into one
network (model soup, Wortsman et al. 2022, arXiv 2203.05482), because with hundreds of sarcastic lines one run's luck
outweighs what it learned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from training.text.batches import Batch, Roughness, collate, roughen, seeded, shuffle_into_batches
from training.text.corpora import Line, Polarity
from training.text.network import TextNetwork

PROBE_COPIES = 4
PROBE_C = 0.03  # for embeddings as they come, about 6 long


@dataclass(frozen=True, slots=True)
class Schedule:
    """One run of the optimiser (AdamW, linear warm-up over a tenth of the steps, then linear decay to zero)."""

    epochs: int
    peak_rate: float
    batch: int = 32
    weight_decay: float = 0.01
    frozen_layers: int = 0  # counted from the input
    checks: int = 4  # an epoch, on lines held out
    roughness: Roughness = field(default_factory=Roughness)
    sarcasm_smoothing: float = 0.1  # the labels' own agreement is poor: kappa 0.23 to 0.59 (Castro et al. 2019)


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a model says of some lines: `sentiment` logits float32 [lines, 3], `sarcasm` logits float32 [lines]."""

    sentiment: NDArray[np.float32]
    sarcasm: NDArray[np.float32]


def fit(
    network: TextNetwork,
    tokenizer: Tokenizer,
    lines: Sequence[Line],
    replay: Sequence[Line],
    schedule: Schedule,
    seed: int,
    title: str,
    validate: Callable[[TextNetwork], float] | None = None,
) -> None:
    """Train `network` in place on `lines`, each epoch with as many lines drawn from `replay` (may be empty).

    With `validate`, a loss on lines held out, training stops early: the weights of the lowest loss are the ones kept.
    """
    rng = seeded(seed)
    torch.manual_seed(seed)
    steps_per_epoch = -(-len(lines) // schedule.batch)
    total = steps_per_epoch * schedule.epochs
    trained = _unfrozen(network, schedule.frozen_layers)
    optimiser = torch.optim.AdamW(trained, lr=schedule.peak_rate, weight_decay=schedule.weight_decay, fused=True)
    warm = max(1, total // 10)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, (total - step) / max(1, total - warm))
    )
    strays = replay or lines
    best = _Best(network, validate)
    checked = max(1, steps_per_epoch // schedule.checks)

    def epoch() -> Iterator[tuple[list[Line], ...]]:
        drawn = rng.sample(replay, min(len(lines), len(replay)))
        rough = ([roughen(line, strays, schedule.roughness, rng) for line in part] for part in (lines, drawn))
        batches = (shuffle_into_batches(tokenizer, part, schedule.batch, rng) for part in rough)
        return zip_longest(*batches, fillvalue=[])

    network.train()
    every = chain.from_iterable(epoch() for _ in range(schedule.epochs))
    for step, parts in enumerate(track(every, description=title, total=total), start=1):
        for part in filter(None, parts):
            _loss(network, collate(tokenizer, part), schedule).backward()  # type: ignore[no-untyped-call]  # torch's own
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        rate.step()
        optimiser.zero_grad()
        if step % checked == 0 or step == total:
            best.look()
    best.restore()
    network.eval()


class _Best:
    """Keeps the weights that did best on lines held out; without such lines, the last ones."""

    def __init__(self, network: TextNetwork, validate: Callable[[TextNetwork], float] | None) -> None:
        self._network = network
        self._validate = validate
        self._loss = math.inf
        self._state: dict[str, Tensor] = {}

    def look(self) -> None:
        if self._validate is None:
            return
        loss = self._validate(self._network.eval())
        self._network.train()
        if loss < self._loss:
            self._loss = loss
            self._state = {name: tensor.clone() for name, tensor in self._network.state_dict().items()}

    def restore(self) -> None:
        if self._state:
            self._network.load_state_dict(self._state)


def average(networks: Sequence[TextNetwork]) -> TextNetwork:
    """The network whose every weight is the mean of theirs."""
    soup = TextNetwork()
    states = [network.state_dict() for network in networks]
    soup.load_state_dict({name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]})
    return soup.eval()


@torch.no_grad()
def probe_sarcasm(
    network: TextNetwork, tokenizer: Tokenizer, lines: Sequence[Line], strays: Sequence[Line], seed: int
) -> None:
    """Set the sarcasm head of `network` by logistic regression on PROBE_COPIES roughened copies of `lines`."""
    rng = seeded(seed)
    rough = [roughen(line, strays, Roughness(), rng) for _ in range(PROBE_COPIES) for line in lines]
    model = LogisticRegression(C=PROBE_C, max_iter=3000)
    model.fit(embed(network, tokenizer, rough), [line.sarcastic for line in rough])
    network.sarcasm.weight.copy_(torch.from_numpy(model.coef_))
    network.sarcasm.bias.copy_(torch.from_numpy(model.intercept_))


def embed(network: TextNetwork, tokenizer: Tokenizer, lines: Sequence[Line]) -> NDArray[np.float32]:
    """Utterance embeddings [lines, 384] of `lines` as they stand."""
    return _run(network, tokenizer, lines)[0]


def predict(network: TextNetwork, tokenizer: Tokenizer, lines: Sequence[Line]) -> Outputs:
    """Run `network` on `lines` as they stand."""
    _, sentiment, sarcasm = _run(network, tokenizer, lines)
    return Outputs(sentiment, sarcasm)


@torch.no_grad()
def _run(
    network: TextNetwork, tokenizer: Tokenizer, lines: Sequence[Line], size: int = 64
) -> list[NDArray[np.float32]]:
    network.eval()
    order = sorted(range(len(lines)), key=lambda index: len(" ".join((lines[index].text, *lines[index].context))))
    parts = []
    for start in range(0, len(order), size):
        batch = collate(tokenizer, [lines[index] for index in order[start : start + size]]).to(network.device)
        said = network(batch.ids, batch.types, batch.mask)
        parts.append([output.cpu().numpy() for output in (said.utterance, said.sentiment, said.sarcasm)])
    back = np.argsort(order)
    return [np.concatenate(outputs)[back] for outputs in zip(*parts, strict=True)]


def _loss(network: TextNetwork, batch: Batch, schedule: Schedule) -> Tensor:
    device = network.device
    batch = batch.to(device)
    with torch.autocast(device.type, torch.bfloat16):
        said = network(batch.ids, batch.types, batch.mask)
    known = batch.polarity >= 0
    total = torch.zeros((), device=device)
    if known.any():
        logits = said.sentiment.float()[known]
        # A corpus without a neutral class says nothing of the neutral logit: compare the two sides only.
        logits[:, Polarity.NEUTRAL] = logits[:, Polarity.NEUTRAL].masked_fill(batch.two_way[known], -30.0)
        total = total + functional.cross_entropy(logits, batch.polarity[known])
    labelled = batch.sarcastic >= 0
    if labelled.any():
        soft = batch.sarcastic[labelled] * (1 - schedule.sarcasm_smoothing) + schedule.sarcasm_smoothing / 2
        total = total + functional.binary_cross_entropy_with_logits(said.sarcasm.float()[labelled], soft)
    return total


def _unfrozen(network: TextNetwork, frozen_layers: int) -> list[torch.nn.Parameter]:
    if frozen_layers:
        for part in (network.positions, network.types, network.norm, *network.layers[:frozen_layers]):
            part.requires_grad_(False)
    return [parameter for parameter in network.parameters() if parameter.requires_grad]

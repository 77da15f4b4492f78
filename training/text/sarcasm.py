"""A sentiment network and sitcom lines in, a network that reads sarcasm beside sentiment out.

The sarcasm head starts from logistic regression on the embeddings of the sentiment network, and only the upper layers
move after that (linear probing, then fine-tuning: Kumar et al. 2022, arXiv 2202.10054). With a fresh head the few
sarcastic lines bent the whole network.

Several runs start from the one sentiment network and differ in seed only; their weights are averaged into one network
(model soup, Wortsman et al. 2022, arXiv 2203.05482), because with hundreds of sarcastic lines one run's luck outweighs
what it learned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from training.text.batches import seeded
from training.text.descent import Schedule, descend
from training.text.measure import logistic
from training.text.network import TextNetwork, average
from training.text.primed import Primed, finish, read_primed, shuffle_primed
from training.text.targets import Aside, Targets, aside_loss, polarity_loss, sarcasm_loss


@dataclass(frozen=True, slots=True)
class Lesson:
    """What one sarcasm stage learns from. `copies` are roughened several times over: as many lists of the same lines;
    `replay` keeps sentiment alive; `validation` lines are as they stand, from scenes of their own.
    """

    copies: Sequence[Sequence[Primed]]
    replay: Sequence[Primed]
    validation: Sequence[Primed]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a sarcasm stage learns. `probe_c` is logistic regression's C for embeddings as they come, about 6 long;
    `aside` weighs the emotion and valence heads against sarcasm.
    """

    schedule: Schedule
    probe_c: float = 0.03
    aside: float = 0.3
    runs: int = 3


def learn_sarcasm(base: TextNetwork, lesson: Lesson, recipe: Recipe, seed: int, title: str) -> TextNetwork:
    """The mean of `recipe.runs` networks trained from `base`, which is left as it was; without epochs, the probe."""
    probed = base.twin().eval()
    probe_sarcasm(probed, lesson, recipe)
    if not recipe.schedule.epochs:
        return probed
    runs = range(recipe.runs)
    return average([_run(probed, lesson, recipe, seed + run, f"{title}, {run + 1} of {recipe.runs}") for run in runs])


def probe_sarcasm(network: TextNetwork, lesson: Lesson, recipe: Recipe) -> None:
    """Set the sarcasm head of `network`, which primed the lines, by logistic regression on all their copies."""
    every = [one for copy in lesson.copies for one in copy]
    model = LogisticRegression(C=recipe.probe_c, max_iter=3000)
    model.fit(np.stack([one.embedding for one in every]), [one.line.sarcastic for one in every])
    with torch.no_grad():
        network.sarcasm.weight.copy_(torch.from_numpy(model.coef_))
        network.sarcasm.bias.copy_(torch.from_numpy(model.intercept_))


def _run(probed: TextNetwork, lesson: Lesson, recipe: Recipe, seed: int, title: str) -> TextNetwork:
    network, schedule = probed.twin(), recipe.schedule
    torch.manual_seed(seed)
    rng = seeded(seed)
    network.start_from(schedule.frozen_layers)
    aside = Aside().to(network.device)
    copies = cycle(rng.sample(list(lesson.copies), len(lesson.copies)))
    count = len(lesson.copies[0])

    def steps() -> Iterator[list[Callable[[], Tensor]]]:
        for _ in range(schedule.epochs):
            replay = cycle(
                shuffle_primed(rng.sample(list(lesson.replay), min(count, len(lesson.replay))), schedule.batch, rng)
            )
            for part in shuffle_primed(next(copies), schedule.batch, rng):
                yield [partial(_loss, network, aside, recipe, one) for one in (part, next(replay, [])) if one]

    trained = [*(parameter for parameter in network.parameters() if parameter.requires_grad), *aside.parameters()]
    descend(
        network,
        trained,
        steps(),
        -(-count // schedule.batch),
        schedule,
        title,
        partial(_held_out, network, lesson, schedule),
    )
    return network


def _loss(network: TextNetwork, aside: Aside, recipe: Recipe, part: Sequence[Primed]) -> Tensor:
    said = finish(network, part, recipe.schedule.frozen_layers)
    targets = Targets.of([one.line for one in part], network.device)
    return sarcasm_loss(said, targets) + polarity_loss(said, targets) + recipe.aside * aside_loss(aside, said, targets)


def _held_out(network: TextNetwork, lesson: Lesson, schedule: Schedule) -> float:
    """Brier score on the validation lines: less moved by one sure mistake than the cross-entropy."""
    truth = np.array([one.line.sarcastic for one in lesson.validation], bool)
    probability = logistic(read_primed(network, lesson.validation, schedule.frozen_layers).sarcasm)
    return float(np.square(probability - truth).mean())

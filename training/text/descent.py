"""Losses of batches in, a trained network out: one optimiser's run, stopped where lines held out say so."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from rich.progress import track
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Schedule:
    """One run of the optimiser (AdamW, linear warm-up over a tenth of the steps, then linear decay to zero).

    `frozen_layers` are counted from the input; the word embeddings never move. `checks`: looks at held-out lines, an
    epoch.
    """

    epochs: int
    peak_rate: float
    batch: int = 32
    weight_decay: float = 0.01
    frozen_layers: int = 0
    checks: int = 4


def descend(
    network: nn.Module,
    trained: list[nn.Parameter],
    steps: Iterable[Iterable[Callable[[], Tensor]]],
    steps_per_epoch: int,
    schedule: Schedule,
    title: str,
    validate: Callable[[], float] | None = None,
) -> None:
    """Move the `trained` parameters of `network` in place; each of `steps` is the losses whose gradients it adds up.

    With `validate`, a loss on lines held out, the weights of its lowest value are the ones kept.
    """
    total = steps_per_epoch * schedule.epochs
    optimiser = torch.optim.AdamW(trained, lr=schedule.peak_rate, weight_decay=schedule.weight_decay, fused=True)
    warm = max(1, total // 10)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, (total - step) / max(1, total - warm))
    )
    between = max(1, steps_per_epoch // schedule.checks)
    lowest, best = math.inf, [parameter.detach().clone() for parameter in trained]
    network.train()
    for step, losses in enumerate(track(steps, description=title, total=total), start=1):
        for loss in losses:
            loss().backward()  # type: ignore[no-untyped-call]  # torch's own
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        rate.step()
        optimiser.zero_grad()
        if validate is not None and (step % between == 0 or step == total):
            network.eval()
            if (held_out := validate()) < lowest:
                lowest, best = held_out, [parameter.detach().clone() for parameter in trained]
            network.train()
    if validate is not None:
        with torch.no_grad():
            for parameter, kept in zip(trained, best, strict=True):
                parameter.copy_(kept)
    network.eval()

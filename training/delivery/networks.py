"""Rows and the linear paths' answers in, small networks that add to them out.

Each member leaves other people out and stops when it no longer gets better at them; on those its answers are held out,
which decides how much of the networks is to be believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from encoders.head import Columns, Networks
from training.delivery.lines import Problem, held_out_loss

UNITS = 8
CHANNELS = 6
TAPS = 5
DROPOUT = 0.3
RATE = 3e-3
DECAY = 3e-2
EPOCHS = 40
PATIENCE = 6
BATCH = 64

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Task:
    """All that the networks learn from: standardised statistics [rows, k], standardised windows [rows, steps, d] with
    0 where unknown, `known` [rows, steps], the linear paths' held-out answers [rows, 3], and a problem for each output,
    whose rows without a target are NaN.
    """

    deviations: Floats
    windows: Floats
    known: NDArray[np.bool_]
    base: Floats
    problems: Sequence[Problem]


class Member(nn.Module):
    """One small network. It starts by adding nothing."""

    def __init__(self, statistics: int, columns: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(statistics, UNITS)
        self.hidden_out = nn.Linear(UNITS, 3, bias=False)
        self.filters = nn.Linear(columns * TAPS, CHANNELS)
        self.attention = nn.Linear(CHANNELS, 1, bias=False)
        self.pooled_out = nn.Linear(CHANNELS, 3, bias=False)
        self.dropout = nn.Dropout(DROPOUT)
        for layer in (self.hidden_out, self.attention, self.pooled_out):
            nn.init.zeros_(layer.weight)

    def forward(self, deviations: Tensor, taps: Tensor, known: Tensor) -> Tensor:
        """What it adds [rows, 3] for statistics [rows, k] and unfolded windows [rows, steps, columns * TAPS]."""
        units = torch.relu(self.hidden(self.dropout(deviations)))
        features = torch.relu(self.filters(taps))
        scores = self.attention(features)[..., 0].masked_fill(~known, -1e9)
        share = torch.softmax(scores, dim=1) * known
        pooled = (share[..., None] * features).sum(dim=1)
        added: Tensor = self.hidden_out(self.dropout(units)) + self.pooled_out(self.dropout(pooled))
        return added


def train_members(task: Task, columns: Columns, members: int) -> tuple[Networks, Floats]:
    """`members` networks side by side, and their held-out answers [rows, 3], each row's by those that did not see its
    people.
    """
    folds = task.problems[0].folds
    taps = unfold(task.windows)
    trained, total, count = [], np.zeros_like(task.base), np.zeros(len(folds))
    for seed in range(members):
        out = folds == seed % (int(folds.max()) + 1)
        member, answers = _train_member(task, taps, out, seed)
        trained.append(member)
        total[out] += answers
        count[out] += 1
    return stack_members(trained, columns), total / np.maximum(count, 1)[:, None]


def unfold(windows: Floats) -> Tensor:
    """[rows, steps, d] to [rows, steps, d * TAPS], each step with those before it, as Networks.listen lays them out."""
    padded = np.pad(windows, ((0, 0), (TAPS - 1, 0), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, TAPS, axis=1)
    return torch.from_numpy(np.ascontiguousarray(seen.reshape(*windows.shape[:2], -1), dtype=np.float32))


def _train_member(task: Task, taps: Tensor, out: NDArray[np.bool_], seed: int) -> tuple[Member, Floats]:
    torch.manual_seed(seed)
    kept = torch.from_numpy(np.flatnonzero(~out))
    deviations, known = torch.from_numpy(task.deviations).float(), torch.from_numpy(task.known)
    base = torch.from_numpy(task.base).float()
    member = Member(deviations.shape[1], taps.shape[2] // TAPS)
    speakers = int(task.problems[0].speaker.max()) + 1
    levels = nn.Parameter(torch.zeros(speakers, 3))
    optimizer = torch.optim.AdamW(
        [{"params": member.parameters(), "weight_decay": DECAY}, {"params": [levels], "weight_decay": 0.0}], lr=RATE
    )
    targets = [_target(problem) for problem in task.problems]
    speaker = torch.from_numpy(task.problems[0].speaker)
    clips = float(task.problems[0].weight.sum())
    best = _Stand(member, _answer(member, deviations, taps, known, out), task, out)
    waited = 0
    for _ in range(EPOCHS):
        member.train()
        for batch in torch.split(kept[torch.randperm(len(kept))], BATCH):
            score = base[batch] + member(deviations[batch], taps[batch], known[batch]) + levels[speaker[batch]]
            parts = [_loss(score[:, i], targets[i], batch, task.problems[i].logistic) for i in range(3)]
            cost = torch.stack(parts).sum() + levels.square().sum() / (2 * clips)
            optimizer.zero_grad()
            cost.backward()  # type: ignore[no-untyped-call]  # torch's own
            optimizer.step()
        stand = _Stand(member, _answer(member, deviations, taps, known, out), task, out)
        best, waited = (stand, 0) if stand.loss < best.loss else (best, waited + 1)
        if waited > PATIENCE:
            break
    member.load_state_dict(best.weights)
    return member, best.answers


class _Stand:
    """A member as it is now, what it answers for the people left out, and the loss of that."""

    def __init__(self, member: Member, answers: Floats, task: Task, out: NDArray[np.bool_]) -> None:
        self.weights = {name: weights.clone() for name, weights in member.state_dict().items()}
        self.answers = answers
        self.loss = _judge(task, answers, out)


def _target(problem: Problem) -> tuple[Tensor, Tensor]:
    """Targets and weights [rows], both 0 where there is no target, errors in units of the target's own spread."""
    rated = np.isfinite(problem.target)
    scale = 1.0 if problem.logistic or not rated.any() else 1.0 / max(float(problem.target[rated].var()), 1e-3)
    weight = np.where(rated, problem.weight * scale, 0.0)
    return torch.from_numpy(np.nan_to_num(problem.target)).float(), torch.from_numpy(weight).float()


def _loss(score: Tensor, target: tuple[Tensor, Tensor], batch: Tensor, logistic: bool) -> Tensor:
    truth, weight = target[0][batch], target[1][batch]
    if logistic:
        each = nn.functional.binary_cross_entropy_with_logits(score, truth, reduction="none")
    else:
        each = (score - truth).square() / 2
    return (weight * each).sum() / weight.sum().clamp(min=1e-6)


def _answer(member: Member, deviations: Tensor, taps: Tensor, known: Tensor, rows: NDArray[np.bool_]) -> Floats:
    member.eval()
    chosen = torch.from_numpy(np.flatnonzero(rows))
    with torch.no_grad():
        answers: Floats = member(deviations[chosen], taps[chosen], known[chosen]).numpy().astype(np.float64)
        return answers


def _judge(task: Task, answers: Floats, out: NDArray[np.bool_]) -> float:
    """The loss of all three outputs on the people left out, each speaker's level known."""
    total = 0.0
    for i, problem in enumerate(task.problems):
        rated = np.isfinite(problem.target) & out
        if rated.any():
            score = task.base[rated, i] + answers[rated[out], i]
            scale = 1.0 if problem.logistic else 1.0 / max(float(problem.target[rated].var()), 1e-3)
            total += scale * held_out_loss(problem.where(rated), score)
    return total


def stack_members(members: Sequence[Member], columns: Columns) -> Networks:
    """The members side by side, in float64, as the encoders run them."""

    def join(name: str, axis: int) -> Floats:
        weights = [member.get_parameter(name).detach().numpy().T.astype(np.float64) for member in members]
        return np.concatenate(weights, axis=axis)

    return Networks(
        columns,
        join("hidden.weight", 1),
        join("hidden.bias", 0),
        join("hidden_out.weight", 0) / len(members),
        join("filters.weight", 1),
        join("filters.bias", 0),
        join("attention.weight", 1).T,
        join("pooled_out.weight", 0) / len(members),
    )

"""The layers that the learned f() are made of: every parameter has the members of an ensemble in front.

Members differ in their first weights and in the clips they are stopped by; they learn side by side in one pass, and
leave together as one graph. Tensors are [members, batch, ...]; a first dimension of 1 is the same for all members.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class Linear(nn.Module):
    """y = x W + b with a W and a b for each member, on the last dimension."""

    def __init__(self, members: int, wide: int, out: int, *, zero: bool = False) -> None:
        super().__init__()
        spread = 0.0 if zero else 1.0 / math.sqrt(wide)
        self.weight = nn.Parameter(torch.empty(members, wide, out).uniform_(-spread, spread))
        self.bias = nn.Parameter(torch.zeros(members, 1, out))

    def forward(self, x: Tensor) -> Tensor:
        flat = x.reshape(x.shape[0], -1, x.shape[-1])
        y = torch.matmul(flat, self.weight) + self.bias
        return y.reshape(y.shape[0], *x.shape[1:-1], y.shape[-1])


class Convolution(nn.Module):
    """Five steps of time around each, `apart` steps from one another; as long as its input."""

    REACH = 2

    def __init__(self, members: int, wide: int, out: int, apart: int = 1) -> None:
        super().__init__()
        self.apart = apart
        self.mix = Linear(members, wide * (2 * self.REACH + 1), out)

    def forward(self, x: Tensor) -> Tensor:
        edge = self.REACH * self.apart
        padded = functional.pad(x, (0, 0, edge, edge))
        steps = x.shape[2]
        around = [padded[:, :, i * self.apart : i * self.apart + steps] for i in range(2 * self.REACH + 1)]
        return self.mix(torch.cat(around, dim=-1))


class Pooling(nn.Module):
    """A weighted mean over time [.., steps, wide] -> [.., wide]; nothing where all is masked."""

    def __init__(self, members: int, wide: int) -> None:
        super().__init__()
        self.score = Linear(members, wide, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        weights = attend(self.score(x)[..., 0], mask)
        return torch.matmul(weights.unsqueeze(-2), x).squeeze(-2)


def attend(score: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the last dimension of what is not masked; all zero where everything is."""
    return torch.softmax(score + (mask - 1.0) * 1e4, dim=-1) * mask

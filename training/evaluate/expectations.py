"""Changes of P(sarcasm) in, whether they are as expected in how many cases, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.measures import Figure, bootstrap

TOLERANCE = 0.05
"""How far P(sarcasm) may move the wrong way and still count as not having moved."""
SAME = 0.02
"""How far it may move where nothing should change."""
ENOUGH = 0.8
"""The share of cases from which an expectation counts as met."""

Rule = Literal["not lower", "not higher", "the same", "higher", "lower"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, what was expected of P(sarcasm), and by how much it changed in each case."""

    done: str
    rule: Rule
    changes: NDArray[np.float64]

    @property
    def held(self) -> NDArray[np.bool_]:
        """In which cases the expectation holds."""
        match self.rule:
            case "not lower":
                return self.changes >= -TOLERANCE
            case "not higher":
                return self.changes <= TOLERANCE
            case "the same":
                return np.abs(self.changes) <= SAME
            case "higher":
                return self.changes > 0
            case "lower":
                return self.changes < 0

    @property
    def rate(self) -> Figure:
        held = self.held
        return bootstrap(lambda rows: float(held[rows].mean()), len(held))

    @property
    def mean(self) -> Figure:
        return bootstrap(lambda rows: float(self.changes[rows].mean()), len(self.changes))

    @property
    def met(self) -> bool:
        return float(self.held.mean()) >= ENOUGH


def rows_of(outcomes: Sequence[Outcome]) -> list[tuple[object, ...]]:
    """Table rows: what was done, expected, cases, share that holds, mean change, pass or fail."""
    return [
        (
            each.done,
            each.rule,
            len(each.changes),
            each.rate.percent(),
            f"{each.mean.value:+.3f} [{each.mean.low:+.3f}, {each.mean.high:+.3f}]",
            "pass" if each.met else "**fail**",
        )
        for each in outcomes
    ]


HEADER = ("done", "P(sarcasm) expected", "cases", "as expected, %", "mean change", "")

"""What the float network and its int8 export say of the same lines in, how far they are apart out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from training.text.export import Temperatures
from training.text.inference import Outputs
from training.text.measure import logistic, polarity_shares

FARTHEST_MEAN = 0.05  # in P(sarcasm) and in sentiment: more would be another model


@dataclass(frozen=True, slots=True)
class Parity:
    """Absolute differences over `lines` lines: of P(sarcasm), and of sentiment in [-1, 1]."""

    lines: int
    sarcasm_mean: float
    sarcasm_max: float
    sentiment_mean: float
    sentiment_max: float

    @classmethod
    def between(cls, floating: Outputs, quantised: Outputs, temperatures: Temperatures) -> Parity:
        """Compare the two, calibrated alike. Raises ValueError when they are not the same model any more."""
        sarcasm = np.abs(np.subtract(*(logistic(one.sarcasm / temperatures.sarcasm) for one in (floating, quantised))))
        shares = [polarity_shares(one.sentiment / temperatures.sentiment) for one in (floating, quantised)]
        sentiment = np.abs(np.subtract(*(share[:, 2] - share[:, 0] for share in shares)))
        parity = cls(len(sarcasm), *(float(of()) for one in (sarcasm, sentiment) for of in (one.mean, one.max)))
        if max(parity.sarcasm_mean, parity.sentiment_mean) > FARTHEST_MEAN:
            raise ValueError(f"int8 strays too far from float: {parity}")
        return parity

    @classmethod
    def read(cls, path: Path) -> Parity:
        """What `write` wrote."""
        return cls(**json.loads(path.read_text("utf-8")))

    def write(self, path: Path) -> None:
        """Keep it beside the weights."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", "utf-8")

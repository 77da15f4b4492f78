"""Figures in, the text encoder's section of docs/model-card.md out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.measures import Detection, Figure
from training.text.export import Temperatures
from training.text.measure import logistic
from training.text.recipe import GOEMOTIONS_LINES, SARCASM_RUNS, SST2_LINES, Splits
from training.text.report import Judgement
from training.text.train import Outputs

TEMPLATE = Path(__file__).with_name("card.md")


@dataclass(frozen=True, slots=True)
class Exactness:
    """How far the int8 model's outputs are from the float model's: P(sarcasm), and sentiment in [-1, 1]."""

    lines: int
    sarcasm_mean: float
    sarcasm_max: float
    sentiment_mean: float
    sentiment_max: float

    @classmethod
    def between(cls, floating: Outputs, quantised: Outputs, temperatures: Temperatures) -> Exactness:
        """Compare the two on the same lines, calibrated alike."""
        sarcasm = np.abs(
            logistic(floating.sarcasm / temperatures.sarcasm) - logistic(quantised.sarcasm / temperatures.sarcasm)
        )
        sentiment = np.abs(_sentiment(floating, temperatures) - _sentiment(quantised, temperatures))
        return cls(
            len(sarcasm), float(sarcasm.mean()), float(sarcasm.max()), float(sentiment.mean()), float(sentiment.max())
        )


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds a call on one thread, an utterance of eleven words after two turns."""

    p50_ms: float
    p95_ms: float


def describe(judgement: Judgement, exactness: Exactness, speed: Speed, size_bytes: int, splits: Splits) -> str:
    """The section as Markdown: card.md with its figures filled in."""
    return TEMPLATE.read_text(encoding="utf-8").format(
        size_mb=size_bytes / 1e6,
        sst2_lines=SST2_LINES,
        goemotions_lines=GOEMOTIONS_LINES,
        runs=SARCASM_RUNS,
        dialogue=len(splits.dialogue),
        dialogue_validation=len(splits.dialogue_validation),
        sentiment_validation=len(splits.sentiment_validation),
        friends=len(splits.friends),
        sst2_test=len(splits.sst2_test),
        meld_test=len(splits.meld_test),
        sarcasm_rows=_rows(judgement.sarcasm),
        auc_over_frozen=judgement.auc_over_frozen.fraction(),
        validation_f1=judgement.validation.weighted_f1.percent(),
        validation_auc=_fraction(judgement.validation.auc),
        calibration_error=judgement.sarcasm_calibration_error,
        sentiment_rows=_pairs(judgement.sst2, judgement.meld),
        exactness=exactness,
        speed=speed,
    )


def replace_section(path: Path, name: str, section: str) -> None:
    """Put `section` between the markers of `name` in the card, adding card or markers where they are missing."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    card = path.read_text(encoding="utf-8") if path.exists() else "# Model card\n"
    block = f"{begin}\n{section.rstrip()}\n{end}"
    if begin in card:
        card = re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: block, card, flags=re.DOTALL)
    else:
        card = f"{card.rstrip()}\n\n{block}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(card, encoding="utf-8")


def _sentiment(outputs: Outputs, temperatures: Temperatures) -> np.typing.NDArray[np.float64]:
    raised = np.exp(outputs.sentiment.astype(np.float64) / temperatures.sentiment)
    shares: np.typing.NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares[:, 2] - shares[:, 0]


def _rows(figures: dict[str, Detection]) -> str:
    return "\n".join(
        f"| {name} | {one.weighted_f1.percent()} | {one.macro_f1.percent()} | {_fraction(one.auc)} |"
        f" {_fraction(one.auc_within_frequent)} |"
        for name, one in figures.items()
    )


def _pairs(left: dict[str, Figure], right: dict[str, Figure]) -> str:
    return "\n".join(f"| {name} | {left[name].percent()} | {right[name].percent()} |" for name in left)


def _fraction(figure: Figure | None) -> str:
    return figure.fraction() if figure else "–"

"""Figures in, the text encoder's section of docs/model-card.md out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from training.measures import Detection, Figure
from training.text import recipe
from training.text.folds import Fold
from training.text.network import LAYERS
from training.text.parity import Parity
from training.text.report import Judgement

TEMPLATE = Path(__file__).with_name("card.md")


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds of processor time a call on one thread, for `words` words after two turns."""

    words: int
    p50_ms: float
    p95_ms: float

    def describe(self) -> str:
        """The section as Markdown."""
        return (
            f"### Speed of the text encoder\n\nOne call on one thread, {self.words} words after two turns, processor"
            f" time: p50 {self.p50_ms:.1f} ms, p95 {self.p95_ms:.1f} ms. Written by `python -m training.text --speed`."
        )


@dataclass(frozen=True, slots=True)
class Tested:
    """How many lines each test has."""

    friends: int
    sst2: int
    meld: int


def describe(
    judgement: Judgement,
    parity: Parity,
    size_bytes: int,
    corpora: recipe.Corpora,
    fold: Fold,
    tested: Tested,
) -> str:
    """The section as Markdown: card.md with its figures filled in."""
    phrases = sum(line.two_way for line in corpora.sentiment)
    return TEMPLATE.read_text(encoding="utf-8").format(
        size_mb=size_bytes / 1e6,
        fewest_words=recipe.FEWEST_WORDS,
        sst2_lines=phrases,
        goemotions_lines=len(corpora.sentiment) - phrases,
        phrases=len(corpora.phrases),
        comments=len(corpora.comments),
        learnt=len(fold.learnt),
        validation=len(fold.validation),
        friends=tested.friends,
        sst2_test=tested.sst2,
        meld_test=tested.meld,
        sentiment_frozen=recipe.SENTIMENT.frozen_layers,
        retreat=recipe.RETREAT,
        sarcasm_free=LAYERS - recipe.SARCASM.schedule.frozen_layers,
        runs=recipe.SARCASM.runs,
        sarcasm_rows=_rows(judgement.sarcasm),
        auc_over_frozen=judgement.auc_over_frozen.fraction(),
        validation_f1=judgement.validation.weighted_f1.percent(),
        validation_auc=_fraction(judgement.validation.auc),
        calibration_error=judgement.sarcasm_calibration_error,
        sentiment_rows=_pairs(judgement.sst2, judgement.meld),
        meld_fitted=judgement.meld_fitted.percent(),
        parity=parity,
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


def _rows(figures: dict[str, Detection]) -> str:
    return "\n".join(
        f"| {name} | {one.weighted_f1.percent()} | {one.macro_f1.percent()} | {_fraction(one.auc)} |"
        f" {_fraction(one.auc_within)} | {_fraction(one.auc_within_frequent)} |"
        for name, one in figures.items()
    )


def _pairs(left: dict[str, Figure], right: dict[str, Figure]) -> str:
    return "\n".join(f"| {name} | {left[name].percent()} | {right[name].percent()} |" for name in left)


def _fraction(figure: Figure | None) -> str:
    return figure.fraction() if figure else "–"

"""Held-out lines, read up to each of their words, in; how far such a reading may be believed out.

    python -m training.text.beginnings [--data FOLDER]

Live an utterance is read while it is spoken; the models learnt from whole lines. Each held-out part's model reads the
beginnings of its own validation lines, which it neither learnt nor heard of, and of Friends, whose model ships, the
test lines too. Writes its section of the model card, by which encoders.text.HALF_TRUSTED_WORDS was chosen.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.text import HALF_TRUSTED_WORDS
from encoders.text_model import TextModel
from training.parts import Part
from training.text import recipe
from training.text.__main__ import CARD
from training.text.card import replace_section
from training.text.corpora import Line
from training.text.folds import fold_without, model_folder
from training.text.measure import sarcasm_loss
from training.text.protocols import DATA, Protocols

CANDIDATES = (0, 1, 2, 3, 4, 6, 8)
"""Words after which half of the log odds is believed; 0: all of it, always."""

_SECTION = """### While the utterance goes on

Sarcasm in the beginnings of held-out lines (all of them, one word up to all but the last): mean negative
log-likelihood; who always says one half has 0.693. Of n words n / (n + h) of the log odds is believed. Live h is
{chosen}: on the validation lines of all models together 3 and 4 are the best; the test lines had been looked at, too.
What is final is believed as it is read.

| lines | {heads} |
|---|{rules}|
{rows}

Written by `python -m training.text.beginnings`."""


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m training.text.beginnings", description=__doc__)
    arguments.add_argument("--data", type=Path, default=DATA)
    data = arguments.parse_args().data
    corpora = recipe.read_corpora(data)
    losses = {}
    for part in Part:
        model, lines = TextModel.load(model_folder(part, "")), fold_without(corpora, part).validation
        losses[f"validation, without {part}"] = measure(model, lines)
        if part is Part.FRIENDS:
            losses["test, Friends"] = measure(model, Protocols(data).friends()[0])
    replace_section(CARD, "text-beginnings", describe(losses))


def measure(model: TextModel, lines: Iterable[Line]) -> list[float]:
    """The loss of all beginnings of `lines` for each of CANDIDATES. Of one word there is none."""
    odds: list[float] = []
    heard: list[int] = []
    truth: list[bool] = []
    for line in lines:
        words = line.text.split()
        for count in range(1, len(words)):
            sarcasm = model.encode(" ".join(words[:count])).sarcasm
            odds.append(float(np.log(sarcasm) - np.log1p(-sarcasm)))
            heard.append(count)
            truth.append(bool(line.sarcastic))
    return [loss(np.array(odds), np.array(heard), np.array(truth), half) for half in CANDIDATES]


def loss(odds: NDArray[np.float64], heard: NDArray[np.int64], truth: NDArray[np.bool_], half: int) -> float:
    """Mean negative log-likelihood of `truth` where n / (n + half) of the log odds `odds` after n words is believed."""
    believed = odds * heard / (heard + half)
    return sarcasm_loss(believed.astype(np.float32), truth)(1.0)


def describe(losses: Mapping[str, Sequence[float]]) -> str:
    """The section as Markdown."""
    rows = [f"| {name} | {' | '.join(f'{each:.3f}' for each in found)} |" for name, found in losses.items()]
    return _SECTION.format(
        chosen=HALF_TRUSTED_WORDS,
        heads=" | ".join(f"h = {half}" for half in CANDIDATES),
        rules="|".join(["---"] * len(CANDIDATES)),
        rows="\n".join(rows),
    )


if __name__ == "__main__":
    main()

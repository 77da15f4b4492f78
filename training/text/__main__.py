"""Train, export and measure the text models: `python -m training.text --data FOLDER`.

Builds the model that ships and those that evaluation and fusion need while a part is held out (`--models`: only these),
then writes the shipped weights and their section of the model card. Finished stages are kept under .training/text, so
that an interrupted run goes on where it stopped; `--fresh` forgets them.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import time
from pathlib import Path

import numpy as np
import torch

from encoders.text_model import SETTINGS, TOKENIZER, WEIGHTS, TextModel
from training.parts import Part
from training.sums import write_sums
from training.text import recipe
from training.text.batches import load_tokenizer
from training.text.card import Speed, Tested, describe, replace_section
from training.text.folds import FOLDS, all_folds, fold_without, model_folder, write_readers
from training.text.parity import Parity
from training.text.protocols import DATA, Protocols
from training.text.report import judge
from training.text.stages import CACHE, PARITY, build_folds, choose_device

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "encoders" / "weights"
CARD = ROOT / "docs" / "model-card.md"


def main() -> None:
    """Run every stage that is not cached, then write weights and figures."""
    arguments = argparse.ArgumentParser(prog="python -m training.text", description=__doc__)
    arguments.add_argument("--data", type=Path, default=DATA)
    arguments.add_argument("--device", default="auto", help="auto (default: a GPU where there is one), cpu, cuda …")
    arguments.add_argument("--threads", type=int, default=1, help="more are slower on a busy machine")
    arguments.add_argument("--models", action="store_true", help="build the models, leave weights and card as they are")
    arguments.add_argument("--speed", action="store_true", help="only measure how long the shipped model takes")
    arguments.add_argument("--fresh", action="store_true", help="train again what is cached")
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    logging.getLogger().setLevel(logging.ERROR)  # the quantiser's advice for pictures
    if options.speed:
        replace_section(CARD, "text-speed", time_calls().describe())
        return
    if options.fresh:
        shutil.rmtree(CACHE, ignore_errors=True)

    corpora, tokenizer = recipe.read_corpora(options.data), load_tokenizer()
    print(f"{len(corpora.sentiment)} lines with sentiment, {len(corpora.mustard_plus_plus)} of sitcoms with sarcasm")
    build_folds(all_folds(corpora), corpora, tokenizer, choose_device(options.device))
    write_readers(corpora)
    print(f"models for every held-out part are in {FOLDS}")
    if options.models:
        return

    ship()
    protocols, fold = Protocols(options.data, options.device), fold_without(corpora, Part.FRIENDS)
    judgement = judge(protocols, corpora, fold, tokenizer)
    tested = Tested(*(len(test()[0]) for test in (protocols.friends, protocols.sst2, protocols.meld)))
    parity = Parity.read(model_folder(Part.FRIENDS, "") / PARITY)
    size = (SHIPPED / WEIGHTS).stat().st_size + (SHIPPED / TOKENIZER).stat().st_size
    section = describe(judgement, parity, size, corpora, fold, tested)
    replace_section(CARD, "text", section)
    replace_section(CARD, "text-speed", time_calls().describe())
    print(section)


def ship() -> None:
    """Make the model that never saw Friends the shipped one: the test on Friends then measures what ships."""
    for name in (WEIGHTS, TOKENIZER, SETTINGS):
        shutil.copyfile(model_folder(Part.FRIENDS, "") / name, SHIPPED / name)
    write_sums(SHIPPED)


def time_calls(calls: int = 200) -> Speed:
    """How long the shipped model takes; processor time, which others on the machine hardly change."""
    model = TextModel.load(SHIPPED)
    said = "Oh yeah, that is exactly what I wanted for my birthday."
    context = ("We waited forty minutes for a table by the kitchen.", "And then they brought us somebody else's soup.")
    spent_ms = []
    for _ in range(calls):
        start = time.thread_time()
        model.encode(said, context)
        spent_ms.append((time.thread_time() - start) * 1e3)
    p50, p95 = np.percentile(spent_ms[10:], (50, 95))
    return Speed(len(said.split()), float(p50), float(p95))


if __name__ == "__main__":
    main()

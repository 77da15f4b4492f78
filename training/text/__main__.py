"""Train, export and measure the shipped text encoder: `python -m training.text --data FOLDER`.

Finished stages are kept under .training/text, so that an interrupted run goes on where it stopped; `--fresh` forgets
them.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from encoders.text_model import TOKENIZER, WEIGHTS, TextModel
from training.text import recipe
from training.text.batches import load_tokenizer
from training.text.card import Exactness, Speed, describe, replace_section
from training.text.export import Temperatures, predict_onnx, write_float, write_int8, write_settings
from training.text.measure import fit_temperature, polarity_loss, sarcasm_loss
from training.text.network import TextNetwork, load_pretrained
from training.text.report import judge
from training.text.train import PROBE_C, average, fit, predict, probe_sarcasm

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".training" / "text"
SHIPPED = ROOT / "encoders" / "weights"
CARD = ROOT / "docs" / "model-card.md"


def main() -> None:
    """Run every stage that is not cached, then write weights and figures."""
    arguments = argparse.ArgumentParser(prog="python -m training.text", description=__doc__)
    arguments.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "text")
    arguments.add_argument("--threads", type=int, default=1, help="more are slower on a busy machine")
    arguments.add_argument("--fresh", action="store_true", help="train again what is cached")
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    logging.getLogger().setLevel(logging.ERROR)  # the quantiser's advice for pictures
    if options.fresh:
        shutil.rmtree(CACHE, ignore_errors=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    SHIPPED.mkdir(parents=True, exist_ok=True)

    splits = recipe.read_splits(options.data)
    tokenizer = load_tokenizer()
    print(f"{len(splits.sentiment)} lines with sentiment, {len(splits.dialogue)} of dialogue with sarcasm")

    def learn_sentiment() -> TextNetwork:
        network = load_pretrained()
        fit(network, tokenizer, splits.sentiment, [], recipe.SENTIMENT, recipe.SEED, "sentiment")
        return network

    base = _cached("sentiment", (recipe.SENTIMENT, len(splits.sentiment)), learn_sentiment)

    def learn_sarcasm(seed: int) -> TextNetwork:
        network = _copy(base)
        probe_sarcasm(network, tokenizer, splits.dialogue, splits.replay, seed)
        fit(network, tokenizer, splits.dialogue, splits.replay, recipe.SARCASM, seed, f"sarcasm {seed}")
        return network

    made_from = (recipe.SENTIMENT, recipe.SARCASM, PROBE_C, len(splits.dialogue))
    network = average(
        [_cached(f"sarcasm-{seed}", made_from, partial(learn_sarcasm, seed)) for seed in range(recipe.SARCASM_RUNS)]
    )

    write_float(network, CACHE / "float.onnx")
    write_int8(CACHE / "float.onnx", SHIPPED / WEIGHTS)
    validation = splits.dialogue_validation + splits.sentiment_validation
    floating, quantised = (
        predict(network, tokenizer, validation),
        predict_onnx(SHIPPED / WEIGHTS, tokenizer, validation),
    )
    lines = len(splits.dialogue_validation)
    temperatures = Temperatures(
        sentiment=fit_temperature(
            polarity_loss(
                quantised.sentiment[lines:],
                np.array([recipe.polarity_of(line) for line in splits.sentiment_validation], np.int64),
            )
        ),
        sarcasm=fit_temperature(
            sarcasm_loss(
                quantised.sarcasm[:lines], np.array([line.sarcastic for line in splits.dialogue_validation], bool)
            )
        ),
    )
    write_settings(SHIPPED, tokenizer, temperatures, recipe.VERSION)
    exactness = Exactness.between(floating, quantised, temperatures)
    print(exactness)
    size = (SHIPPED / WEIGHTS).stat().st_size + (SHIPPED / TOKENIZER).stat().st_size
    section = describe(
        judge(splits, tokenizer, SHIPPED / WEIGHTS, temperatures), exactness, _time_calls(), size, splits
    )
    replace_section(CARD, "text", section)
    print(section)


def _cached(name: str, made_from: object, learn: Callable[[], TextNetwork]) -> TextNetwork:
    key = hashlib.sha256(repr((recipe.SEED, made_from)).encode()).hexdigest()[:12]
    path = CACHE / f"{name}-{key}.pt"
    if not path.exists():
        learned = learn()
        torch.save(learned.state_dict(), path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
    network = TextNetwork()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network


def _copy(network: TextNetwork) -> TextNetwork:
    twin = TextNetwork()
    twin.load_state_dict(network.state_dict())
    twin.words.requires_grad_(False)
    return twin


def _time_calls(calls: int = 200) -> Speed:
    model = TextModel.load(SHIPPED)
    context = ("We waited forty minutes for a table by the kitchen.", "And then they brought us somebody else's soup.")
    spent_ms = []
    for _ in range(calls):
        start = time.perf_counter()
        model.encode("Wow, great food, I can't wait to come back here again.", context)
        spent_ms.append(1000 * (time.perf_counter() - start))
    return Speed(*np.percentile(spent_ms[10:], (50, 95)).tolist())


if __name__ == "__main__":
    main()

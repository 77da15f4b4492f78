"""Corpora in, trained and exported text models out, each stage kept so that an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from encoders.text_model import WEIGHTS
from training.text import recipe
from training.text.batches import roughen, seeded
from training.text.corpora import Line
from training.text.export import Temperatures, predict_onnx, write_float, write_int8, write_settings
from training.text.folds import FOLDS, Fold
from training.text.inference import predict
from training.text.measure import fit_temperature, polarities, polarity_loss, sarcasm_loss, sentiment_loss
from training.text.network import TextNetwork, load_pretrained, retreat
from training.text.parity import Parity
from training.text.primed import Primed, prime
from training.text.sarcasm import Lesson, Recipe, learn_sarcasm
from training.text.sentiment import fit_lines

CACHE = Path(__file__).resolve().parents[2] / ".training" / "text"
PRINT = "made-from.txt"
PARITY = "parity.json"


@dataclass(frozen=True, slots=True)
class Sitcoms:
    """Sitcom lines below the layers that follow them: as they stand, and roughened `recipe.COPIES` times over."""

    plain: dict[Line, Primed]
    rough: list[dict[Line, Primed]]
    replay: list[Primed]

    def lesson(self, fold: Fold) -> Lesson:
        """What the sarcasm stage of `fold` learns from."""
        return Lesson(
            copies=[[copy[line] for line in fold.learnt] for copy in self.rough],
            replay=self.replay,
            validation=[self.plain[line] for line in fold.validation],
        )


def choose_device(name: str) -> torch.device:
    """`auto` is the GPU where there is one; otherwise the device of that name."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def learn_sentiment(
    corpora: recipe.Corpora, tokenizer: Tokenizer, device: torch.device, cache: Path = CACHE
) -> TextNetwork:
    """The network that every sarcasm stage starts from: trained on sentiment, then part of the way back to MiniLM."""

    def learn() -> TextNetwork:
        network = load_pretrained().to(device)
        network.start_from(recipe.SENTIMENT.frozen_layers)
        fit_lines(
            network,
            tokenizer,
            corpora.sentiment,
            recipe.SENTIMENT_ROUGHNESS,
            recipe.SENTIMENT,
            recipe.SEED,
            "sentiment",
            partial(validate, network),
        )
        return network

    def validate(network: TextNetwork) -> float:
        return sentiment_loss(
            lambda lines: predict(network, tokenizer, lines).sentiment, corpora.phrases, corpora.comments
        )

    made_from = (recipe.SENTIMENT, recipe.SENTIMENT_ROUGHNESS, len(corpora.sentiment))
    learnt = _cached(cache / f"sentiment-{fingerprint(made_from)}.pt", learn, device)
    return retreat(learnt, recipe.RETREAT)


def prime_sitcoms(
    base: TextNetwork, tokenizer: Tokenizer, corpora: recipe.Corpora, sitcom_lines: Sequence[Line]
) -> Sitcoms:
    """Run `sitcom_lines` through the layers that stay frozen."""
    rng = seeded(recipe.SEED)
    layers = recipe.SARCASM.schedule.frozen_layers
    lines = list(dict.fromkeys(sitcom_lines))

    def primed(heard: Sequence[Line]) -> dict[Line, Primed]:
        return dict(zip(lines, prime(base, tokenizer, heard, layers), strict=True))

    return Sitcoms(
        plain=primed(lines),
        rough=[
            primed([roughen(line, corpora.sentiment, recipe.SARCASM_ROUGHNESS, rng) for line in lines])
            for _ in range(recipe.COPIES)
        ],
        replay=prime(
            base,
            tokenizer,
            [
                roughen(line, corpora.sentiment, recipe.SENTIMENT_ROUGHNESS, rng)
                for line in rng.sample(corpora.sentiment, recipe.REPLAY_LINES)
            ],
            layers,
        ),
    )


def build_folds(
    folds: Sequence[Fold],
    corpora: recipe.Corpora,
    tokenizer: Tokenizer,
    device: torch.device,
    how: Recipe = recipe.SARCASM,
    folder: Path = FOLDS,
) -> None:
    """Bring the model of each fold up to date in a folder of its own name; what is current costs nothing."""
    made_from = recipe.SENTIMENT, recipe.RETREAT, recipe.SARCASM_ROUGHNESS
    prints = {fold.name: fingerprint((*made_from, len(corpora.sentiment), how, fold)) for fold in folds}
    stale = [fold for fold in folds if _print_of(folder / fold.name) != prints[fold.name]]
    if not stale:
        return
    base = learn_sentiment(corpora, tokenizer, device)
    sitcoms = prime_sitcoms(
        base, tokenizer, corpora, [line for fold in stale for line in fold.learnt + fold.validation]
    )
    for number, fold in enumerate(stale, start=1):
        title = f"{fold.name} ({number} of {len(stale)})"
        network = learn_sarcasm(base, sitcoms.lesson(fold), how, recipe.SEED, title)
        export(network, tokenizer, folder / fold.name, fold.validation, corpora.comments[: recipe.CALIBRATION_COMMENTS])
        (folder / fold.name / PRINT).write_text(prints[fold.name], "utf-8")


def export(
    network: TextNetwork, tokenizer: Tokenizer, folder: Path, sarcasm: Sequence[Line], sentiment: Sequence[Line]
) -> None:
    """Write `network` as the runtime's three files, calibrated on lines it did not learn, and how far int8 strays.

    `folder` appears whole or not at all. Raises ValueError when int8 strays too far to be the same model.
    """
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    write_float(network.cpu(), part / "float.onnx")
    write_int8(part / "float.onnx", part / WEIGHTS)
    (part / "float.onnx").unlink()
    truth = np.array([line.sarcastic for line in sarcasm], bool)
    lines = [*sarcasm, *sentiment]
    floating, quantised = predict(network, tokenizer, lines), predict_onnx(part / WEIGHTS, tokenizer, lines)
    own = len(sarcasm)
    temperatures = Temperatures(
        sentiment=fit_temperature(polarity_loss(quantised.sentiment[own:], polarities(sentiment))),
        sarcasm=fit_temperature(sarcasm_loss(quantised.sarcasm[:own], truth)),
    )
    write_settings(part, tokenizer, temperatures, recipe.VERSION)
    Parity.between(floating, quantised, temperatures).write(part / PARITY)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def fingerprint(made_from: object) -> str:
    """A short name of what something was made from."""
    return hashlib.sha256(repr((recipe.SEED, made_from)).encode()).hexdigest()[:12]


def _print_of(folder: Path) -> str:
    path = folder / PRINT
    return path.read_text("utf-8") if path.exists() else ""


def _cached(path: Path, learn: Callable[[], TextNetwork], device: torch.device) -> TextNetwork:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(learn().state_dict(), path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
    network = TextNetwork()
    network.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
    network.words.requires_grad_(False)
    return network.to(device)

"""The corpora in; for each published protocol its test lines and what our text models say of them out, kept.

Every reading is that of an exported int8 model which never saw the line's part, one line at a time as it runs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.text_model import SETTINGS, WEIGHTS
from training.parts import Part, part_of
from training.text import recipe
from training.text.batches import load_tokenizer
from training.text.corpora import (
    FRIENDS,
    Line,
    read_meld,
    read_mustard,
    read_mustard_plus_plus,
    read_sst2,
    split_by_scene,
)
from training.text.export import predict_onnx
from training.text.folds import FOLDS, Fold, model_folder
from training.text.inference import Outputs
from training.text.measure import choose_polarity, logistic, polarity_shares
from training.text.meld import fit_meld
from training.text.published_folds import read_mustard_folds
from training.text.stages import CACHE, build_folds, choose_device, fingerprint, learn_sentiment

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "text"


@dataclass(frozen=True, slots=True)
class Protocols:
    """Every protocol on the corpora in `data`; `device` serves those that train models of their own."""

    data: Path = DATA
    device: str = "auto"

    def friends(self) -> tuple[list[Line], NDArray[np.float32]]:
        """MUStARD's speaker-independent test, 356 lines, and P(sarcasm) [lines] by the shipped model."""
        lines = [line for line in read_mustard(self.data) if line.show == FRIENDS]
        return lines, read_sarcasm(model_folder(Part.FRIENDS, ""), lines)

    def speaker_dependent(self) -> list[tuple[list[Line], NDArray[np.float32]]]:
        """MUStARD's five published folds: test lines and P(sarcasm) [lines] of each, 690 lines in all."""
        lines = read_mustard(self.data)
        folds: list[Fold] = []
        tests: list[list[Line]] = []
        for number, (learnt, tested) in enumerate(read_mustard_folds(self.data)):
            own, validation = split_by_scene([lines[row] for row in learnt], recipe.VALIDATION_SHARE, recipe.SEED)
            folds.append(Fold(f"mustard-{number}", own, validation))
            tests.append([lines[row] for row in tested])
        build_folds(
            folds, recipe.read_corpora(self.data), load_tokenizer(), choose_device(self.device), recipe.SARCASM_IN_BRIEF
        )
        return [(test, read_sarcasm(FOLDS / fold.name, test)) for fold, test in zip(folds, tests, strict=True)]

    def leave_one_show_out(self) -> tuple[list[Line], NDArray[np.float32]]:
        """MUStARD++, 1,202 lines, and P(sarcasm) [lines], each by the model that did not see its show; the three small
        shows are left out together.
        """
        parts = self._parts()
        scores = [read_sarcasm(model_folder(part, ""), lines) for part, lines in parts.items()]
        return [line for lines in parts.values() for line in lines], np.concatenate(scores)

    def valence(self) -> tuple[list[Line], NDArray[np.float32]]:
        """MUStARD++ as in `leave_one_show_out` and the words' sentiment [lines] in [-1, 1], to lay beside `valence`."""
        parts = self._parts()
        scores = [read_sentiment(model_folder(part, ""), lines) for part, lines in parts.items()]
        return [line for lines in parts.values() for line in lines], np.concatenate(scores)

    def sst2(self) -> tuple[list[Line], NDArray[np.int64]]:
        """SST-2's dev set as GLUE has it, 872 lines, and the `Polarity` [lines] that the shipped model takes."""
        lines = read_sst2(self.data, "test")
        return lines, choose_polarity(outputs_of(model_folder(Part.FRIENDS, ""), lines).sentiment, two_way=True)

    def meld(self) -> tuple[list[Line], NDArray[np.int64]]:
        """MELD's test, 2,610 lines, and the `Polarity` [lines] by the shipped model, which trained on nothing of it."""
        lines = read_meld(self.data, "test")
        return lines, choose_polarity(outputs_of(model_folder(Part.FRIENDS, ""), lines).sentiment, two_way=False)

    def meld_fitted(self) -> tuple[list[Line], NDArray[np.int64]]:
        """MELD's test, and `Polarity` [lines] by a model fitted to MELD's train: the official protocol; not shipped."""
        lines = read_meld(self.data, "test")
        path = CACHE / f"meld-{fingerprint((recipe.SENTIMENT, recipe.RETREAT, recipe.MELD))}.npy"
        if not path.exists():
            tokenizer, corpora = load_tokenizer(), recipe.read_corpora(self.data)
            base = learn_sentiment(corpora, tokenizer, choose_device(self.device))
            train, dev = (read_meld(self.data, split) for split in ("train", "dev"))
            np.save(path, fit_meld(base, tokenizer, train, dev, lines, recipe.MELD))
        return lines, choose_polarity(np.load(path), two_way=False)

    def _parts(self) -> dict[Part, list[Line]]:
        lines = read_mustard_plus_plus(self.data)
        return {part: [line for line in lines if part_of(line.show) is part] for part in Part}


def read_sarcasm(folder: Path, lines: list[Line]) -> NDArray[np.float32]:
    """Calibrated P(sarcasm) [lines] by the exported model in `folder`."""
    return logistic(outputs_of(folder, lines).sarcasm / _temperature(folder, "sarcasm"))


def read_sentiment(folder: Path, lines: list[Line]) -> NDArray[np.float32]:
    """Calibrated P(positive) less P(negative) [lines] by the exported model in `folder`."""
    shares = polarity_shares(outputs_of(folder, lines).sentiment / _temperature(folder, "sentiment"))
    return np.asarray(shares[:, 2] - shares[:, 0], np.float32)


def outputs_of(folder: Path, lines: list[Line]) -> Outputs:
    """What the exported model in `folder` says of `lines`; kept as long as neither changes."""
    weights = json.loads((folder / SETTINGS).read_text("utf-8"))["sha256"]
    path = CACHE / "read" / f"{fingerprint((weights, [(line.text, line.context) for line in lines]))}.npz"
    if not path.exists():
        said = predict_onnx(folder / WEIGHTS, load_tokenizer(), lines)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, sentiment=said.sentiment, sarcasm=said.sarcasm)
    with np.load(path) as kept:
        return Outputs(kept["sentiment"], kept["sarcasm"])


def _temperature(folder: Path, head: str) -> float:
    return float(json.loads((folder / SETTINGS).read_text("utf-8"))["temperature"][head])

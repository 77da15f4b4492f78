"""The part that is held out in, the text model that may read a line meanwhile out: `python -m training.text --models`.

Nothing of a held-out part is in its model's training, validation or calibration. Whoever trains on a model's readings
of training lines must not get those of the model that learnt these very lines, or it would learn to trust them too
much: such a line is read by a model of the other half of the scenes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from training.parts import Part, part_of
from training.text.corpora import Line, normalise, split_by_scene, without
from training.text.recipe import SEED, VALIDATION_SHARE, Corpora

FOLDS = Path(__file__).resolve().parents[2] / ".training" / "text" / "folds"
READERS = "readers.json"


@dataclass(frozen=True, slots=True)
class Fold:
    """One text model: the lines it learns sarcasm from, and those it stops and is calibrated by."""

    name: str
    learnt: list[Line]
    validation: list[Line]


def fold_without(corpora: Corpora, part: Part) -> Fold:
    """The model that reads `part` and everything that is in no sarcasm training set."""
    return _fold(_name(part), _trainable(corpora, part))


def halves_without(corpora: Corpora, part: Part) -> tuple[Fold, Fold]:
    """The models that read the training lines while `part` is held out: each learns the half that the other reads."""
    one, other = split_by_scene(_trainable(corpora, part), 0.5, SEED + 1)
    return _fold(_name(part, "a"), without(one, other)), _fold(_name(part, "b"), without(other, one))


def all_folds(corpora: Corpora) -> list[Fold]:
    """Every model, those that whole parts are tested with first."""
    return [fold_without(corpora, part) for part in Part] + [
        half for part in Part for half in halves_without(corpora, part)
    ]


def write_readers(corpora: Corpora, folds: Path = FOLDS) -> None:
    """Write down which model reads which line, for `model_folder`."""
    by_part = {part.value: readers(corpora, part) for part in Part}
    (folds / READERS).write_text(json.dumps(by_part, indent=1), "utf-8")


def readers(corpora: Corpora, part: Part) -> dict[str, str]:
    """By normalised text, the model that reads each training line while `part` is held out."""
    one, other = split_by_scene(_trainable(corpora, part), 0.5, SEED + 1)
    by_key = {line.key: _name(part, half) for half, lines in (("b", one), ("a", other)) for line in lines}
    # MUStARD spells a few of MUStARD++'s lines differently.
    return {
        normalise(line.text): by_key[line.key]
        for line in [*corpora.mustard, *one, *other]
        if line.key in by_key and part_of(line.show) is not part
    }


def model_folder(held_out: Part, text: str, folds: Path = FOLDS) -> Path:
    """The folder of the text model that may read the line `text` while `held_out` is held out, for TextModel.load.

    Raises FileNotFoundError before `python -m training.text --models` has built the models.
    """
    return folds / _readers(folds)[held_out].get(normalise(text), _name(held_out))


@cache
def _readers(folds: Path) -> dict[str, dict[str, str]]:
    read: dict[str, dict[str, str]] = json.loads((folds / READERS).read_text("utf-8"))
    return read


def _fold(name: str, lines: list[Line]) -> Fold:
    learnt, validation = split_by_scene(lines, VALIDATION_SHARE, SEED)
    return Fold(name, learnt, validation)


def _trainable(corpora: Corpora, part: Part) -> list[Line]:
    held_out = [line for line in corpora.mustard + corpora.mustard_plus_plus if part_of(line.show) is part]
    return without((line for line in corpora.mustard_plus_plus if part_of(line.show) is not part), held_out)


def _name(part: Part, half: str = "") -> str:
    return f"without-{part.value}" + (f"-{half}" if half else "")

"""Observed clips in; for every part held out, the heads that may read each clip, out.

A clip of the part is read by heads that never saw the part; a training clip by heads that never saw its people, or
fusion would learn to trust what was learnt by heart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import track as show_progress

from encoders.head import Head
from encoders.samples import Modality
from training.clips.corpora import Clip
from training.clips.observation import Observation
from training.clips.paths import CACHE
from training.delivery.heads import RECIPES, Recipe, train_head
from training.delivery.lines import split_clips
from training.delivery.rows import Rows, gather_rows
from training.parts import Part, part_of

FOLDS = 5
CODE = ("heads.py", "lines.py", "networks.py", "rows.py")


@dataclass(frozen=True, slots=True)
class Heads:
    """What reads a clip's voice and face."""

    voice: Head
    face: Head


@dataclass(frozen=True, slots=True)
class HeadsWithout:
    """The heads while a part is held out: `test` never saw it; `folds` of training clips by key, each read by heads of
    the other folds.
    """

    test: Heads
    crossed: tuple[Heads, ...]
    folds: Mapping[str, int]

    def reading(self, key: str) -> Heads:
        """The heads that may read this clip: those of the other people for a training clip, else the test's."""
        return self.crossed[self.folds[key]] if key in self.folds else self.test


class HeldOutHeads:
    """Heads for every part held out, trained when first asked for and kept in `cache`."""

    def __init__(
        self, clips: Sequence[Clip], observations: Mapping[str, Observation], cache: Path = CACHE / "heads"
    ) -> None:
        self._clips = {clip.key: clip for clip in clips}
        self._rows = {m: gather_rows(clips, observations, m) for m in RECIPES}
        self._cache = cache

    def of(self, part: Part | None) -> HeadsWithout:
        """The heads while `part` is held out; with None nothing is."""
        training = [clip for clip in self._clips.values() if part is None or part_of(clip.show) is not part]
        people, keys = (np.array(names) for names in zip(*((c.person, c.key) for c in training), strict=True))
        folds = {key: int(fold) for key, fold in zip(keys.tolist(), split_clips(people, keys, FOLDS), strict=True)}
        name = "everything" if part is None else f"without {part}"
        trained = []
        for fold in show_progress([None, *range(FOLDS)], f"heads, {name}"):
            kept = {key for key, own in folds.items() if own != fold}
            trained.append(Heads(*(self._train(m, kept) for m in (Modality.VOICE, Modality.FACE))))
        return HeadsWithout(trained[0], tuple(trained[1:]), folds)

    def _train(self, modality: Modality, kept: set[str]) -> Head:
        recipe, rows = RECIPES[modality], self._rows[modality]
        chosen = rows.where(np.isin(rows.key, list(kept)))
        target = self._cache / f"{modality.value}-{_digest(chosen, recipe)}.npz"
        if not target.exists():
            train_head(chosen, recipe).save(target, recipe.dims)
        return Head.read_file(target, modality, recipe.statistics, recipe.dims)


def _digest(rows: Rows, recipe: Recipe) -> str:
    """Names a head after all that made it."""
    digest = hashlib.sha256(repr(recipe).encode())
    for name in CODE:
        digest.update((Path(__file__).parent / name).read_bytes())
    for array in (rows.statistics, rows.vectors, rows.weight, rows.sarcasm, rows.valence, rows.arousal):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update("\n".join(rows.person.tolist()).encode())
    return digest.hexdigest()[:16]

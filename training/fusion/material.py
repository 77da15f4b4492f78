"""Clips in; for each part held out the examples that f() learns from and is tested on, out.

Whatever reads a clip here, text model and heads, did not learn from it: fusion would learn to trust it too much.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
from rich.progress import track as show_progress

from encoders.samples import Modality
from encoders.text_model import SETTINGS, TextModel
from fusion.evidence import Dims
from training.clips.corpora import MUSTARD, Clip
from training.clips.embeddings import embed
from training.clips.observation import Observation
from training.clips.paths import CACHE, ROOT, WEIGHTS
from training.delivery.held_out import Heads, HeldOutHeads
from training.fusion.examples import Embeddings, Examples, measure
from training.parts import Part, part_of
from training.text.folds import model_folder

EXAMPLES = CACHE / "fusion" / "examples"
SHIPPED_WITHOUT = Part.FRIENDS
"""The shipped text model has not learnt from it; so while nothing is held out, training lines have the same readers."""
GROUPS = 3
_CODE = ("fusion/evidence.py", "fusion/timeline.py", "training/fusion/examples.py", "training/clips/embeddings.py")


@dataclass(frozen=True, slots=True)
class Split:
    """Clips to learn from and clips to test on; `part` is what is held out, None where people are."""

    name: str
    part: Part | None
    training: tuple[Clip, ...]
    test: tuple[Clip, ...]


class Readers:
    """Reads clips as the live encoders would, with the models that may, while `part` is held out (None: nothing is)."""

    def __init__(self, part: Part | None, observations: Mapping[str, Observation], heads: HeldOutHeads) -> None:
        self._part, self._observations = part, observations
        self._heads = heads.of(part)

    def embeddings(self, clip: Clip) -> Embeddings:
        heads = self.heads(clip)
        return embed(self._observations[clip.key], load_text(self.folder(clip)), heads.voice, heads.face)

    def heads(self, clip: Clip) -> Heads:
        return self._heads.reading(clip.key)

    def folder(self, clip: Clip) -> Path:
        """The text model's; the shipped one where none were trained for parts held out."""
        try:
            return model_folder(self._part or SHIPPED_WITHOUT, clip.text)
        except FileNotFoundError:
            return WEIGHTS

    def end_ns(self, clip: Clip) -> int:
        """Where the clip's voice ends, a quarter of a second after its last word."""
        course = self._observations[clip.key].voice
        return int(course.intervals_ns[-1, 1]) if len(course.confidence) else 0


def split(clips: Sequence[Clip]) -> list[Split]:
    """Each part with MUStARD's clips held out in turn; without any such clips, each third of the people."""
    labelled = [clip for clip in clips if clip.sarcasm is not None]
    splits = [
        Split(
            part.value,
            part,
            tuple(clip for clip in labelled if part_of(clip.show) is not part),
            tuple(clip for clip in labelled if part_of(clip.show) is part and clip.corpus == MUSTARD),
        )
        for part in Part
    ]
    if any(each.test for each in splits):
        return [each for each in splits if each.test]
    people = sorted({clip.person for clip in labelled})
    group = {person: number % GROUPS for number, person in enumerate(people)}
    return [
        Split(
            f"people-{number + 1}",
            None,
            tuple(clip for clip in labelled if group[clip.person] != number),
            tuple(clip for clip in labelled if group[clip.person] == number),
        )
        for number in range(min(GROUPS, len(people)))
    ]


def read_examples(clips: Sequence[Clip], readers: Readers, title: str, folder: Path = EXAMPLES) -> Examples:
    """The examples of `clips`, gathered once and kept in `folder` under the name of all that made them."""
    target = folder / f"{_digest(clips, readers)}.npz"
    if not target.exists():
        shown = show_progress(clips, f"evidence, {title}")
        made = measure(shown, readers.embeddings, readers.end_ns, _dims(clips, readers))
        _save(made, target)
    with np.load(target, allow_pickle=False) as stored:
        evidence = {name.removeprefix("evidence_"): stored[name] for name in stored if name.startswith("evidence_")}
        return Examples(evidence, *(stored[field.name] for field in fields(Examples)[1:]))


@cache
def load_text(folder: Path) -> TextModel:
    """One text model, kept."""
    return TextModel.load(folder)


def _dims(clips: Sequence[Clip], readers: Readers) -> Dims:
    widths = dict.fromkeys(Modality, 0)
    for clip in clips:
        for modality, told in readers.embeddings(clip).items():
            widths[modality] = widths[modality] or (len(told[0].vector) if told else 0)
        if all(widths.values()):
            break
    return Dims(*(widths[modality] for modality in (Modality.TEXT, Modality.VOICE, Modality.FACE)))


def _save(examples: Examples, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial.npz")
    evidence = {f"evidence_{name}": array for name, array in examples.evidence.items()}
    np.savez(partial, **evidence, **{field.name: getattr(examples, field.name) for field in fields(Examples)[1:]})
    partial.replace(target)


def _digest(clips: Sequence[Clip], readers: Readers) -> str:
    digest = hashlib.sha256()
    for name in _CODE:
        digest.update((ROOT / name).read_bytes())
    for clip in clips:
        digest.update(repr(clip).encode())
        digest.update((readers.folder(clip) / SETTINGS).read_bytes())
        digest.update(_digest_heads(readers.heads(clip)))
        digest.update(readers.end_ns(clip).to_bytes(8, "little"))
    return digest.hexdigest()[:16]


def _digest_heads(heads: Heads) -> bytes:
    return hashlib.sha256(pickle.dumps(heads)).digest()

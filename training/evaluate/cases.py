"""Clips in; those that are judged, each with its observation and the part it is held out with, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from training.clips.corpora import VARIOUS, Clip
from training.clips.observation import Observation
from training.clips.sources import read_clips
from training.clips.store import Observations
from training.delivery.held_out import HeldOutHeads
from training.evaluate.judges import Embeddings, Judge, appoint
from training.evaluate.material import Material
from training.parts import Part, part_of


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled clip of a show that can be held out."""

    clip: Clip
    part: Part
    observation: Observation
    judge: Judge
    """Models that saw nothing of the part."""
    embeddings: Embeddings
    """What the live encoders would have sent of it, read by these models."""

    @property
    def sarcastic(self) -> bool:
        return bool(self.clip.sarcasm)


@dataclass(frozen=True, slots=True)
class Cases:
    """The clips to judge, in order of key, and the store that can observe them anew."""

    each: tuple[Case, ...]
    store: Observations
    judges: Mapping[Part, Judge]

    @property
    def truth(self) -> NDArray[np.bool_]:
        return np.array([case.sarcastic for case in self.each])

    @property
    def persons(self) -> NDArray[np.str_]:
        return np.array([case.clip.person for case in self.each])

    @property
    def parts(self) -> NDArray[np.str_]:
        return np.array([case.part.value for case in self.each])


@cache
def read_cases(material: Material) -> Cases:
    """The cases of `material`, read once. Raises FileNotFoundError where there are no clips.

    Clips of no show that can be held out train at most, and are left out.
    """
    clips = read_clips(material.clips, data=material.data, cache=material.cache)
    store = Observations(clips, data=material.data, cache=material.cache)
    observed = store.observe_all()
    heads = HeldOutHeads(clips, observed)
    judges = {part: appoint(part, heads) for part in Part}
    judged = [clip for clip in clips if clip.corpus != VARIOUS and clip.sarcasm is not None]
    each = []
    for clip in track(judged, "clips read"):
        if (part := part_of(clip.show)) is not None:
            observation, judge = observed[clip.key], judges[part]
            each.append(Case(clip, part, observation, judge, judge.embed(observation)))
    return Cases(tuple(each), store, judges)


def describe(cases: Sequence[Case]) -> str:
    """How many clips of which shows, and how many of them sarcastic."""
    shows = sorted({case.part.value for case in cases})
    counts = ", ".join(f"{sum(case.part == show for case in cases)} {show}" for show in shows)
    return f"{len(cases)} clips ({counts}), {sum(case.sarcastic for case in cases)} of them sarcastic"

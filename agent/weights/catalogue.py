"""What can be pulled: each model's name in, where it comes from and what its bytes must hash to out.

The addresses and digests of the checkpoints are those of openai-whisper 20250625 (`whisper._MODELS`), the repositories
those of faster-whisper 1.2 (`faster_whisper.utils._MODELS`). The digests of a repository's files come from the hub when
they are pulled: see agent.weights.hub. Larger models are too slow for live speech on a laptop's processor; they are
used from a path of their own.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from agent.errors import DeadpanError

Family = Literal["whisper", "faster-whisper"]
FAMILIES: tuple[Family, ...] = ("faster-whisper", "whisper")
"""In the order in which `auto` tries them: faster-whisper does the same with less of the processor."""
LICENCE = "MIT"  # the checkpoints', their conversions', Distil-Whisper's and moonshine-voice's alike
EMBEDDED = "moonshine"

_CHECKPOINTS = "https://openaipublic.azureedge.net/main/whisper/models"


class ModelError(DeadpanError):
    """A model that is not known, cannot be had, or cannot be trusted. Its text says what to do."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One file under a fixed address."""

    file: str
    sha256: str

    @property
    def address(self) -> str:
        return f"{_CHECKPOINTS}/{self.sha256}/{self.file}"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of the Hugging Face Hub, for instance Systran/faster-whisper-base.en."""

    path: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that can be pulled. `about_bytes`: two for each parameter; how many it takes exactly, its server says."""

    family: Family
    name: str
    about_bytes: int
    source: Checkpoint | Repository

    @property
    def key(self) -> str:
        """What a person calls it: whisper:base.en."""
        return f"{self.family}:{self.name}"

    @property
    def english(self) -> bool:
        """Whether it understands English only."""
        return self.name.endswith(".en")


_SIZES = {"tiny": 75, "base": 145, "small": 485, "distil-small": 332}
_DIGESTS = {
    "tiny.en": "d3dd57d32accea0b295c96e26691aa14d8822fac7d9d27d5dc00b4ca2826dd03",
    "tiny": "65147644a518d12f04e32d6f3b26facc3f8dd46e5390956a9424a650c0ce22b9",
    "base.en": "25a8566e1d0c1e2231d1c762132cd20e0f96a85d16145c3a00adf5d1ac670ead",
    "base": "ed3a0b6b1c0edf879ad9b11b1af5a0e6ab5db9205f891f668f8b0e6c6326e34e",
    "small.en": "f953ad0fd29cacd07d5a9eda5624af0f6bcf2258be67c92b79389873d91e0872",
    "small": "9ecf779972d90ba49c06d968637d720dd632c55bbf19d441fb42bf17a411e794",
}
_REPOSITORIES = {name: f"Systran/faster-whisper-{name}" for name in _DIGESTS} | {
    "distil-small.en": "Systran/faster-distil-whisper-small.en"
}
PREFERRED = ("base.en", "small.en", "distil-small.en", "tiny.en", "base", "small", "tiny")
"""The order in which a model is taken when none is named: for English, the one that hears well enough and keeps up."""


def _entry(family: Family, name: str) -> Entry:
    source = Checkpoint(f"{name}.pt", _DIGESTS[name]) if family == "whisper" else Repository(_REPOSITORIES[name])
    return Entry(family, name, _SIZES[name.removesuffix(".en")] * 1_000_000, source)


CATALOGUE = tuple(
    _entry(family, name)
    for family in FAMILIES
    for name in PREFERRED
    if name in (_DIGESTS if family == "whisper" else _REPOSITORIES)
)


def entries(family: str) -> tuple[Entry, ...]:
    """A family's models, the preferred first."""
    return tuple(entry for entry in CATALOGUE if entry.family == family)


def entry(key: str) -> Entry:
    """The model of that name. Raises ModelError, naming what there is."""
    for each in CATALOGUE:
        if each.key == key:
            return each
    keys = [each.key for each in CATALOGUE]
    if key == EMBEDDED:
        raise ModelError(f"{EMBEDDED} is embedded: it came with deadpan, and there is nothing to pull or remove")
    near = [each for each in keys if each.partition(":")[2] == key] or difflib.get_close_matches(key, keys, n=1)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(keys)}"
    raise ModelError(f"no model is called {key}; {hint}")

"""A folder of scored results in, the messages in it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from deadpan.messages import Estimate, Utterance

T = TypeVar("T")

SARCASTIC_FROM = 0.6
"""The probability from which something said is taken for sarcastic: where `sarcasm.state` turns on."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in a recording. `location`: the recording; `folder`: the results, as deadpan score writes them.

    `hints`: whether captions say where something was perhaps not meant literally.
    """

    location: Path
    folder: Path
    title: str
    duration_ns: int
    hints: bool = True

    def estimates(self) -> Iterator[Estimate]:
        """The final estimates, in order: read as they are asked for, since a recording of hours has many."""
        return _read(self.folder / "estimates.jsonl", Estimate)

    def utterances(self) -> Iterator[Utterance]:
        """The utterances, in order of time."""
        return _read(self.folder / "utterances.jsonl", Utterance)


def _read(path: Path, kind: type[T]) -> Iterator[T]:
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as lines:
        for line in lines:
            yield decoder.decode(line)

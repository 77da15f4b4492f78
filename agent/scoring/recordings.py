"""Files and folders in, the recordings to score out, each with the folder that its results go to."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import DeadpanError
from agent.report.products import PRODUCTS

MEDIA = frozenset(
    (
        *(".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv"),
        *(".ts", ".vob", ".webm", ".wmv"),
        *(".aac", ".aif", ".aiff", ".au", ".caf", ".flac", ".m4a", ".mka", ".mp3", ".oga", ".ogg", ".opus", ".wav"),
        *(".wma", ".wv"),
    )
)
"""What files of recordings are called. In a folder the others are passed over; a file that is named is always tried."""


SUMMARY = "summary.json"
RESULTS = frozenset(
    (
        *("estimates.jsonl", "utterances.jsonl", "transcript.txt", SUMMARY),
        *(file for product in PRODUCTS.values() for file in product.writers),
    )
)
"""What is in a folder of results."""

_KEPT = frozenset(("messages.jsonl", "recording.json"))  # what deadpan run --record writes beside its recording


class SameFolderError(DeadpanError):
    """Two recordings would be written to one folder. Its text names it."""


@dataclass(frozen=True, slots=True)
class Task:
    """A recording to score. `title`: what to call it in front of people; `folder`: where its results go."""

    location: Path
    folder: Path
    title: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be scored. `passed_over`: how many files in the folders are called like no recording."""

    tasks: Sequence[Task]
    passed_over: int = 0


@dataclass(slots=True)
class _Found:
    """The recordings so far: each one's location and its name below the folder of results."""

    places: list[tuple[Path, Path]] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)
    passed_over: int = 0

    def add(self, location: Path, place: Path) -> None:
        if (resolved := location.resolve()) not in self.seen:
            self.seen.add(resolved)
            self.places.append((location, place))


def plan(paths: Iterable[Path], out: Path) -> Plan:
    """The recordings that `paths` name or hold, in order, without repetitions.

    The results of a file go to `out`/STEM; those of a file in a folder to the same place below `out` as the file has
    below the folder. Where two stems are the same, both results are called by the files' whole names. Hidden files and
    folders, links to folders, results and `out` itself are left out. Raises SameFolderError when whole names are not
    enough.
    """
    found = _Found()
    for path in paths:
        if path.is_dir():
            for location in _files(path, out):
                if location.suffix.lower() in MEDIA:
                    found.add(location, location.relative_to(path))
                else:
                    found.passed_over += 1
        else:
            found.add(path, Path(path.name))
    stems = Counter(place.with_suffix("") for _, place in found.places)
    tasks: list[Task] = []
    taken: dict[Path, Path] = {}
    for location, place in found.places:
        stem = place.with_suffix("")
        folder = out / (stem if stems[stem] == 1 else place)
        if folder in taken:
            raise SameFolderError(f"{taken[folder]} and {location} would both be written to {folder}; rename one")
        taken[folder] = location
        tasks.append(Task(location, folder, str(place), _size(location)))
    return Plan(tasks, found.passed_over)


def _files(folder: Path, out: Path) -> Iterator[Path]:
    """The files of a folder and those below it, by name."""
    avoided = out.resolve()
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and (Path(at) / name).resolve() != avoided
        )
        # Results may lie among recordings: the folder of talk.mp4's is called talk, as another folder may be.
        results = RESULTS if SUMMARY in names else _KEPT if set(names) >= _KEPT else frozenset[str]()
        yield from (Path(at) / name for name in sorted(names) if not name.startswith(".") and name not in results)


def _size(location: Path) -> int:
    """The file's size; 0 for one that cannot be looked at: why not is said when it is its turn."""
    try:
        return location.stat().st_size
    except OSError:
        return 0

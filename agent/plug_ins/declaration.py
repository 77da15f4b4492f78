"""What a package declares that brings a modality of its own, and which of them are installed.

    [project.entry-points."deadpan.modalities"]
    heart = "deadpan_heart:PLUG_IN"

The entry point's name is the modality's. docs/modalities.md goes through it step by step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from agent.capture.source import Source
from agent.clock import Clock
from agent.errors import DeadpanError
from agent.topology import WORKERS
from encoders.base import Encoder
from encoders.samples import Measurement, Modality

GROUP = "deadpan.modalities"
_TAKEN = frozenset([*Modality, *(worker.name for worker in WORKERS), "recorder", "supervisor", "nobody", "none"])


class PlugInError(DeadpanError):
    """A plug-in cannot be used. Its text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class PlugIn:
    """A modality: where its measurements come from, and what makes embeddings of them.

    `dim` is the length of its embeddings' vectors. `read` opens a file of what was measured during a recording, whose
    times count from the recording's beginning; `live` opens an address (anything with ://), whose measurements are
    stamped by the clock it is given. Either raises CaptureError when entered where there is nothing to open. A modality
    that tells nothing for `idle_s` is masked; `encoder` may therefore give an embedding less often than a measurement,
    but not less often than that. `names` are those of the vector's numbers, for them to be named as reasons once
    fusion heeds them.
    """

    dim: int
    encoder: Callable[[], Encoder[Measurement]]
    read: Callable[[Path], Source[Measurement | None]]
    live: Callable[[str, Clock], Source[Measurement | None]] | None = None
    idle_s: float = 3.0
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.dim <= 4096:
            raise ValueError(f"an embedding has 1 to 4096 numbers, not {self.dim}")
        if not 0.1 <= self.idle_s <= 60:
            raise ValueError(f"a modality is idle after 0.1 to 60 s, not {self.idle_s}")
        if self.names and len(self.names) != self.dim:
            raise ValueError(f"names are as many as the vector's numbers: {self.dim}, not {len(self.names)}")


def installed() -> dict[str, EntryPoint]:
    """The plug-ins there are, by modality. None of their code is run. Raises PlugInError where two bring the same."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        name = checked(entry.name)
        if name in found and found[name].value != entry.value:
            raise PlugInError(
                f"two packages bring the modality {name}: {found[name].value} and {entry.value}; remove one"
            )
        found[name] = entry
    return found


def checked(name: str) -> str:
    """A name that a plug-in's modality may have. Raises PlugInError for any other."""
    try:
        Modality(name)
    except ValueError as error:
        raise PlugInError(
            f"no modality can be called {name!r}: a small letter, then small letters, digits and underscores, 32 in all"
        ) from error
    if name in _TAKEN:
        raise PlugInError(f"no plug-in's modality can be called {name}: that name is taken")
    return name


def load(name: str) -> PlugIn:
    """Run a plug-in's code: its declaration. Raises PlugInError whatever goes wrong with it."""
    entry = installed().get(name)
    if entry is None:
        raise PlugInError(missing(name))
    try:
        plug_in = entry.load()
    except Exception as error:  # it is other people's code: whatever it raises is a reason, not a crash
        raise PlugInError(f"the plug-in for {name} cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(plug_in, PlugIn):
        raise PlugInError(f"{entry.value} is no {PlugIn.__name__}: it is a {type(plug_in).__name__}")
    return plug_in


def missing(name: str) -> str:
    """What to tell who asks for a modality that no installed package brings."""
    there = ", ".join(sorted(installed())) or "none"
    return f"no plug-in for the modality {name} is installed (there is: {there}); docs/modalities.md says how"

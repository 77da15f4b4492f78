"""Settings and a recording in, the plug-ins that take part in its session, each with what it reads, out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from agent.capture.source import Source
from agent.clock import SessionClock
from agent.config import NONE, Config, ModalityConfig
from agent.plug_ins.declaration import PlugInError, checked, installed, load, missing
from agent.plug_ins.declaring import Declared, declare_apart
from encoders.base import Encoder
from encoders.samples import NS_PER_S, Measurement, Modality
from fusion.term import Term
from fusion.term import load as load_term


class Plugged(msgspec.Struct, frozen=True):
    """A plug-in in a session. `location` is a file of measurements, or an address; `weights` the file of its term."""

    name: str
    location: str
    dim: int
    idle_s: float
    weights: str | None = None

    @property
    def modality(self) -> Modality:
        return Modality(self.name)

    @property
    def is_live(self) -> bool:
        """Whether it measures now, rather than having measured during a recording."""
        return "://" in self.location

    @property
    def idle_ns(self) -> int:
        return round(self.idle_s * NS_PER_S)


class Roster:
    """The plug-ins that the settings ask for, and those for which there is a file beside a recording.

    Beside talk.mp4, talk.heart.csv is what the modality heart reads, whatever its ending. What plug-ins declare is
    asked for once.
    """

    def __init__(self, settings: Mapping[str, ModalityConfig], *, isolated: bool) -> None:
        self._settings = settings
        self._isolated = isolated
        self._declared: dict[str, Declared] = {}

    @property
    def there(self) -> list[str]:
        """The modalities that packages bring. Raises PlugInError where one that has settings is not among them."""
        names = sorted(installed())
        for name in self._settings:
            if checked(name) not in names:
                raise PlugInError(missing(name))
        return names

    def of(self, recording: Path | None, *, live: bool = True) -> tuple[Plugged, ...]:
        """Those of a session over a recording, or over devices. Unless it is `live`, addresses are as good as nothing.

        Raises PlugInError for one that cannot be had as asked.
        """
        wanted = {name: self._location(name, recording, live=live) for name in self.there}
        located = {name: location for name, location in wanted.items() if location is not None}
        if unknown := located.keys() - self._declared.keys():
            self._declared |= declare_apart(unknown, isolated=self._isolated)
        return tuple(self._plug_in(name, location) for name, location in located.items())

    def _location(self, name: str, recording: Path | None, *, live: bool) -> str | None:
        source = self._settings.get(name, ModalityConfig()).source
        if source == NONE:
            return None
        if source is None or ("://" in source and not live):
            return None if recording is None else _beside(recording, name)
        if "://" in source:
            return source
        file = Path(source).expanduser().resolve()
        if not file.is_file():
            raise PlugInError(f"{source}: no such file of the modality {name}")
        return str(file)

    def _plug_in(self, name: str, location: str) -> Plugged:
        declared = self._declared[name]
        weights = self._settings.get(name, ModalityConfig()).weights
        file = None if weights is None else str(Path(weights).expanduser().resolve())
        plugged = Plugged(name, location, declared.dim, declared.idle_s, file)
        if plugged.is_live and not declared.live:
            raise PlugInError(f"the plug-in for {name} reads files only, not {location}")
        terms_of([plugged])
        return plugged


def reading(config: Config, sources: Iterable[tuple[str, str]]) -> Config:
    """The configuration, with what the plug-ins for some modalities are to read instead."""
    asked = {
        name: msgspec.structs.replace(config.modalities.get(name, ModalityConfig()), source=source)
        for name, source in sources
    }
    return replace(config, modalities=config.modalities | asked)


def opened(plugged: Plugged) -> tuple[Source[Measurement | None], Encoder[Measurement]]:
    """Run a plug-in's code: its source, to be entered, and its encoder. Raises PlugInError where it cannot be loaded.

    What it measures live is stamped on the machine's clock, as devices do before a session has an origin.
    """
    plug_in = load(plugged.name)
    if plugged.is_live and plug_in.live is not None:
        return plug_in.live(plugged.location, SessionClock(0)), plug_in.encoder()
    return plug_in.read(Path(plugged.location)), plug_in.encoder()


def terms_of(plugged: Iterable[Plugged]) -> list[Term]:
    """What makes fusion heed them, of those that have it. Raises PlugInError for weights that are of no use."""
    return [_term(each, Path(each.weights)) for each in plugged if each.weights is not None]


def _term(plugged: Plugged, path: Path) -> Term:
    try:
        term = load_term(path)
    except (OSError, msgspec.DecodeError) as error:
        raise PlugInError(f"the weights for {plugged.name} in {path} cannot be read: {error}") from error
    if (term.modality, term.dim) != (plugged.modality, plugged.dim):
        raise PlugInError(
            f"the weights in {path} are for {term.modality} vectors of {term.dim}, not {plugged.name} of {plugged.dim}"
        )
    return term


def beside(recording: Path) -> list[Path]:
    """What lies beside a recording for the plug-ins that are installed, in an order of its own."""
    found = (_beside(recording, name) for name in sorted(installed()))
    return [Path(each) for each in found if each is not None]


def _beside(recording: Path, name: str) -> str | None:
    """The file beside a recording that is this modality's, if there is one. Raises PlugInError for more than one."""
    stem = f"{recording.stem}.{name}."
    folder = recording.resolve().parent
    found = sorted(str(each) for each in folder.iterdir() if each.name.startswith(stem) and each.is_file())
    if len(found) > 1:
        raise PlugInError(f"several files beside {recording.name} are for {name}: {', '.join(found)}; keep one")
    return found[0] if found else None

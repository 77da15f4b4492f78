"""The name of a speech engine in, as people write it; its family and its model, or a reason why not, out."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.errors import DeadpanError
from agent.weights.catalogue import EMBEDDED, FAMILIES, entries

AUTO = "auto"
FORMS = "auto, moonshine, whisper[:NAME or :/path/to/checkpoint.pt], faster-whisper[:NAME or :/path/to/folder]"
_CODES = """
    en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml cy
    sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo
    uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su yue
"""
LANGUAGES = frozenset(_CODES.split())
"""What multilingual Whisper models were trained on (whisper.tokenizer.LANGUAGES)."""


class EngineError(DeadpanError):
    """A speech engine that is not known or cannot be used here. Its text says what to do."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A speech engine; with a model's name or a path, or with neither for the best one that is on disk."""

    family: Literal["auto", "moonshine", "whisper", "faster-whisper"]
    name: str | None = None
    path: Path | None = None

    def __str__(self) -> str:
        model = self.path or self.name
        return self.family if model is None else f"{self.family}:{model}"


def parse(text: str) -> Engine:
    """Read an engine's name; a path is made absolute. Raises EngineError with the forms there are."""
    family, separator, model = text.partition(":")
    if family in (AUTO, EMBEDDED):
        if separator:
            raise EngineError(f"{family} takes no model, got {text}; the forms are: {FORMS}")
        return Engine("auto" if family == AUTO else "moonshine")
    for each in FAMILIES:
        if each == family:
            if not separator:
                return Engine(each)
            if _is_path(model):
                return Engine(each, path=_absolute(model))
            return Engine(each, name=_known(each, model))
    near = difflib.get_close_matches(family, (AUTO, EMBEDDED, *FAMILIES), n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise EngineError(f"there is no speech engine {text!r}; {hint}the forms are: {FORMS}")


def _is_path(model: str) -> bool:
    return "/" in model or model.startswith("~")


def _absolute(path: str) -> Path:
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as error:  # ~someone who has no home here
        raise EngineError(f"{path}: {error}") from error


def _known(family: str, name: str) -> str:
    names = [entry.name for entry in entries(family)]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}."
        raise EngineError(f"{family} has no model {name!r}; {hint} A path needs a slash: {family}:./{name or 'model'}")
    return name

"""The speech engine that was asked for in, the one that will be used, with what it is to load, out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from agent.config import Config, SpeechConfig
from agent.extras import installing
from agent.weights.catalogue import CATALOGUE, EMBEDDED, FAMILIES, PREFERRED, Entry, Family, entries
from agent.weights.engine import AUTO, Engine, EngineError, parse
from agent.weights.store import Store, default_folder

_MODULES: dict[Family, str] = {"whisper": "whisper", "faster-whisper": "faster_whisper"}
_PARTS = ("config.json", "model.bin", "tokenizer.json")


@dataclass(frozen=True, slots=True)
class Choice:
    """A speech engine. `engine`: moonshine, or a family and an absolute path. `title`: what a person calls it."""

    engine: str
    title: str


def installed(family: Family) -> bool:
    """Whether an engine's package is there, found without importing it (a lone whisper.py is another program's)."""
    spec = find_spec(_MODULES[family])
    return spec is not None and spec.submodule_search_locations is not None


def choose(speech: SpeechConfig, store: Store | None = None, has: Callable[[Family], bool] = installed) -> Choice:
    """Decide on the engine and its weights, here and now. A choice made before is kept.

    `auto` is the first family whose package is installed and which has weights on disk, else Moonshine. Raises
    EngineError, with what to install or pull, when what was asked for is not there or does not speak the language.
    """
    store = store or Store(default_folder())
    asked = parse(speech.engine)
    match asked.family:
        case "auto":
            for family in FAMILIES:
                if has(family) and (best := _best(family, speech.language, store)):
                    return _from_store(best, store)
            return _embedded(speech.language)
        case "moonshine":
            return _embedded(speech.language)
        case family:
            if not has(family):
                raise EngineError(f"the {family} engine is not installed; run: {installing(family)}")
            if asked.path is not None:
                return _at_path(asked, family, asked.path, store)
            return _from_store(_on_disk(family, asked.name, speech.language, store), store)


def settle(config: Config) -> tuple[Config, str]:
    """The configuration with its engine decided, and what to tell the person: which it is, if not the embedded one.

    Also told is what `auto` would have looked at, had it not been damaged. Raises EngineError as `choose` does.
    """
    store = Store(default_folder())
    choice = choose(config.speech, store)
    settled = replace(config, speech=replace(config.speech, engine=choice.engine))
    told = [] if choice.engine == EMBEDDED else [f"Speech: {choice.title}"]
    if config.speech.engine == AUTO:
        told += _damaged(store)
    return settled, "\n".join(told)


def _damaged(store: Store) -> Iterator[str]:
    for entry in CATALOGUE:
        verdict = store.glance(entry)
        if verdict.state == "damaged" and installed(entry.family):
            yield f"{entry.key} is not used: {verdict.reason}; run: deadpan models pull {entry.key}"


def _embedded(language: str) -> Choice:
    if language not in ("en", AUTO):
        raise EngineError(
            f"moonshine understands English only, and speech.language is {language}; "
            "run: deadpan models pull faster-whisper:base"
        )
    return Choice(EMBEDDED, EMBEDDED)


def _at_path(asked: Engine, family: Family, path: Path, store: Store) -> Choice:
    if family == "whisper" and not path.is_file():
        raise EngineError(f"{path} is no file; whisper loads a checkpoint, for instance base.en.pt")
    if family == "faster-whisper":
        if not path.is_dir():
            raise EngineError(f"{path} is no folder; faster-whisper loads one with {', '.join(_PARTS)}")
        if missing := [part for part in _PARTS if not (path / part).is_file()]:
            raise EngineError(f"{path} holds no {', '.join(missing)}: it is no complete faster-whisper model")
    pulled = (entry for entry in entries(family) if store.loadable(entry) == path)
    return next((_from_store(entry, store) for entry in pulled), Choice(str(asked), f"{family} {path}"))


def _on_disk(family: Family, name: str | None, language: str, store: Store) -> Entry:
    """The model of that name, or the best one; raises EngineError, saying what to pull, when it is not there."""
    if name is None:
        if best := _best(family, language, store):
            return best
        wanted = "base.en" if language == "en" else "base"
        raise EngineError(
            f"no {family} model for speech.language {language} is on this machine; "
            f"run: deadpan models pull {family}:{wanted}"
        )
    entry = next(each for each in entries(family) if each.name == name)
    if not _speaks(entry, language):
        raise EngineError(f"{entry.key} understands English only, and speech.language is {language}; use {family}:base")
    verdict = store.glance(entry)
    if verdict.state != "ok":
        reason = f" ({verdict.reason})" if verdict.reason else ""
        raise EngineError(f"{entry.key} is not on this machine{reason}; run: deadpan models pull {entry.key}")
    return entry


def _best(family: Family, language: str, store: Store) -> Entry | None:
    """The preferred one of the models on disk that understand the language; multilingual ones first, unless English."""
    fit = [entry for entry in entries(family) if _speaks(entry, language) and store.glance(entry).state == "ok"]
    return min(fit, key=lambda entry: (entry.english and language != "en", PREFERRED.index(entry.name)), default=None)


def _speaks(entry: Entry, language: str) -> bool:
    return not entry.english or language in ("en", AUTO)


def _from_store(entry: Entry, store: Store) -> Choice:
    return Choice(str(Engine(entry.family, path=store.loadable(entry))), f"{entry.family} {entry.name}")

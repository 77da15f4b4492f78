"""deadpan models: which speech models there are; pulls, verifies and removes them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from agent.engines import choose, installed
from agent.extras import installing
from agent.settings import found
from agent.weights.catalogue import CATALOGUE, EMBEDDED, LICENCE, Entry, ModelError, entry
from agent.weights.download import Downloader
from agent.weights.engine import EngineError
from agent.weights.pulling import pull
from agent.weights.store import Store, default_folder

_COLUMNS = "{:30s}  {:>8s}  {:10s}  {:6s}  {}"


def perform(options: argparse.Namespace) -> int:
    """List, pull, verify or remove; the exit code is 1 when one of the models named could not be, or is bad."""
    store = Store(default_folder())
    match options.action:
        case "list":
            return _list(store)
        case "pull":
            try:
                return _each(options.names, lambda model: _pull(model, store))
            except KeyboardInterrupt:
                print("deadpan: stopped; what has come is kept, the same command goes on from there", file=sys.stderr)
                return 1
        case "verify":
            kept = [model.key for model in CATALOGUE if store.glance(model).state != "absent"]
            if not (options.names or kept):
                print(f"No models in {store.folder}; {EMBEDDED} is embedded.")
            return _each(options.names or kept, lambda model: _verify(model, store))
        case _:
            return _each(options.names, lambda model: _remove(model, store))


def _each(names: Iterable[str], act: Callable[[Entry], bool]) -> int:
    """Do it to every model named, also after one with which it failed."""
    bad = 0
    for name in dict.fromkeys(names):
        try:
            bad += not act(entry(name))
        except ModelError as error:
            print(f"deadpan: {error}", file=sys.stderr)
            bad += 1
    return 1 if bad else 0


def _list(store: Store) -> int:
    speech = found(None).speech
    try:
        chosen, why = choose(speech, store).title, ""
    except EngineError as error:
        chosen, why = "", str(error)
    print(_COLUMNS.format("NAME", "SIZE", "ON DISK", "CHOSEN", "LICENCE"))
    print(_COLUMNS.format(EMBEDDED, "", "embedded", "yes" if chosen == EMBEDDED else "", LICENCE))
    for model in CATALOGUE:
        state = store.glance(model).state
        size = f"~{model.about_bytes // 1_000_000} MB" if state == "absent" else decimal(store.size(model))
        mark = "yes" if chosen == f"{model.family} {model.name}" else ""
        here = {"ok": "yes", "absent": "no"}.get(state, state)
        print(_COLUMNS.format(model.key, size, here, mark, LICENCE))
    print(f"\nCHOSEN: what speech.engine: {speech.engine} takes now, with speech.language: {speech.language}.")
    print(f"Pulled models are kept in {store.folder}.")
    for family in dict.fromkeys(model.family for model in CATALOGUE):
        if not installed(family):
            print(f"The {family} engine is not installed: {installing(family)}")
    if why:
        print(f"deadpan: {why}", file=sys.stderr)
    return 0


def _pull(model: Entry, store: Store) -> bool:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(model.key, total=None)
        pulled = pull(model, store, Downloader(), lambda have, size: progress.update(task, completed=have, total=size))
    what = "was here already, intact" if pulled.here else "pulled and checked"
    print(f"{model.key}: {what} ({decimal(pulled.size)}) -> {pulled.place}")
    if not installed(model.family):
        print(f"Its engine is not installed yet: {installing(model.family)}")
    return True


def _verify(model: Entry, store: Store) -> bool:
    verdict = store.verify(model)
    if verdict.state == "ok":
        print(f"ok          {model.key}  {decimal(store.size(model))}")
        return True
    print(f"{verdict.state:10s}  {model.key}" + (f"  {verdict.reason}" if verdict.reason else ""))
    print(f"{'':12s}→ deadpan models pull {model.key}")
    return False


def _remove(model: Entry, store: Store) -> bool:
    print(f"{model.key}: removed, {decimal(store.remove(model))} freed")
    return True

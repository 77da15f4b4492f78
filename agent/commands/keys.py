"""deadpan keys: says who may subscribe from elsewhere. Needs the client's packages only."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from agent.stream.keyring import Keyring, default_folder


def perform(options: argparse.Namespace) -> int:
    """Make, list or remove keys. Raises AccessError, with what to do about it."""
    folder: Path = options.folder or default_folder()
    match options.action:
        case "new":
            _make(folder, options.name, options.out or Path(f"{options.name}.key"))
        case "list":
            for name in Keyring(folder).names:
                print(name)
        case "remove":
            Keyring(folder).remove(options.name)
            print(f"{options.name} may no longer subscribe; a running deadpan cuts it off within seconds.")
    return 0


def _make(folder: Path, name: str, out: Path) -> None:
    Keyring.made(folder).add(name, out)
    quoted = shlex.quote(str(folder))
    print(
        f"{out} lets {name} subscribe: hand it over by a way that nobody else reads, and delete it here.\n"
        f"Publish: deadpan run --publish tcp://0.0.0.0:5737 --keys {quoted}\n"
        f"Read:    deadpan watch tcp://HOST:5737 --key {shlex.quote(out.name)}"
    )

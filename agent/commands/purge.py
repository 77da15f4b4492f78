"""deadpan purge: lists what was recorded of sessions, asks, and deletes it."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime
from pathlib import Path

from agent.errors import DeadpanError
from agent.recorder.shelf import Recording, recordings, remove
from agent.settings import found


class PurgeError(DeadpanError):
    """Nothing was deleted. Its text says why, and what to do."""


def perform(options: argparse.Namespace) -> int:
    """Delete the recordings in a folder, once told to; the exit code is 1 when one of them could not be."""
    root = _root(options)
    kept = recordings(root)
    if not kept:
        print(f"Nothing is recorded in {root}.")
        return 0
    for recording in kept:
        print(f"{recording.folder}  {_told(recording)}")
    finished = [recording for recording in kept if not recording.being_written]
    if not finished:
        raise PurgeError("all of it is being recorded now; end that session first")
    if not options.yes and not _agreed(finished):
        print("Nothing was deleted.")
        return 1
    failed = sum(not _removed(recording) for recording in finished)
    return 1 if failed else 0


def _root(options: argparse.Namespace) -> Path:
    if options.folder is not None:
        folder: Path = options.folder
    elif (set_up := found(options.config).record.folder) is not None:
        folder = Path(set_up)
    else:
        raise PurgeError("say which folder: deadpan purge DIR, as in deadpan run --record DIR")
    folder = folder.expanduser()
    if not folder.is_dir():
        raise PurgeError(f"there is no folder {folder}")
    return folder


def _told(recording: Recording) -> str:
    began = datetime.fromtimestamp(recording.label.began_unix_ns / 1e9).astimezone()
    state = ", being recorded now: left alone" if recording.being_written else ""
    return f"{began:%Y-%m-%d %H:%M:%S}, of {recording.label.source}, {recording.bytes / 1e6:.1f} MB{state}"


def _agreed(finished: list[Recording]) -> bool:
    if not sys.stdin.isatty():
        raise PurgeError("nobody can be asked here; deadpan purge --yes deletes without asking")
    size_mb = sum(recording.bytes for recording in finished) / 1e6
    several = f"these {len(finished)} recordings" if len(finished) > 1 else "this recording"
    print(f"Delete {several} ({size_mb:.1f} MB) for good? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _removed(recording: Recording) -> bool:
    try:
        left = remove(recording)
    except OSError as error:
        print(f"deadpan: {recording.folder} cannot be deleted: {error.strerror}", file=sys.stderr)
        return False
    others = ", ".join(os.fspath(path.name) for path in left)
    print(f"{recording.folder}: deleted" + (f", but for what is not of the recording: {others}" if left else ""))
    return True

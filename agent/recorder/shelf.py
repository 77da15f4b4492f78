"""A folder of recordings in; which there are, what each holds, and their end out.

A recording is a folder of its own, which its owner alone may enter (0700), named after its beginning and its session:
NAME.mkv (NAME-2.mkv and so on, where it had to be begun anew), messages.jsonl and recording.json, which says what it
is: only folders with such a file are ever taken for one, and only these files are ever deleted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from agent import __version__
from agent.errors import DeadpanError

LABEL, MESSAGES = "recording.json", "messages.jsonl"


class RecordError(DeadpanError):
    """A session cannot be recorded, or no longer. Its text says why, and what to do."""


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What is in recording.json."""

    session: str
    source: str
    """live, or the location of the recording that was played."""
    began_unix_ns: int
    """The session's origin on the calendar: 0 on the axis of its messages."""
    version: str = __version__


@dataclass(frozen=True, slots=True)
class Recording:
    """One on the shelf. `media`: its films in order; `bytes`: what it holds in all."""

    folder: Path
    label: Label
    media: tuple[Path, ...]
    bytes: int
    being_written: bool

    def files(self) -> list[Path]:
        """All that makes the recording, but for what somebody else put into its folder."""
        return _files(self.folder)


def place(root: Path, session: str, began_unix_ns: int) -> Path:
    """Where a session is recorded: a folder in `root` that is named after when it began, here, and the session."""
    began = datetime.fromtimestamp(began_unix_ns / 1e9).astimezone()
    return root.expanduser().absolute() / f"{began:%Y%m%d-%H%M%S}-{session}"


def opened(folder: Path, label: Label) -> IO[bytes]:
    """Make a recording's folder, or find it again, and mark it as being written for as long as what is returned is
    open. Raises RecordError.
    """
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        with ExitStack() as stack:
            file = stack.enter_context(private(folder / LABEL, "ab"))
            _hold(file)
            file.truncate(0)
            file.write(msgspec.json.format(msgspec.json.encode(label), indent=1) + b"\n")
            stack.pop_all()
    except OSError as error:
        raise RecordError(
            f"nothing can be recorded in {folder.parent}: {error.strerror}; name another folder"
        ) from error
    return file


def private(path: Path, mode: str) -> IO[bytes]:
    """Open a file that only its owner can read, unbuffered: what is written is with the system at once."""
    path.touch(mode=0o600)
    return path.open(mode, buffering=0)


def recordings(root: Path) -> list[Recording]:
    """The recording that `root` is, or those directly in it, by name."""
    folders = [root, *sorted(_below(root))]
    return [each for folder in folders if (each := _read(folder)) is not None]


def remove(recording: Recording) -> list[Path]:
    """Delete a recording; what was in its folder besides, and is left. Raises OSError."""
    for path in recording.files():
        path.unlink(missing_ok=True)
    left = sorted(recording.folder.iterdir())
    if not left:
        recording.folder.rmdir()
    return left


def played(folder: Path) -> Path:
    """The film to play of a folder of recordings. Raises RecordError unless there is exactly one."""
    films = [film for recording in recordings(folder) for film in recording.media]
    if len(films) == 1:
        return films[0]
    if not films:
        raise RecordError(f"{folder} is a folder that holds nothing recorded; give a recording in it")
    raise RecordError(f"{folder} holds several films; give one of them: {', '.join(map(str, films))}")


def _read(folder: Path) -> Recording | None:
    """The recording in a folder, if that is one; links are not followed."""
    path = folder / LABEL
    if folder.is_symlink() or path.is_symlink() or not path.is_file():
        return None
    try:
        label = msgspec.json.decode(path.read_bytes(), type=Label)
    except (OSError, msgspec.DecodeError):
        return None
    files = _files(folder)
    media = tuple(sorted((file for file in files if file.suffix == ".mkv"), key=part))
    return Recording(folder, label, media, sum(file.stat().st_size for file in files), _is_held(path))


def part(film: Path) -> int:
    """The number of a film within its recording, from 1."""
    found = re.search(r"-(\d{1,4})$", film.stem.removeprefix(film.parent.name))
    return int(found[1]) if found else 1


def film(folder: Path, number: int) -> Path:
    """The path of a recording's film of this number."""
    return folder / f"{folder.name}{'' if number == 1 else f'-{number}'}.mkv"


def _files(folder: Path) -> list[Path]:
    films = re.compile(re.escape(folder.name) + r"(-\d{1,4})?\.mkv")
    ours = (path for path in folder.iterdir() if path.name in (LABEL, MESSAGES) or films.fullmatch(path.name))
    return [path for path in ours if path.is_file() and not path.is_symlink()]


def _below(root: Path) -> Iterator[Path]:
    try:
        yield from (path for path in root.iterdir() if path.is_dir())
    except OSError:
        return


def _hold(file: IO[bytes]) -> None:
    """Let it be seen that the file's recording is being written; whatever ends this process lets go of it."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_held(path: Path) -> bool:
    try:
        import fcntl
    except ImportError:
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False

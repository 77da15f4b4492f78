"""The names of weights that ship with a package in; their folder out, once their bytes are known to be the right ones.

The folder's SHA256SUMS says what each file is, in the format of sha256sum(1), which can check it too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

SUMS = "SHA256SUMS"


class DamagedError(ValueError):
    """A file is not the one that was shipped. Its text names it and says what to do."""


@contextmanager
def shipped(package: str, *names: str) -> Iterator[Path]:
    """The folder of a package's weights, in which these files are what they were when they were shipped.

    Raises FileNotFoundError for one that is missing, DamagedError for one that is something else.
    """
    with as_file(files(package).joinpath("weights")) as folder:
        check(folder, *names)
        yield folder


def check(folder: Path, *names: str) -> None:
    """Compare files with the folder's sums. Raises as `shipped` does."""
    sums = read_sums(folder)
    for name in names:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name} is missing; {_REMEDY}")
        if sum_of(folder / name) != sums.get(name):
            raise DamagedError(f"{folder / name} is not the file that was shipped: its checksum differs; {_REMEDY}")


def read_sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file, in hexadecimal, by name. Raises FileNotFoundError or DamagedError."""
    if not (folder / SUMS).is_file():
        raise FileNotFoundError(f"{folder / SUMS} is missing; {_REMEDY}")
    sums = {}
    for line in (folder / SUMS).read_bytes().decode("utf-8", "replace").splitlines():
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64:
            raise DamagedError(f"{folder / SUMS} is damaged; {_REMEDY}")
        sums[name] = digest
    return sums


def sum_of(path: Path) -> str:
    """A file's SHA-256, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


_REMEDY = "run: pip install --force-reinstall 'deadpan[live]'"

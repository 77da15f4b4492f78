"""The steps of a process's work in, one by one; how many it has taken out, for its supervisor, who need not ask it.

The count is memory that is also a file of the session's folder (mmap): to take a step costs next to nothing, so each
can be counted, and how far somebody is can be seen while he is too busy to say it.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

_NUMBER_BYTES = 8


def steps_file(folder: Path, name: str) -> Path:
    """Where the steps of a session's process are counted."""
    return folder / f"{name}.steps"


class Steps:
    """The same count for all who open the same file. One process takes steps; any may look."""

    def __init__(self, path: Path) -> None:
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(opened).st_size != _NUMBER_BYTES:  # written, not just made longer: a full disk is told of now
                os.write(opened, bytes(_NUMBER_BYTES))
            self._file = mmap.mmap(opened, _NUMBER_BYTES)
        finally:
            os.close(opened)
        self._number = memoryview(self._file).cast("q")

    @property
    def taken(self) -> int:
        """How many, by this process and those that it follows."""
        return self._number[0]

    def take(self) -> None:
        """Count one more."""
        self._number[0] += 1

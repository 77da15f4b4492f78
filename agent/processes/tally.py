"""What a process counts in; the same counts out, for whoever asks and for the process that follows it when it has died.

The counts are memory that is also a file of the session's folder (mmap), so they stand as they were at the instant of
a death, whatever the death, and a process that is started again counts on from there.
"""

from __future__ import annotations

import mmap
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

_NUMBER_BYTES = 8


class Tally(Counter[str]):
    """A Counter of the names it was made with, in this order; counting anything else raises KeyError."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        super().__init__()
        size = len(names) * _NUMBER_BYTES
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(opened).st_size != size:  # written, not just made longer: a full disk is to be told of now
                os.truncate(opened, 0)
                os.write(opened, bytes(size))
            self._file = mmap.mmap(opened, size)
        finally:
            os.close(opened)
        self._numbers = memoryview(self._file).cast("q")
        self._places = {name: place for place, name in enumerate(names)}
        for name, place in self._places.items():
            if self._numbers[place]:
                super().__setitem__(name, self._numbers[place])

    def __setitem__(self, name: str, count: int) -> None:
        self._numbers[self._places[name]] = count
        super().__setitem__(name, count)

    def close(self) -> None:
        """Let go of the file; the counts can still be read."""
        self._numbers.release()
        self._file.close()

"""A process's time in; what CPython and the allocator keep for reuse let go now and then, so that hours take no more
than minutes.

Tuples that are let go of wait for others of their length, up to 2000 of each length to 20. One that is made of a
generator is begun with ten places, cut to its length, and ends among those of that length: some lists only fill. A full
collection alone empties them, and where objects come and go evenly none comes for hours.

glibc gives back to the system what is free at the end of its heap, and beyond a threshold at that (see child): where
something lies behind what is large, the heap grows by the size of what is large, once and again. All whole pages
that are free are given back here.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable

_APART_NS = 60_000_000_000


def settle() -> None:
    """What is loaded by now stays: no collection looks at it again, and a full one takes less than a millisecond."""
    gc.collect()
    gc.freeze()


class Spares:
    """What this process keeps for reuse. Told the time by whoever works."""

    def __init__(self) -> None:
        self._due_ns = _APART_NS
        self._give_back = _allocator()

    def let_go_if_due(self, now_ns: int) -> None:
        """Empty it, once a minute."""
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + _APART_NS
            gc.collect()
            self._give_back(0)


def _allocator() -> Callable[[int], object]:
    """malloc_trim(3), which keeps so many bytes; where there is none, what does nothing."""
    found = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    return (lambda _: 0) if found is None else found

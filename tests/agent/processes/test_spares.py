"""What CPython keeps for reuse, and what a collection has to look at."""

from __future__ import annotations

import gc
import platform
import subprocess
import sys

import pytest

from agent.processes.spares import Spares, settle

S = 1_000_000_000


def _leave_tuples(count: int) -> int:
    """Have so many tuples wait for reuse; how many blocks of memory are taken then."""
    tuples = [tuple(number for number in range(7)) for _ in range(count)]
    del tuples
    return sys.getallocatedblocks()


def test_what_waits_for_reuse_is_let_go_once_a_minute() -> None:
    spares = Spares()
    for minute in (1, 2):
        taken = _leave_tuples(1000)
        spares.let_go_if_due((60 * minute - 1) * S)
        assert taken - sys.getallocatedblocks() < 100
        spares.let_go_if_due(60 * minute * S)
        assert taken - sys.getallocatedblocks() > 900


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this system's allocator is another")
def test_what_is_free_is_given_back_though_something_lies_behind_it() -> None:
    # In a process of its own: one that has run a thousand tests has holes that nobody knows.
    program = """
import ctypes
from agent.processes.resident import resident_mb
from agent.processes.spares import Spares
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
spares = Spares()
before_mb = resident_mb()
large = [libc.malloc(100_000) for _ in range(500)]
for each in large:
    ctypes.memset(each, 1, 100_000)
last = libc.malloc(100_000)
for each in large:
    libc.free(each)
kept_mb = resident_mb()
spares.let_go_if_due(60_000_000_000)
print(kept_mb - before_mb, resident_mb() - before_mb)
"""
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    kept_mb, left_mb = map(float, told.split())
    assert kept_mb > 40
    assert left_mb < 5


def test_what_was_loaded_before_is_not_looked_at_again() -> None:
    try:
        settle()
        assert len(gc.get_objects()) < 100 < gc.get_freeze_count()
    finally:
        gc.unfreeze()

"""What CPython keeps for reuse, and what a collection has to look at."""

from __future__ import annotations

import gc
import sys

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


def test_what_was_loaded_before_is_not_looked_at_again() -> None:
    try:
        settle()
        assert len(gc.get_objects()) < 100 < gc.get_freeze_count()
    finally:
        gc.unfreeze()

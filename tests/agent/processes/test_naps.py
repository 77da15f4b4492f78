from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

import numpy as np
import pytest

from agent.processes.naps import LONGEST_NS, Naps
from encoders.samples import AudioChunk

MS = 1_000_000


def _chunk(n: int) -> AudioChunk:
    return AudioChunk(n, n * 32 * MS, 16_000, np.zeros(512, np.float32))


@pytest.mark.parametrize(("awaited_ms", "wanted_ms"), [(0, 0), (96, 0), (97, 128), (128, 128), (129, 160), (200, 224)])
def test_what_is_awaited_comes_with_the_chunk_that_holds_its_end(awaited_ms: int, wanted_ms: int) -> None:
    naps = Naps()
    naps.note(_chunk(2))
    left_ns = naps.left_ns(awaited_ms * MS, 96 * MS)
    assert naps.wanted_ns == wanted_ms * MS
    assert left_ns == (min(wanted_ms - 96, 128) * MS if wanted_ms else 0)


def test_nobody_sleeps_before_the_first_chunk_nor_for_one_that_is_overdue() -> None:
    naps = Naps()
    assert naps.left_ns(100 * MS, 0) == 0
    naps.note(_chunk(0))
    assert naps.left_ns(100 * MS, 129 * MS) == 0


def test_however_far_ahead_the_stamps_are_nobody_sleeps_for_long() -> None:
    naps = Naps()
    naps.note(_chunk(1000))
    assert naps.left_ns(33_000 * MS, 0) == LONGEST_NS


def _overslept_ms(late_ms: Sequence[float], hops: int) -> list[float]:
    """Every third chunk is awaited, and all are late by so much: how long each of these lay there before anybody looked
    for it; negative where it was looked for too soon.
    """
    naps, slept = Naps(), list[float]()
    naps.note(_chunk(0))
    for n, late in enumerate(islice(cycle(late_ms), hops), start=1):
        end_ns = _chunk(3 * n).interval.end_ns
        came_ns, now_ns = end_ns + round(late * MS), end_ns - 64 * MS
        woken_ns = now_ns + naps.left_ns(end_ns, now_ns)
        slept.append((woken_ns - came_ns) / MS)
        if woken_ns < came_ns:
            naps.note(_chunk(3 * n - 1))
            assert naps.left_ns(end_ns, woken_ns) == 0, "it is to be waited for now"
        naps.note(_chunk(3 * n))
    return slept


def test_a_device_that_is_always_as_late_is_looked_for_when_its_sound_is_there() -> None:
    slept = _overslept_ms([50], 200)
    assert slept[0] == -50
    assert all(-1 <= each <= 1 for each in slept[120:])


def test_one_that_is_now_more_late_and_now_less_is_looked_for_in_the_middle_of_that() -> None:
    slept = _overslept_ms([38, 62, 45, 52, 57, 41], 400)[150:]
    assert 0.4 < sum(each >= 0 for each in slept) / len(slept) < 0.6
    assert max(slept) < 15


def test_one_that_has_become_quicker_is_looked_for_sooner_again() -> None:
    slept = _overslept_ms([*[30] * 50, *[0] * 150], 200)
    assert slept[51] > 20
    assert slept[-1] <= 1

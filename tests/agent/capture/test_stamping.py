"""A device's blocks become chunks in its own time, whatever happens to the blocks."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.capture.stamping import Block, BlockStamper
from encoders.samples import AudioChunk

MS = 1_000_000
START_NS = 40 * MS


def cut(pcm: NDArray[np.float32], rate_hz: int, sizes: list[int]) -> list[Block]:
    """The blocks of a perfect device, of the sizes given, over and over."""
    blocks: list[Block] = []
    first = 0
    for size in itertools.cycle(sizes):
        if first >= len(pcm):
            return blocks
        blocks.append(Block(first, START_NS + first * 10**9 // rate_hz, pcm[first : first + size]))
        first += size
    raise AssertionError


def stamp(blocks: list[Block], rate_hz: int, losses: Counter[str] | None = None) -> list[AudioChunk]:
    stamper = BlockStamper(rate_hz, Counter() if losses is None else losses)
    return [chunk for block in blocks for chunk in stamper.push(block)]


def click(rate_hz: int, seconds: float, at_s: float, channels: int = 2) -> NDArray[np.float32]:
    pcm = np.zeros((round(rate_hz * seconds), channels), np.float32)
    pcm[round(rate_hz * at_s)] = 0.9
    return pcm


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000, 96_000])
def test_a_click_is_stamped_with_the_moment_it_was_heard(rate_hz: int) -> None:
    chunks = stamp(cut(click(rate_hz, 2, 1.0), rate_hz, [rate_hz // 50]), rate_hz)
    pcm = np.concatenate([chunk.pcm for chunk in chunks])
    peak = int(np.argmax(np.abs(pcm)))
    heard_ns = chunks[peak // 512].pts_ns + peak % 512 * 62_500
    assert heard_ns == pytest.approx(START_NS + 1000 * MS, abs=0.1 * MS)


def test_nothing_is_lost_while_the_clock_settles() -> None:
    chunks = stamp(cut(click(48_000, 1, 0.01), 48_000, [960]), 48_000)
    assert chunks[0].pts_ns == pytest.approx(START_NS, abs=10)
    assert int(np.argmax(np.abs(chunks[0].pcm))) == 160


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(64, 4096), min_size=1, max_size=10))
def test_the_size_of_the_blocks_does_not_change_what_is_heard(sizes: list[int]) -> None:
    pcm = np.random.default_rng(3).uniform(-0.5, 0.5, (96_000, 1)).astype(np.float32)
    reference = stamp(cut(pcm, 48_000, [960]), 48_000)
    chunks = stamp(cut(pcm, 48_000, sizes), 48_000)
    for chunk, wanted in zip(chunks, reference, strict=False):
        np.testing.assert_allclose(chunk.pcm, wanted.pcm, atol=1e-6)
        assert chunk.pts_ns == pytest.approx(wanted.pts_ns, abs=20_000)


def test_dropped_blocks_leave_a_hole_of_their_length() -> None:
    blocks = cut(click(48_000, 3, 2.0), 48_000, [960])
    chunks = stamp(blocks[:50] + blocks[60:], 48_000)
    holes = [late.pts_ns - early.interval.end_ns for early, late in itertools.pairwise(chunks)]
    assert max(holes) == pytest.approx(200 * MS, abs=0.1 * MS)
    assert sorted(holes)[-2] < 0.1 * MS
    assert [chunk.seq for chunk in chunks] == list(range(len(chunks)))


def test_samples_the_driver_lost_are_noticed_and_counted() -> None:
    losses: Counter[str] = Counter()
    blocks = [
        Block(block.first_sample, block.heard_ns + (300 * MS if i >= 100 else 0), block.pcm)
        for i, block in enumerate(cut(click(48_000, 4, 1.0), 48_000, [960]))
    ]
    chunks = stamp(blocks, 48_000, losses)
    assert losses == {"jumps": 1}
    assert chunks[-1].interval.end_ns == pytest.approx(START_NS + 4300 * MS, abs=100 * MS)


def test_time_never_goes_back_even_when_the_clock_must() -> None:
    losses: Counter[str] = Counter()
    blocks = [
        Block(block.first_sample, block.heard_ns - (300 * MS if i >= 100 else 0), block.pcm)
        for i, block in enumerate(cut(click(48_000, 4, 1.0), 48_000, [960]))
    ]
    chunks = stamp(blocks, 48_000, losses)
    assert losses["jumps"] == 1
    assert losses["overlapping"] == pytest.approx(300 / 32, abs=2)
    assert all(late.pts_ns > early.interval.end_ns - 62_500 for early, late in itertools.pairwise(chunks))


def test_channels_are_averaged_and_what_is_no_number_is_silence() -> None:
    pcm = np.tile(np.array([[0.2, 0.6]], np.float32), (16_000, 1))
    pcm[700] = np.nan
    mono = np.concatenate([chunk.pcm for chunk in stamp(cut(pcm, 16_000, [320]), 16_000)])
    assert mono[700] == 0
    np.testing.assert_allclose(np.delete(mono, 700), 0.4, atol=1e-6)

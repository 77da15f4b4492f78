"""A device's blocks become chunks in its own time, whatever happens to the blocks."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.capture.source import CaptureError, Problem
from agent.capture.stamping import Block, BlockStamper
from encoders.samples import NS_PER_S, AudioChunk
from tests.stand_ins.claps import click_times_ns

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
    chunks = stamp(cut(click(48_000, 2, 0.01), 48_000, [960]), 48_000)
    assert chunks[0].pts_ns == pytest.approx(START_NS, abs=10)
    assert int(np.argmax(np.abs(chunks[0].pcm))) == 160


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(64, 4096), min_size=1, max_size=10))
def test_the_size_of_the_blocks_does_not_change_what_is_heard(sizes: list[int]) -> None:
    pcm = np.random.default_rng(3).uniform(-0.5, 0.5, (144_000, 1)).astype(np.float32)
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
    pcm = np.tile(np.array([[0.2, 0.6]], np.float32), (32_000, 1))
    pcm[700] = np.nan
    mono = np.concatenate([chunk.pcm for chunk in stamp(cut(pcm, 16_000, [320]), 16_000)])
    assert mono[700] == 0
    np.testing.assert_allclose(np.delete(mono, 700), 0.4, atol=1e-6)


def test_sound_beyond_full_scale_is_clipped_to_it() -> None:
    square = np.sign(np.sin(2 * np.pi * 300 * np.arange(96_000) / 48_000)).astype(np.float32)[:, None]
    for gain in (1.0, 20.0):  # resampling a square wave overshoots by itself
        mono = np.concatenate([chunk.pcm for chunk in stamp(cut(gain * square, 48_000, [960]), 48_000)])
        assert np.abs(mono).max() == 1.0


@pytest.mark.parametrize(("drift", "jitter_ms"), [(-200e-6, 8.0), (200e-6, 30.0)])
def test_a_drifting_microphone_stays_in_step_with_the_camera_for_ten_minutes(drift: float, jitter_ms: float) -> None:
    chance = np.random.default_rng(11)
    rate_hz = 16_000
    claps_s = 1.0 + 6.1 * np.arange(98)
    pcm = np.zeros((600 * rate_hz, 1), np.float32)
    pcm[np.round(claps_s / (1 + drift) * rate_hz).astype(int)] = 0.9
    blocks = [
        Block(
            block.first_sample,
            START_NS
            + round(block.first_sample * NS_PER_S / rate_hz * (1 + drift) + chance.exponential(jitter_ms / 4) * MS),
            block.pcm,
        )
        for block in cut(pcm, rate_hz, [320])
    ]
    clicks_ns = np.array(list(click_times_ns(stamp(blocks, rate_hz))))
    flashes_ns = START_NS + claps_s * NS_PER_S  # the camera's frames are stamped on the session's clock itself
    errors_ms = np.abs(clicks_ns - flashes_ns) / MS
    assert np.percentile(errors_ms, 95) < 3
    assert errors_ms.max() < 5


def lying(said_hz: int, delivered_hz: float, seconds: float) -> list[Block]:
    """A device that says one rate and delivers another: a click each second of truth, blocks of 20 ms by its word."""
    pcm = np.zeros((round(delivered_hz * seconds), 1), np.float32)
    pcm[[round(delivered_hz * (second + 0.5)) for second in range(int(seconds))]] = 0.9
    return [
        Block(block.first_sample, START_NS + round(block.first_sample * 1e9 / delivered_hz), block.pcm)
        for block in cut(pcm, said_hz, [said_hz // 50])
    ]


@pytest.mark.parametrize(("said_hz", "delivered_hz"), [(48_000, 44_100), (16_000, 8_000), (44_100, 48_000)])
def test_a_device_with_another_usual_rate_than_it_said_is_found_out_and_taken_at_its_own(
    said_hz: int, delivered_hz: int
) -> None:
    losses: Counter[str] = Counter()
    chunks = stamp(lying(said_hz, delivered_hz, 12), said_hz, losses)
    assert losses["false_rate"] == 1
    late = [chunk for chunk in chunks if chunk.pts_ns > START_NS + 7000 * MS]
    heard_ms = np.array(list(click_times_ns(late))) / MS - START_NS / MS
    np.testing.assert_allclose(heard_ms, np.arange(7500, 7500 + 1000 * len(heard_ms), 1000), atol=2)
    assert len(heard_ms) >= 3
    assert all(later.pts_ns > early.interval.end_ns - 1 * MS for early, later in itertools.pairwise(chunks))


@pytest.mark.parametrize("delivered_hz", [47_000, 46_000, 49_000, 12_345])
def test_a_device_whose_rate_is_no_usual_one_is_refused_with_both_rates(delivered_hz: int) -> None:
    with pytest.raises(CaptureError, match=r"48000 samples a second.*Choose another microphone") as caught:
        stamp(lying(48_000, delivered_hz, 12), 48_000)
    assert caught.value.problem is Problem.UNSUPPORTED
    told_hz = int(re.findall(r"and delivers (\d+)", str(caught.value))[0])
    assert told_hz == pytest.approx(delivered_hz, rel=0.002)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), jitter_ms=st.floats(0, 40), drift=st.floats(-1e-3, 1e-3))
def test_an_honest_device_is_never_accused(seed: int, jitter_ms: float, drift: float) -> None:
    random = np.random.default_rng(seed)
    losses: Counter[str] = Counter()
    stamper = BlockStamper(16_000, losses)
    lost_ns = 0
    for number in range(1500):
        if random.random() < 0.002:
            lost_ns += int(random.uniform(0, 800 * MS))
        late_ns = random.exponential(jitter_ms / 4) * MS
        heard_ns = START_NS + lost_ns + number * 20 * MS * (1 + drift) + late_ns
        stamper.push(Block(number * 320, round(heard_ns), np.zeros((320, 1), np.float32)))
    assert losses["false_rate"] == 0


def test_samples_that_are_said_to_be_lost_again_and_again_do_not_look_like_a_false_rate() -> None:
    losses: Counter[str] = Counter()
    stamper = BlockStamper(48_000, losses)
    for number in range(1000):
        losses["overflow"] += number % 50 == 0
        stamper.push(Block(number * 960, START_NS + round(number * 20.6 * MS), np.zeros((960, 1), np.float32)))
    assert losses["false_rate"] == 0
    assert losses["jumps"] > 0

"""The sample clock against devices that drift, jitter, stall and lose samples."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.capture.rate_loop import MAX_SLEW
from agent.capture.sample_clock import WINDOW_S, SampleClock

MS = 1_000_000
RATE_HZ = 48_000
BLOCK = 960  # 20 ms
NS_PER_SAMPLE = 1e9 / RATE_HZ
WINDOW_BLOCKS = round(WINDOW_S * RATE_HZ / BLOCK)


def blocks(seconds: float, drift: float = 0.0, start_ms: float = 5.0) -> Iterator[tuple[int, float]]:
    """(first sample, when it was truly heard) of each block of a device whose crystal is off by `drift`."""
    for sample in range(0, round(seconds * RATE_HZ), BLOCK):
        yield sample, start_ms * MS + sample * NS_PER_SAMPLE * (1 + drift)


def test_a_perfect_device_is_timed_exactly() -> None:
    clock = SampleClock(RATE_HZ)
    for sample, heard_ns in blocks(5):
        clock.observe(sample, round(heard_ns))
        assert clock.time_ns(sample) == pytest.approx(heard_ns, abs=2)
    assert clock.time_ns(RATE_HZ * 5 + 0.5) == pytest.approx(5 * MS + 5e9 + NS_PER_SAMPLE / 2, abs=3)


def test_it_settles_after_a_second() -> None:
    clock = SampleClock(RATE_HZ)
    settled = []
    for sample, heard_ns in blocks(1.2):
        clock.observe(sample, round(heard_ns))
        settled.append(clock.settled)
    assert settled == [False] * 50 + [True] * 10


@settings(max_examples=25, deadline=None)
@given(drift=st.floats(-300e-6, 300e-6))
def test_a_drifting_device_is_followed_to_a_millisecond_and_a_bit(drift: float) -> None:
    clock = SampleClock(RATE_HZ)
    errors_ms = []
    for sample, heard_ns in blocks(90, drift):
        clock.observe(sample, round(heard_ns))
        errors_ms.append((clock.time_ns(sample) - heard_ns) / MS)
    assert max(map(abs, errors_ms)) < 1.5
    assert abs(errors_ms[-1]) < 0.1
    assert clock.jumps == 0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), drift=st.floats(-200e-6, 200e-6), jitter_ms=st.floats(0, 30))
def test_late_callbacks_do_not_bend_time(seed: int, drift: float, jitter_ms: float) -> None:
    random = np.random.default_rng(seed)
    clock = SampleClock(RATE_HZ)
    late_ms: list[float] = []
    least_ms = 0.0  # the greatest that the least lateness of a window has been: no clock could know better
    for sample, heard_ns in blocks(40, drift):
        late_ms.append(random.exponential(jitter_ms / 4))
        clock.observe(sample, round(heard_ns + late_ms[-1] * MS))
        if clock.settled:
            least_ms = max(least_ms, min(late_ms[-WINDOW_BLOCKS:]))
            assert abs(clock.time_ns(sample) - heard_ns) < (least_ms + 1) * MS
    assert clock.jumps == 0


@settings(max_examples=50, deadline=None)
@given(lateness_ms=st.lists(st.floats(0, 45), min_size=50, max_size=200))
def test_time_rises_with_the_samples_at_nearly_the_nominal_rate(lateness_ms: list[float]) -> None:
    clock = SampleClock(RATE_HZ)
    stamps = []
    for (sample, heard_ns), late_ms in zip(blocks(4), lateness_ms, strict=False):
        clock.observe(sample, round(heard_ns + late_ms * MS))
        if clock.settled:
            stamps.append(clock.time_ns(sample))
    steps = np.array([late - early for early, late in itertools.pairwise(stamps)])
    assert np.all(np.abs(steps / (BLOCK * NS_PER_SAMPLE) - 1) <= MAX_SLEW + 1e-6)


@pytest.mark.parametrize("lost_ms", [60, 400, 10_000])
def test_lost_samples_move_the_clock_once_within_the_window(lost_ms: int) -> None:
    clock = SampleClock(RATE_HZ)
    errors_ms = []
    for sample, heard_ns in blocks(10):
        truth_ns = heard_ns + (lost_ms * MS if sample >= 5 * RATE_HZ else 0)
        clock.observe(sample, round(truth_ns))
        errors_ms.append((clock.time_ns(sample) - truth_ns) / MS)
    assert clock.jumps == 1
    assert max(map(abs, errors_ms[250 + 26 :])) < 1.0


def test_a_stall_that_is_caught_up_with_is_no_jump() -> None:
    clock = SampleClock(RATE_HZ)
    for sample, heard_ns in blocks(10):
        stalled_until_ns = 5_300 * MS if 5.0 <= sample / RATE_HZ < 5.3 else 0
        clock.observe(sample, max(round(heard_ns), stalled_until_ns))
        assert abs(clock.time_ns(sample) - heard_ns) < 0.5 * MS
    assert clock.jumps == 0


def test_one_impossible_time_does_not_move_the_clock() -> None:
    clock = SampleClock(RATE_HZ)
    for sample, heard_ns in blocks(10):
        clock.observe(sample, 0 if sample == 5 * RATE_HZ else round(heard_ns))
        assert abs(clock.time_ns(sample) - heard_ns) < 1.0 * MS
    assert clock.jumps == 0


@pytest.mark.parametrize(("late_s", "from_s", "bound_ms"), [(0.8, 1.0, 1.0), (2.0, 40.0, 2.0)])
def test_a_start_at_which_every_callback_is_late_is_made_good(late_s: float, from_s: float, bound_ms: float) -> None:
    clock = SampleClock(RATE_HZ)
    for sample, heard_ns in blocks(60):
        clock.observe(sample, round(heard_ns) + (40 * MS if sample < late_s * RATE_HZ else 0))
        if clock.settled:
            error_ms = abs(clock.time_ns(sample) - heard_ns) / MS
            assert error_ms < (bound_ms if sample >= from_s * RATE_HZ else 41)
    assert clock.jumps == 0

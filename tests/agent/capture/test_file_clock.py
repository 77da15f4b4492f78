"""A recording's sample count against what its file says, in minutes that take milliseconds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.capture.file_clock import FileClock
from agent.capture.rate_loop import MAX_SLEW

MS = 1_000_000
RATE_HZ = 48_000
PACKET = 1024
CHUNK = 512  # at 16 kHz


def stamps(stated_ns: list[int], start_ns: int) -> list[int]:
    """The times of the chunks of a stretch whose packets have these times, cut as they come."""
    clock = FileClock(start_ns, RATE_HZ)
    made: list[int] = []
    for packet, time_ns in enumerate(stated_ns):
        clock.observe(packet * PACKET, time_ns)
        while (len(made) + 1) * CHUNK * RATE_HZ <= (packet + 1) * PACKET * 16_000:
            made.append(clock.stamp(len(made) * CHUNK))
    return made


def true_ns(sample_s: float, drift: float) -> float:
    return sample_s * 1e9 * (1 + drift)


def packets_s(seconds: float) -> list[float]:
    return [packet * PACKET / RATE_HZ for packet in range(int(seconds * RATE_HZ / PACKET))]


@settings(max_examples=8, deadline=None)
@given(
    drift=st.floats(-500e-6, 500e-6),
    step_ms=st.sampled_from([0.001, 1, 10]),
    jitter_ms=st.floats(0, 20),
    seed=st.integers(0, 99),
)
def test_a_drift_of_ten_minutes_is_followed_through_coarse_and_jittering_times(
    drift: float, step_ms: float, jitter_ms: float, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    step_ns = step_ms * MS
    stated_ns = [
        int((true_ns(at_s, drift) + chance.uniform(-jitter_ms, jitter_ms) * MS) // step_ns * step_ns)
        for at_s in packets_s(600)
    ]
    made = np.array(stamps(stated_ns, 0))
    errors_ms = np.abs(made - true_ns(np.arange(len(made)) * 0.032, drift)) / MS  # type: ignore[arg-type]  # it takes arrays too
    assert errors_ms.max() < 4 + step_ms + jitter_ms / 4
    steps = np.diff(made) / 32e6 - 1
    assert np.abs(steps).max() <= MAX_SLEW + 1e-6


@pytest.mark.parametrize("rounding_ns", [1, MS])
def test_times_that_agree_with_the_count_leave_it_alone(rounding_ns: int) -> None:
    stated_ns = [round(at_s * 1e9) // rounding_ns * rounding_ns for at_s in packets_s(60)]
    assert stamps(stated_ns, 0) == [number * 32 * MS for number in range(1874)]


def test_a_short_hole_is_made_good_within_half_a_minute() -> None:
    stated_ns = [round(at_s * 1e9) + (45 * MS if at_s > 10 else 0) for at_s in packets_s(60)]
    made = stamps(stated_ns, 0)
    lag_ms = [(time_ns - number * 32 * MS) / MS for number, time_ns in enumerate(made)]
    assert lag_ms[311] == 0  # just before 10 s
    assert all(later >= early for early, later in pairwise(lag_ms[:1100]))
    assert lag_ms[-1] == pytest.approx(45, abs=2)
    assert max(lag_ms) < 47
    assert lag_ms[1300] > 43  # at 41.6 s

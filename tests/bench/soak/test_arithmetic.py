"""Made-up hours whose slope, percentiles and drift are known."""

from __future__ import annotations

import numpy as np
import pytest

from bench.soak.arithmetic import Period, Slope, drift, periods, slope, thinned


def test_a_straight_line_has_its_slope_and_no_doubt() -> None:
    found = slope([(hour / 10, 100 + 3 * hour / 10) for hour in range(20)])
    assert [found.value, found.low, found.high] == pytest.approx([3.0, 3.0, 3.0])


def test_a_few_wild_points_do_not_move_the_slope() -> None:
    points = [(minute / 60, 200.0) for minute in range(30)]
    points[4] = (4 / 60, 900.0)
    points[25] = (25 / 60, 20.0)
    assert slope(points) == Slope(0.0, 0.0, 0.0)


@pytest.mark.parametrize("true", [-2.0, 0.0, 0.5, 8.0])
def test_the_interval_holds_the_true_slope_under_noise_about_95_times_in_100(true: float) -> None:
    random = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        found = slope([(n / 60, 300 + true * n / 60 + random.normal(0, 0.5)) for n in range(40)])
        held += found.low <= true <= found.high
    assert 180 <= held <= 200


def test_an_interval_that_holds_the_limit_decides_nothing() -> None:
    assert Slope(0.2, -0.1, 0.5).exceeds(1.0) is False
    assert Slope(2.0, 1.5, 2.5).exceeds(1.0) is True
    assert Slope(0.2, -3.0, 3.4).exceeds(1.0) is None


def test_two_places_are_too_few_for_a_slope() -> None:
    with pytest.raises(ValueError, match="three points at different places"):
        slope([(0.0, 1.0), (0.0, 2.0), (1.0, 2.0)])


def test_thinning_takes_the_medians_of_each_stretch() -> None:
    points = [(0.0, 5.0), (20.0, 1.0), (50.0, 3.0), (130.0, 9.0), (170.0, 7.0)]
    assert thinned(points, 60.0) == [(20.0, 3.0), (150.0, 8.0)]


def test_latencies_are_told_by_period() -> None:
    latencies = [(float(second), float(second)) for second in range(100)] + [(250.0, 7.0)]
    assert periods(latencies, 100.0) == [Period(0.0, 100, 50.0, 94.0, 98.0), Period(200.0, 1, 7.0, 7.0, 7.0)]


def test_drift_compares_the_last_third_with_the_first_and_leaves_the_middle_out() -> None:
    latencies = [(float(n), 20.0 if n < 100 else 500.0 if n < 200 else 25.0) for n in range(300)]
    latencies[0] = (0.0, 20.0)
    assert drift(latencies) == pytest.approx(0.25)
    assert drift([(at, 20.0) for at, _ in latencies]) == 0.0

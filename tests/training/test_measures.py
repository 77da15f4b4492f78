"""What every evaluation shares, on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from training.measures import auc, bootstrap_interval


def _mean_of(count: int) -> tuple[float, float, float]:
    values = np.arange(count) % 2
    return bootstrap_interval(lambda rows: float(values[rows].mean()), count, resamples=1000)


def test_auc_counts_ordered_pairs_and_halves_ties() -> None:
    truth = np.array([True, True, False, False])
    assert auc(truth, np.array([0.9, 0.5, 0.5, 0.1])) == pytest.approx(3.5 / 4)


@pytest.mark.parametrize("kind", [True, False])
def test_auc_of_one_kind_alone_is_not_a_number(kind: bool) -> None:
    assert np.isnan(auc(np.array([kind, kind]), np.array([0.1, 0.2], np.float32)))


def test_the_interval_holds_the_figure_and_narrows_with_more_rows() -> None:
    value, low, high = _mean_of(100)
    assert low < value == 0.5 < high
    _, narrow_low, narrow_high = _mean_of(1000)
    assert narrow_high - narrow_low < high - low


def test_the_same_seed_gives_the_same_interval() -> None:
    assert _mean_of(100) == _mean_of(100)

from __future__ import annotations

import numpy as np
import pytest

from encoders.bounded import bounded


def test_what_is_within_bounds_is_given_as_it_is() -> None:
    pcm = np.array([0.0, -1.0, 1.0, 0.5], np.float32)
    assert bounded(pcm) is pcm


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_counts_as_silence(wrong: float) -> None:
    assert bounded(np.array([0.5, wrong, -2.0], np.float32)).tolist() == [0.5, 0.0, -1.0]


def test_other_numbers_become_float32_and_none_are_none() -> None:
    assert bounded(np.array([3.0, 0.25])).tolist() == [1.0, 0.25]
    assert bounded(np.array([3.0, 0.25])).dtype == bounded(np.array([0.25])).dtype == np.float32
    assert len(bounded(np.zeros(0, np.float32))) == 0

"""Pictures of other programs, made smaller where they are large."""

from __future__ import annotations

import numpy as np
import pytest

from agent.capture.picture import shrunk


@pytest.mark.parametrize(
    ("size", "small"), [((720, 1280), (360, 640)), ((1280, 720), (640, 360)), ((2, 5000), (1, 640))]
)
def test_a_large_picture_is_the_mean_of_what_lies_under_each_of_its_pixels(
    size: tuple[int, int], small: tuple[int, int]
) -> None:
    rgb = np.zeros((*size, 3), np.uint8)
    rgb[:, : size[1] // 2] = (200, 100, 20)
    rgb[::2, ::2] //= 2
    made = shrunk(rgb)
    assert made.shape == (*small, 3)
    assert made[:, : small[1] // 2].mean(axis=(0, 1)) == pytest.approx([175, 87, 17], abs=2)
    assert not made[:, small[1] // 2 + 1 :].any()


def test_a_picture_that_is_small_enough_stays_what_it_is() -> None:
    rgb = np.zeros((480, 640, 3), np.uint8)
    assert shrunk(rgb) is rgb


def test_a_picture_may_lie_in_memory_any_way_round() -> None:
    rgb = np.random.default_rng(1).integers(0, 255, (700, 900, 3), np.uint8)
    assert (shrunk(rgb[::-1, :, ::-1]) == shrunk(np.ascontiguousarray(rgb[::-1, :, ::-1]))).all()

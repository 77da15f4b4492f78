"""The times a file gives its frames, sound and unsound."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import av
import pytest

from agent.capture.decoding import timed

MS = 1_000_000


def frame(pts_ms: int | None) -> av.VideoFrame:
    made = av.VideoFrame(2, 2)
    made.pts, made.time_base = pts_ms, Fraction(1, 1000)
    return made


def times_ms(pts_ms: list[int | None], losses: Counter[str], origin_s: Fraction = Fraction(0)) -> list[int | None]:
    timeline = timed((frame(pts) for pts in pts_ms), origin_s, losses)
    return [None if time_ns is None else time_ns // MS for time_ns, _ in timeline]


def test_times_count_from_the_origin() -> None:
    assert times_ms([1400, 1440, None], Counter(), Fraction(14, 10)) == [0, 40, None]


@pytest.mark.parametrize("lone", [7_200_000, 61_000])
def test_a_lone_frame_far_ahead_is_left_out_and_counted(lone: int) -> None:
    losses: Counter[str] = Counter()
    assert times_ms([0, 40, lone, 80, 120], losses) == [0, 40, 80, 120]
    assert losses == {"leaps": 1}


def test_a_long_pause_that_the_next_frame_confirms_is_kept() -> None:
    losses: Counter[str] = Counter()
    assert times_ms([0, 40, 200_000, 200_040, 500_000], losses) == [0, 40, 200_000, 200_040, 500_000]
    assert losses == {}

"""Which frames of a file are decoded, and the times it gives them, sound and unsound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.capture.decoding import decode, ticks_ns, timed
from tests.agent.capture.films import write_moving

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


@given(
    pts=st.integers(-(10**12), 10**12),
    time_base=st.fractions(min_value="1/192000", max_value=1, max_denominator=192_000),
    origin_s=st.fractions(min_value=-10, max_value=10_000, max_denominator=90_000),
)
def test_ticks_become_the_nanoseconds_that_exact_fractions_give(
    pts: int, time_base: Fraction, origin_s: Fraction
) -> None:
    assert ticks_ns(time_base, origin_s)(pts) == int((pts * time_base - origin_s) * 10**9)


def decoded(film: Path, is_spare: Callable[[int], bool] | None) -> int:
    with av.open(str(film)) as container:
        losses: Counter[str] = Counter()
        count = sum(1 for _ in decode(container, container.streams.video[0], losses, is_spare))
    assert losses == {}
    return count


def test_spare_frames_are_decoded_only_where_others_need_them(tmp_path: Path) -> None:
    both_ways = write_moving(tmp_path / "film.mp4", "libx264", 25, 30)
    forward = write_moving(tmp_path / "forward.mp4", "libx264", 25, 30, {"bf": "0"})
    each_for_itself = write_moving(tmp_path / "film.avi", "mjpeg", 25, 30)
    films = both_ways, forward, each_for_itself
    assert [decoded(film, None) for film in films] == [30, 30, 30]
    some, all_of_them, none = (decoded(film, lambda _: True) for film in films)
    assert 0 < some < 20
    assert (all_of_them, none) == (30, 0)

"""What the face head reads of the last five seconds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.baseline import Baseline
from encoders.face_statistics import (
    CHANNELS,
    FACE_STATISTICS,
    LEAST_SEEN_S,
    LONGEST_STEP_S,
    PRIOR_S,
    WINDOW_S,
    ChannelScale,
    FaceWindow,
)

Seen = tuple[float, float, NDArray[np.float64] | None]


def _seen(spacing_s: float, count: int) -> list[Seen]:
    """A face at an uneven rate, gone now and then, and once for longer than is looked back."""
    random = np.random.default_rng(round(1 / spacing_s))
    seen, time_s = list[Seen](), 0.0
    for number in range(count):
        time_s += spacing_s * random.uniform(0.5, 1.5) + (0.3 if number % 40 == 7 else 0.0)
        if number == count // 2:
            time_s += 2 * WINDOW_S
        channels = None if random.random() < 0.1 else random.normal(size=len(CHANNELS))
        seen.append((time_s, spacing_s, channels))
    return seen


def _written_out(seen: list[Seen], scale: ChannelScale) -> dict[str, float] | None:
    """The statistics after the last of the frames, each as its name says."""
    baseline = Baseline(scale.mean, prior_s=PRIOR_S)
    rows = []
    for time_s, duration_s, channels in seen:
        if channels is not None:
            baseline.update(channels, duration_s)
            rows.append((time_s, duration_s, channels / scale.spread, (channels - baseline.level) / scale.spread))
    rows = [row for row in rows if row[0] > seen[-1][0] - WINDOW_S]
    if sum(row[1] for row in rows) < LEAST_SEEN_S:
        return None
    weights = np.array([row[1] for row in rows])
    own = {name: np.array([row[2][at] for row in rows]) for at, name in enumerate(CHANNELS)}
    off = {name: np.array([row[3][at] for row in rows]) for at, name in enumerate(CHANNELS)}
    steps_s = np.diff([row[0] for row in rows])
    near = steps_s <= LONGEST_STEP_S

    def mean(values: NDArray[np.float64]) -> float:
        return float(np.average(values, weights=weights))

    def speed(name: str) -> float:
        return float(np.abs(np.diff(own[name]))[near].sum() / steps_s[near].sum())

    def spread(name: str) -> float:
        return float(np.sqrt(mean(np.square(own[name] - mean(own[name])))))

    brows = np.sort(own["brow_inner"] + own["brow_outer"])
    at = len(brows) - 1
    return {
        "smile": mean(off["smile"]),
        "frown": mean(off["frown"]),
        "brow_raise": (mean(off["brow_inner"]) + mean(off["brow_outer"])) / 2,
        "brow_flash": float(brows[round(0.95 * at)] - brows[round(0.5 * at)]),
        "brow_lower": mean(off["brow_down"]),
        "squint": mean(off["squint"]),
        "lids": mean(off["lids"]),
        "lip_press": mean(off["press"]),
        "lip_asymmetry": mean(off["one_sided"]),
        "mouth_movement": speed("jaw"),
        "gaze_up": mean(off["gaze_y"]),
        "gaze_aversion": mean(np.abs(off["gaze_x"]) + np.abs(off["gaze_y"])),
        "head_movement": (speed("yaw") + speed("pitch") + speed("roll")) / 3,
        "head_tilt": mean(np.abs(off["roll"])),
        "expressivity": sum(map(spread, ("smile", "brow_inner", "brow_outer", "brow_down", "squint", "press"))) / 6,
    }


@pytest.mark.parametrize("rate_hz", [5, 15, 150], ids=lambda rate_hz: f"{rate_hz} a second")
def test_the_statistics_are_those_of_the_last_five_seconds_at_any_rate(rate_hz: int) -> None:
    scale = ChannelScale.load()
    seen = _seen(1 / rate_hz, 30 * rate_hz)
    window = FaceWindow(scale)
    asked = 0
    for number, frame in enumerate(seen, 1):
        window.push(*frame)
        if number % (3 * rate_hz) == 2 or number == len(seen):
            expected, measured = _written_out(seen[:number], scale), window.measure()
            assert (measured is None) == (expected is None)
            if expected is not None and measured is not None:
                asked += 1
                assert dict(zip((each.name for each in FACE_STATISTICS), measured, strict=True)) == pytest.approx(
                    expected, abs=1e-9
                )
    assert asked >= 7


def test_a_window_that_was_reset_is_as_good_as_new() -> None:
    scale = ChannelScale.load()
    used, new = FaceWindow(scale), FaceWindow(scale)
    for frame in _seen(1 / 60, 600):
        used.push(*frame)
    used.reset()
    assert used.measure() is None
    for frame in _seen(1 / 15, 60):
        np.testing.assert_array_equal(used.push(*frame), new.push(*frame))
    measured, expected = used.measure(), new.measure()
    assert measured is not None
    assert expected is not None
    np.testing.assert_array_equal(measured, expected)

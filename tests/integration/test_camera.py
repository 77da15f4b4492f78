"""The camera against a network camera of our own: frames in time, and an end that is said when it comes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import numpy as np
import pytest

from agent.capture.camera import Camera
from agent.capture.source import CaptureError, Problem
from agent.clock import SessionClock
from tests.integration.processes import PATIENCE_S
from tests.stand_ins.mjpeg import MjpegServer


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    with MjpegServer(rate_hz=30) as running:
        yield running


def test_frames_come_at_about_the_rate_asked_for_with_rising_times(server: MjpegServer) -> None:
    clock = SessionClock.start()
    with Camera(server.address, clock, rate_hz=15) as camera:
        frames = list(itertools.islice(camera, 31))
        assert frames[-1].pts_ns <= clock.now_ns()
    times_s = np.array([frame.pts_ns for frame in frames]) / 1e9
    assert np.all(np.diff(times_s) > 0)
    assert 10 < 30 / (times_s[-1] - times_s[0]) < 16
    assert {frame.rgb.shape for frame in frames} == {(240, 320, 3)}


def test_colours_arrive_as_rgb(server: MjpegServer) -> None:
    with Camera(server.address, SessionClock.start()) as camera:
        colours = [frame.rgb.mean(axis=(0, 1)) for frame in itertools.islice(camera, 3)]
    for _, green, blue in colours:
        assert green == pytest.approx(64, abs=4)
        assert blue == pytest.approx(192, abs=4)


def test_the_first_frame_comes_soon(server: MjpegServer) -> None:
    started = time.monotonic()
    with Camera(server.address, SessionClock.start()) as camera:
        next(iter(camera))
    assert time.monotonic() - started < 4  # left to itself FFmpeg looks at five seconds of it first


def test_a_slow_reader_gets_the_newest_frame_and_the_rest_is_counted(server: MjpegServer) -> None:
    clock = SessionClock.start()
    with Camera(server.address, clock, rate_hz=30) as camera:
        frames = iter(camera)
        first = next(frames)
        while (dropped := camera.losses["dropped"]) <= 15:
            clock.sleep_until_ns(clock.now_ns() + 10_000_000)
        later = next(frames)
        assert dropped < later.seq - first.seq <= camera.losses["dropped"] + 1


def test_a_stalled_camera_is_reported(server: MjpegServer) -> None:
    with Camera(server.address, SessionClock.start(), patience_s=0.5) as camera:
        frames = iter(camera)
        next(frames)
        server.stall()
        with pytest.raises(CaptureError, match="no picture") as caught:
            list(frames)
    assert caught.value.problem is Problem.VANISHED


def test_a_camera_that_dies_is_reported_at_once(server: MjpegServer) -> None:
    with Camera(server.address, SessionClock.start(), patience_s=PATIENCE_S) as camera:
        frames = iter(camera)
        next(frames)
        server.die()
        with pytest.raises(
            CaptureError, match="failed again and again"
        ) as caught:  # and not: sent no picture for so long
            list(frames)
    assert caught.value.problem is Problem.VANISHED


def test_an_address_without_a_camera_is_absent(server: MjpegServer) -> None:
    server.die()
    with pytest.raises(CaptureError) as caught, Camera(server.address, SessionClock.start()):
        pass
    assert caught.value.problem is Problem.ABSENT

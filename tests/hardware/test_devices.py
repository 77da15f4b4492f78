"""A real camera and a real microphone: run by hand with `pytest -m hardware` on a machine that has them."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest

from agent.capture.camera import Camera
from agent.capture.devices import default_camera, default_microphone
from agent.capture.microphone import Microphone
from agent.clock import SessionClock

pytestmark = pytest.mark.hardware


def test_the_default_camera_gives_frames_whose_times_rise() -> None:
    device = default_camera()
    if device is None:
        pytest.skip("no camera is connected")
    with Camera(device, SessionClock.start()) as camera:
        frames = list(islice(camera, 30))
    assert all(earlier.pts_ns < later.pts_ns for earlier, later in pairwise(frames))
    assert any(np.ptp(frame.rgb) > 0 for frame in frames)


def test_the_default_microphone_gives_sound_without_holes() -> None:
    device = default_microphone()
    if device is None:
        pytest.skip("no microphone is connected")
    with Microphone(device, SessionClock.start()) as microphone:
        chunks = list(islice(microphone, 60))
    assert all(abs(later.pts_ns - earlier.interval.end_ns) < 1_000_000 for earlier, later in pairwise(chunks))
    assert any(np.abs(chunk.pcm).max() > 0 for chunk in chunks)

"""The camera over grabbers that misbehave as cameras do, and OpenCV's over a film in place of a device."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.capture.camera import Camera
from agent.capture.grabber import DeviceGrabber
from agent.capture.source import CaptureError, Problem
from agent.clock import ManualClock
from tests.agent.capture.films import write_video

MS = 1_000_000
PATIENCE_S = 20.0
PICTURE = np.zeros((4, 4, 3), np.uint8)


class Script:
    """A camera that plays a plan: a picture, a damaged one (None) or a failure (False) at each grab, then failures."""

    def __init__(
        self, clock: ManualClock, plan: Iterable[NDArray[np.uint8] | bool | None], period_ms: int = 100
    ) -> None:
        self.released = threading.Event()
        self._clock = clock
        self._plan = iter(plan)
        self._period_ms = period_ms
        self._now: NDArray[np.uint8] | bool | None = False

    def grab(self) -> bool:
        self._clock.advance_to_ns(self._clock.now_ns() + self._period_ms * MS)
        self._now = next(self._plan, False)
        return self._now is not False

    def retrieve(self) -> NDArray[np.uint8] | None:
        return self._now if isinstance(self._now, np.ndarray) else None

    def release(self) -> None:
        self.released.set()


def opened(grabber: Script) -> Callable[[int | str, float, tuple[int, int]], Script]:
    return lambda *_: grabber


def camera_over(script: Script, clock: ManualClock) -> Camera:
    return Camera(0, clock, rate_hz=15, opener=opened(script))


def test_a_frame_is_stamped_with_the_moment_of_its_grab() -> None:
    clock = ManualClock()
    with camera_over(Script(clock, [PICTURE]), clock) as camera:
        frame = next(iter(camera))
    assert (frame.seq, frame.pts_ns) == (0, 100 * MS)


def test_only_the_newest_frame_is_kept_and_the_others_are_counted() -> None:
    clock = ManualClock()
    script = Script(clock, [PICTURE] * 5)
    with camera_over(script, clock) as camera:
        assert script.released.wait(PATIENCE_S)  # it has grabbed all it had
        frame = next(iter(camera))
        assert (frame.seq, frame.pts_ns) == (4, 500 * MS)
        assert camera.losses["dropped"] == 4


def test_frames_above_the_rate_are_left_out_without_being_losses() -> None:
    clock = ManualClock()
    script = Script(clock, [PICTURE] * 30, period_ms=10)
    with camera_over(script, clock) as camera:
        assert script.released.wait(PATIENCE_S)
        assert next(iter(camera)).seq == 4  # 300 ms at 15 Hz


def test_ten_failures_are_borne_and_the_next_frame_comes_through() -> None:
    clock = ManualClock()
    with camera_over(Script(clock, [*[False] * 10, PICTURE]), clock) as camera:
        assert next(iter(camera)).seq == 0
        assert camera.losses["failed"] >= 10


def test_more_than_ten_failures_end_it_with_a_reason() -> None:
    clock = ManualClock()
    script = Script(clock, [*[False] * 11, PICTURE])
    with camera_over(script, clock) as camera, pytest.raises(CaptureError, match="again and again") as caught:
        list(camera)
    assert caught.value.problem is Problem.VANISHED
    assert script.released.is_set()


def test_a_damaged_picture_is_counted_and_skipped() -> None:
    clock = ManualClock()
    with camera_over(Script(clock, [None, PICTURE]), clock) as camera:
        assert next(iter(camera)).pts_ns == 200 * MS
        assert camera.losses["damaged"] == 1


def test_a_camera_that_hangs_is_given_up_on() -> None:
    release = threading.Event()

    class Hanging(Script):
        def grab(self) -> bool:
            return not release.wait()

    clock = ManualClock()
    with Camera(0, clock, patience_s=0.05, opener=opened(Hanging(clock, []))) as camera:
        with pytest.raises(CaptureError, match=r"no picture for 0\.05 s"):
            list(camera)
        release.set()


def test_leaving_releases_the_camera() -> None:
    clock = ManualClock()
    script = Script(clock, itertools.repeat(PICTURE))
    with camera_over(script, clock) as camera:
        next(iter(camera))
    assert script.released.wait(PATIENCE_S)


def test_opencv_pictures_become_rgb(tmp_path: Path) -> None:
    film = write_video(tmp_path / "film.avi", [0], codec="ffv1", pix_fmt="bgr0", colour=(200, 100, 20))
    grabber = DeviceGrabber(str(film), 15.0, (64, 48))
    assert grabber.grab()
    rgb = grabber.retrieve()
    grabber.release()
    assert rgb is not None
    np.testing.assert_allclose(rgb[20, 20], (200, 100, 20), atol=2)
    assert rgb.flags.c_contiguous


def test_a_camera_that_is_not_there_is_absent(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CaptureError, match="There is no camera 97") as caught, Camera(97, ManualClock()):
        pass
    assert caught.value.problem is Problem.ABSENT
    assert capfd.readouterr().err == ""


def test_a_device_that_gives_no_pictures_is_busy(tmp_path: Path) -> None:
    (tmp_path / "video").write_bytes(b"\0" * 100)
    with pytest.raises(CaptureError, match="Close the program") as caught:
        DeviceGrabber(str(tmp_path / "video"), 15.0, (64, 48))
    assert caught.value.problem is Problem.BUSY


def test_frame_numbers_rise() -> None:
    clock = ManualClock()
    with camera_over(Script(clock, itertools.repeat(PICTURE)), clock) as camera:
        seqs = [frame.seq for frame in itertools.islice(camera, 5)]
    assert seqs == sorted(set(seqs))

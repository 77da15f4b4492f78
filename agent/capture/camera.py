"""A camera in, its newest frames, stamped as they were grabbed, out."""

from __future__ import annotations

import itertools
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from agent.capture.grabber import Grabber, open_grabber
from agent.capture.grid import FrameGrid
from agent.capture.media import shown
from agent.capture.source import WAKE_S, CaptureError, Problem
from agent.clock import Clock
from encoders.samples import VideoFrame

_MOST_FAILURES = 10
_RETRY_S = 0.02
_LEAVE_S = 1.0


class Camera:
    """A camera by index, device path (/dev/video0) or address (HTTP MJPEG, RTSP), at most `rate_hz` frames a second.

    A thread of its own grabs for as long as the camera is open and keeps the newest frame only, so that a slow reader
    gets fewer frames but never old ones. Frames nobody fetched leave a hole in `seq`.

    Losses: dropped (a newer frame came before it was fetched), failed (the camera gave nothing), damaged. Entering
    raises CaptureError (absent, forbidden, busy, not_media, empty); iterating raises it (vanished) after more than ten
    failures in a row or `patience_s` without a frame.
    """

    def __init__(
        self,
        device: int | str,
        clock: Clock,
        rate_hz: float = 15.0,
        size: tuple[int, int] = (640, 480),
        *,
        patience_s: float = 3.0,
        opener: Callable[[int | str, float, tuple[int, int]], Grabber] = open_grabber,
    ) -> None:
        self.name = f"camera {shown(device)}"
        self.losses: Counter[str] = Counter()
        self._device = device
        self._clock = clock
        self._rate_hz = rate_hz
        self._size = size
        self._patience_s = patience_s
        self._opener = opener
        self._change = threading.Condition()
        self._newest: VideoFrame | None = None
        self._lost = False
        self._closing = False

    def __enter__(self) -> Self:
        grabber = self._opener(self._device, self._rate_hz, self._size)
        # A daemon: a driver may block for many seconds on a camera that is gone, and must not keep the process alive.
        self._thread = threading.Thread(target=self._grab_on, args=(grabber,), name=self.name, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._change:
            self._closing = True
            self._change.notify_all()
        self._thread.join(_LEAVE_S)

    def __iter__(self) -> Iterator[VideoFrame]:
        while True:
            with self._change:
                came = self._await_change()
                frame, self._newest = self._newest, None
            if frame is None:
                why = "failed again and again" if came else f"sent no picture for {self._patience_s:g} s"
                raise CaptureError(Problem.VANISHED, f"{self.name} {why}. Check that it is plugged in and switched on.")
            yield frame

    def _await_change(self) -> bool:
        """Whether a frame came in time, or none will any more."""
        naps = range(math.ceil(self._patience_s / WAKE_S))
        return any(self._change.wait_for(lambda: self._newest is not None or self._lost, WAKE_S) for _ in naps)

    def _grab_on(self, grabber: Grabber) -> None:
        """The thread: grab until closed or lost. The grabber is released here, where it is certain not to be in use."""
        grid = FrameGrid(self._rate_hz)
        seq = itertools.count()
        failures = 0
        try:
            while not self._closing and failures <= _MOST_FAILURES:
                grabbed = grabber.grab()
                pts_ns = self._clock.now_ns()
                if grabbed:
                    failures = 0
                    if grid.admits(pts_ns):
                        self._keep(grabber, next(seq), pts_ns)
                else:
                    failures += 1
                    self.losses["failed"] += 1
                    self._pause()
        finally:
            grabber.release()
            with self._change:
                self._lost = True
                self._change.notify_all()

    def _keep(self, grabber: Grabber, seq: int, pts_ns: int) -> None:
        rgb = grabber.retrieve()
        if rgb is None:
            self.losses["damaged"] += 1
            return
        with self._change:
            if self._newest is not None:
                self.losses["dropped"] += 1
            self._newest = VideoFrame(seq, pts_ns, rgb)
            self._change.notify_all()

    def _pause(self) -> None:
        """Give a camera that hiccuped a moment, or leave at once when closing."""
        with self._change:
            self._change.wait_for(lambda: self._closing, _RETRY_S)

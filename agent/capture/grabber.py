"""A camera's index, device path or address in; one picture at a time out. How pictures come in, not when."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from numpy.typing import NDArray

from agent.capture.decoding import decode
from agent.capture.media import best_video, is_address, open_media, shown
from agent.capture.picture import to_rgb
from agent.capture.source import CaptureError, Problem


class Grabber(Protocol):
    """An open camera. Used by one thread at a time."""

    def grab(self) -> bool:
        """Wait for the next picture and take it, undecoded where possible; False when none came."""
        ...

    def retrieve(self) -> NDArray[np.uint8] | None:
        """The picture last grabbed, uint8 RGB [height, width, 3]; None when it is damaged."""
        ...

    def release(self) -> None: ...


class DeviceGrabber:
    """A camera of this machine, through OpenCV: an index or a device path (/dev/video0).

    Rate and size are wishes: the camera takes what comes nearest. Raises CaptureError: absent, forbidden or busy.
    """

    def __init__(self, device: int | str, rate_hz: float, size: tuple[int, int]) -> None:
        import cv2  # slow to load, and only cameras need it

        cv2.setNumThreads(1)
        cv2.setLogLevel(0)  # silent: why a camera does not open is said below
        self._to_rgb = partial(cv2.cvtColor, code=cv2.COLOR_BGR2RGB)
        number = _number(device)
        on_linux = sys.platform == "linux" and isinstance(number, int)
        self._capture = cv2.VideoCapture(number, cv2.CAP_V4L2 if on_linux else cv2.CAP_ANY)
        if not self._capture.isOpened():
            raise _explain(device)
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        self._capture.set(cv2.CAP_PROP_FPS, rate_hz)

    def grab(self) -> bool:
        return bool(self._capture.grab())

    def retrieve(self) -> NDArray[np.uint8] | None:
        ok, bgr = self._capture.retrieve()
        # Turned by numpy, a picture takes longer than all else that becomes of it here.
        return np.asarray(self._to_rgb(bgr), dtype=np.uint8) if ok else None

    def release(self) -> None:
        self._capture.release()


class AddressGrabber:
    """A camera on the network, through FFmpeg: HTTP (MJPEG and others) or RTSP.

    Not through OpenCV, whose FFmpeg would follow a stream to any protocol and buffer seconds before the first picture.
    Raises CaptureError as open_media does.
    """

    def __init__(self, address: str) -> None:
        self._container = open_media(address, live=True)
        stream = best_video(self._container)
        if stream is None:
            self._container.close()
            raise CaptureError(Problem.EMPTY, f"{shown(address)} sends no pictures.")
        self._frames: Iterator[av.VideoFrame] = decode(self._container, stream, Counter())
        self._frame: av.VideoFrame | None = None

    def grab(self) -> bool:
        try:
            self._frame = next(self._frames, None)
        except CaptureError:  # silent for the time open_media allows, or cut off
            self._frame = None
        return self._frame is not None

    def retrieve(self) -> NDArray[np.uint8] | None:
        return None if self._frame is None else to_rgb(self._frame)

    def release(self) -> None:
        self._container.close()


def open_grabber(device: int | str, rate_hz: float, size: tuple[int, int]) -> Grabber:
    """Open a camera by index, device path or address (http, https, rtsp, rtsps)."""
    if isinstance(device, str) and is_address(device):
        return AddressGrabber(device)
    return DeviceGrabber(device, rate_hz, size)


def _number(device: int | str) -> int | str:
    """The N of /dev/videoN, also behind a link such as /dev/v4l/by-id/…; anything else as it is."""
    if isinstance(device, str) and device.startswith("/dev/"):
        name = Path(device).resolve().name
        if name.startswith("video") and name[5:].isdecimal():
            return int(name[5:])
    return int(device) if isinstance(device, str) and device.isdecimal() else device


def _explain(device: int | str) -> CaptureError:
    """Why OpenCV, which does not say, could not open a camera."""
    if sys.platform != "linux":
        return CaptureError(
            Problem.ABSENT,
            f"Camera {device} cannot be opened. Check that it is plugged in, that no other program uses it, and that "
            "the system's privacy settings allow cameras.",
        )
    number = _number(device)
    node = Path(f"/dev/video{number}" if isinstance(number, int) else number)
    if not node.exists():
        return CaptureError(
            Problem.ABSENT, f"There is no camera {device}. Choose from those that 'deadpan doctor' lists."
        )
    if not os.access(node, os.R_OK | os.W_OK):
        return CaptureError(
            Problem.FORBIDDEN, f"Not allowed to open {node}. Run: sudo usermod -aG video $USER, and log in again."
        )
    return CaptureError(Problem.BUSY, f"{node} gives no pictures. Close the program that uses it, or choose another.")

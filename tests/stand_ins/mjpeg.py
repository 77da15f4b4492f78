"""A network camera made of nothing: MJPEG over HTTP on the loopback interface.

    with MjpegServer(rate_hz=25) as camera:
        ...                    # open camera.address
        camera.stall()         # keeps the connection, sends no more
        camera.resume()
        camera.die()           # cuts every connection and refuses new ones

It shows the pictures it is given, over and over. Without any, frame n is a plain picture whose red level tells it
apart: (n * 8) % 256; green is 64 and blue 192.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

_BOUNDARY = "frame"


def red_of(number: int) -> int:
    """The red level of frame `number`."""
    return number * 8 % 256


def picture(number: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Frame `number`: uint8 RGB [height, width, 3]."""
    width, height = size
    return np.full((height, width, 3), (red_of(number), 64, 192), np.uint8)


class MjpegServer:
    """Serves frames at `rate_hz` to whoever connects, each connection from frame 0 on."""

    def __init__(
        self,
        rate_hz: float = 25.0,
        size: tuple[int, int] = (320, 240),
        pictures: Sequence[NDArray[np.uint8]] = (),
    ) -> None:
        self.size = size
        self._period_s = 1 / rate_hz
        self._dead = threading.Event()
        self._flowing = threading.Event()
        self._flowing.set()
        plain = [picture(number, size) for number in range(32)]  # the red level then starts over
        self._jpegs = [_encode(each) for each in pictures or plain]
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._request_class())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/video.mjpg"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.die()

    def stall(self) -> None:
        """Send nothing more, and keep the connections open."""
        self._flowing.clear()

    def resume(self) -> None:
        """Send again after a stall."""
        self._flowing.set()

    def die(self) -> None:
        """Cut every connection and refuse new ones."""
        if not self._dead.is_set():
            self._dead.set()
            self._flowing.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def _request_class(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Request(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
                self.end_headers()
                server._serve(self.wfile)

            def log_message(self, *_: object) -> None:
                pass  # tests read standard error

        return Request

    def _serve(self, out: io.BufferedIOBase) -> None:
        number = 0
        while not self._dead.wait(self._period_s):
            self._flowing.wait()
            jpeg = self._jpegs[number % len(self._jpegs)]
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            try:
                out.write(head.encode() + jpeg + b"\r\n")
            except OSError:  # the reader left
                return
            number += 1


def _encode(rgb: NDArray[np.uint8]) -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.height, encoder.width = rgb.shape[:2]
    encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))

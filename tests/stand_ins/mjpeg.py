"""A network camera made of nothing: MJPEG over HTTP on the loopback interface.

    with MjpegServer(rate_hz=25) as camera:
        ...                    # open camera.address
        camera.stall()         # keeps the connection, sends no more
        camera.resume()
        camera.die()           # cuts every connection and refuses new ones
        camera.occupy()        # somebody else has it: whoever connects is sent away
        camera.release()
        camera.flash()         # the next picture is white; returns the moment at which it is sent
        camera.play(jpegs, time.monotonic_ns() + 1_000_000_000)  # a film, once

It shows the pictures it is given, over and over. Without any, frame n is a plain picture whose red level tells it
apart: (n * 8) % 256; green is 64 and blue 192.
"""

from __future__ import annotations

import io
import queue
import threading
import time
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
        port: int = 0,
    ) -> None:
        self.size = size
        self._period_ns = round(1e9 / rate_hz)
        self._flash_wanted = threading.Event()
        self._flashed_ns: queue.Queue[int] = queue.Queue()
        self._plays_ns = 0
        self._film: tuple[bytes, ...] = ()
        self._dead = threading.Event()
        self._occupied = threading.Event()
        self._flowing = threading.Event()
        self._flowing.set()
        plain = [picture(number, size) for number in range(32)]  # the red level then starts over
        self._jpegs = [encode_jpeg(each) for each in pictures or plain]
        self._white = encode_jpeg(np.full((size[1], size[0], 3), 255, np.uint8))
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._request_class())
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

    @property
    def port(self) -> int:
        """Where it is reached; whoever asks for the same one once it is dead comes back as it."""
        return self._server.server_port

    def occupy(self) -> None:
        """Be in use, as cameras are that serve one at a time."""
        self._occupied.set()

    def release(self) -> None:
        """Be free again."""
        self._occupied.clear()

    def flash(self) -> int:
        """Make the next picture white, and one only, for the one who watches; returns the monotonic time at which it
        was sent, in ns. Raises queue.Empty when nobody has fetched it within twenty seconds.
        """
        self._flash_wanted.set()
        return self._flashed_ns.get(timeout=20.0)

    def play(self, jpegs: Sequence[bytes], at_ns: int) -> None:
        """Show these pictures once, number k at the monotonic time `at_ns` + k periods; then the usual ones again.

        They come from encode_jpeg. Whoever fetches too slowly misses some, as with a camera.
        """
        self._plays_ns, self._film = at_ns, tuple(jpegs)

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
                if server._occupied.is_set():
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
                self.end_headers()
                server._serve(self.wfile)

            def log_message(self, *_: object) -> None:
                pass  # tests read standard error

        return Request

    def _serve(self, out: io.BufferedIOBase) -> None:
        due_ns = time.monotonic_ns()
        number = 0
        while not self._dead.wait(max(0, due_ns - time.monotonic_ns()) / 1e9):
            self._flowing.wait()
            flashes = self._flash_wanted.is_set()
            jpeg = self._white if flashes else self._picture_at(due_ns, number)
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            sent_ns = time.monotonic_ns()
            try:
                out.write(head.encode() + jpeg + b"\r\n")
            except OSError:  # the reader left
                return
            if flashes:
                self._flash_wanted.clear()
                self._flashed_ns.put(sent_ns)
            number += 1
            due_ns = max(self._due_after(due_ns), time.monotonic_ns())

    def _picture_at(self, now_ns: int, number: int) -> bytes:
        place = (now_ns - self._plays_ns) // self._period_ns
        return self._film[place] if 0 <= place < len(self._film) else self._jpegs[number % len(self._jpegs)]

    def _due_after(self, due_ns: int) -> int:
        """A period later, or when the film begins if that comes first: each of its pictures has its own time."""
        next_ns = due_ns + self._period_ns
        return self._plays_ns if due_ns < self._plays_ns < next_ns else next_ns


def encode_jpeg(rgb: NDArray[np.uint8]) -> bytes:
    """A picture, uint8 RGB [height, width, 3], as a camera would send it."""
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.height, encoder.width = rgb.shape[:2]
    encoder.pix_fmt, encoder.time_base = "yuvj420p", Fraction(1, 25)
    encoder.qmax = 3  # of 31: as good as a camera's
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))

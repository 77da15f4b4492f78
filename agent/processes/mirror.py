"""A camera's frames in, on to their readers; and to whoever asks for one, the next of them as a picture, out.

Who asks is the page that deadpan run --dashboard --picture opens, at a socket in the session's private folder. A
question is answered once, with the next frame; so nothing is made, sent or held that nobody waits for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import TracebackType

import cv2
import zmq

from agent.processes.sensing import Writer
from agent.processes.wire import Ended, Value
from encoders.samples import VideoFrame

_QUALITY = 75  # of JPEG, in [0, 100]: 15 kB for the demo's 640 by 480 pixels, and 0.7 ms
_ASKING = 8  # questions that are taken with one frame; a page has one, and so has its successor


class Mirror:
    """A writer that shows what it writes to whoever asks at `address`. It never waits for them.

    An answer is the frame's pts_ns, in decimal, and a JPEG picture of it. Counted: pictures_shown, and
    pictures_refused, those whose asker was gone or does not read.
    """

    def __init__(self, out: Writer, address: str) -> None:
        self._out = out
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        for option, value in (
            (zmq.LINGER, 0),
            (zmq.SNDHWM, 1),
            (zmq.RCVHWM, _ASKING),
            (zmq.MAXMSGSIZE, 256),  # a question is empty, the handshake is not
            (zmq.ROUTER_MANDATORY, 1),  # say so when an answer cannot be given
        ):
            self._socket.setsockopt(option, value)
        self._socket.bind(address)
        self.counters: Counter[str] = Counter(pictures_shown=0)

    def __enter__(self) -> Mirror:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._context.term()

    def send(self, value: Value) -> None:
        """Write a frame, and then show it to those who have asked for one since the last."""
        self._out.send(value)
        if isinstance(value, VideoFrame) and (askers := self._askers()):
            self._show(value, askers)

    def conclude(self, value: Ended, goes_on: Callable[[], bool]) -> None:
        """Write the last of it."""
        self._out.conclude(value, goes_on)

    def _askers(self) -> set[bytes]:
        askers = set[bytes]()
        for _ in range(_ASKING):
            try:
                askers.add(self._socket.recv_multipart(zmq.NOBLOCK)[0])
            except zmq.Again:
                break
        return askers

    def _show(self, frame: VideoFrame, askers: set[bytes]) -> None:
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        answer = str(frame.pts_ns).encode(), jpeg.tobytes()
        for asker in askers:
            try:
                self._socket.send_multipart((asker, *answer), zmq.NOBLOCK)
                self.counters["pictures_shown"] += 1
            except zmq.ZMQError:  # it has gone, or does not take what it asked for
                self.counters["pictures_refused"] += 1

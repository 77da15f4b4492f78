"""What the camera's process shows of its frames: to whoever asks, once for each question, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
import zmq

from agent.processes.mirror import Mirror
from agent.processes.wire import Ended, Value
from encoders.samples import VideoFrame

_PATIENCE_MS = 20_000


class Written:
    """Where frames go on to."""

    def __init__(self) -> None:
        self.values: list[Value] = []

    def send(self, value: Value) -> None:
        self.values.append(value)

    def conclude(self, value: Ended, goes_on: Callable[[], bool]) -> None:
        assert goes_on()
        self.values.append(value)


@contextmanager
def _asking(address: str) -> Iterator[zmq.Socket[bytes]]:
    """A page's server."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.RCVTIMEO, _PATIENCE_MS)
    socket.connect(address)
    try:
        yield socket
    finally:
        context.destroy(linger=0)


def _frame(seq: int) -> VideoFrame:
    rgb = np.zeros((48, 64, 3), np.uint8)
    rgb[:, :32] = 200, 30, 30
    return VideoFrame(seq, seq * 1_000_000, rgb)


def _until(mirror: Mirror, name: str) -> VideoFrame:
    """Frame after frame, until what is counted under a name has come to pass; the last of them."""
    for seq in range(1, 1_000_000):
        mirror.send(_frame(seq))
        if mirror.counters[name]:
            return _frame(seq)
    raise AssertionError(f"no {name}: {mirror.counters}")


def test_a_question_is_answered_once_with_the_next_frame_as_it_is(tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/picture"
    with Mirror(Written(), address) as mirror, _asking(address) as socket:
        socket.send(b"")
        shown = _until(mirror, "pictures_shown")
        mirror.send(_frame(shown.seq + 1))
        pts_ns, jpeg = socket.recv_multipart()
        assert int(pts_ns) == shown.pts_ns
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert np.abs(picture[:, :, ::-1].astype(int) - shown.rgb).mean() < 8
        assert not socket.poll(0)
        assert mirror.counters == {"pictures_shown": 1}


def test_all_is_written_and_nothing_made_while_nobody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "imencode")
    written = Written()
    with Mirror(written, f"ipc://{tmp_path}/picture") as mirror:
        for seq in range(3):
            mirror.send(_frame(seq))
        mirror.conclude(Ended("camera"), lambda: True)
        assert mirror.counters == {"pictures_shown": 0}
    assert [type(value) for value in written.values] == [VideoFrame] * 3 + [Ended]


def test_who_asks_and_does_not_read_or_does_not_stay_holds_nothing_up_and_is_counted(tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/picture"
    with Mirror(Written(), address) as mirror:
        with _asking(address) as deaf:
            seq = 0
            while not mirror.counters["pictures_refused"]:
                deaf.send(b"")
                mirror.send(_frame(seq := seq + 1))
        with _asking(address) as gone:
            gone.send(b"")
        with _asking(address) as socket:
            socket.send(b"")
            while not socket.poll(0):
                mirror.send(_frame(seq := seq + 1))
            pts_ns, _ = socket.recv_multipart()
            assert int(pts_ns) <= _frame(seq).pts_ns


def test_a_question_too_long_to_be_one_ends_the_connection_and_is_not_answered(tmp_path: Path) -> None:
    address = f"ipc://{tmp_path}/picture"
    with Mirror(Written(), address) as mirror, _asking(address) as hostile, _asking(address) as socket:
        hostile.send(bytes(100_000))
        socket.send(b"")
        _until(mirror, "pictures_shown")
        assert socket.recv_multipart()
        assert not hostile.poll(0)

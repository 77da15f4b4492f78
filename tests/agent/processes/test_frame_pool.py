"""Pictures between processes in memory that both hold."""

from __future__ import annotations

import gc
import mmap
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from agent.capture.picture import LONG_EDGE_PX
from agent.processes.bus import Bus
from agent.processes.frame_pool import PLACES, USUAL_PX, FramePool, reserve
from agent.processes.wire import Lent, Value
from encoders.samples import VideoFrame


def _is_to_be_had() -> bool:
    memory = reserve()
    if memory is not None:
        os.close(memory)
    return memory is not None


pytestmark = pytest.mark.skipif(not _is_to_be_had(), reason="this system has no memory without a name")

PATIENCE_MS = 20_000


@pytest.fixture
def memory() -> Iterator[int]:
    memory = reserve()
    assert memory is not None
    yield memory
    os.close(memory)


@pytest.fixture
def lender(memory: int) -> FramePool:
    return FramePool(memory)


@pytest.fixture
def borrower(memory: int) -> FramePool:
    return FramePool(memory)


def _frame(number: int, height: int = 48, width: int = 64) -> VideoFrame:
    return VideoFrame(number, number * 1000, np.full((height, width, 3), number % 256, np.uint8))


def _lent(pool: FramePool, frame: VideoFrame) -> Lent:
    lent = pool.lend(frame)
    assert lent is not None
    return lent


def test_a_picture_is_borrowed_as_it_was_lent(lender: FramePool, borrower: FramePool) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    for picture in (rgb, rgb[::-1, ::2], rgb[:1, :1]):
        frame = borrower.borrow(_lent(lender, VideoFrame(7, 8, picture)))
        assert (frame.seq, frame.pts_ns) == (7, 8)
        np.testing.assert_array_equal(frame.rgb, picture)
        assert not frame.rgb.flags.writeable
        assert frame.rgb.flags.c_contiguous
        del frame


def test_there_is_no_place_for_more_until_somebody_lets_go_of_one(lender: FramePool, borrower: FramePool) -> None:
    held = [borrower.borrow(_lent(lender, _frame(number))) for number in range(PLACES)]
    assert lender.lend(_frame(PLACES)) is None
    assert [int(frame.rgb[0, 0, 0]) for frame in held] == list(range(PLACES))
    del held[1]
    assert lender.lend(_frame(PLACES)) is not None
    assert lender.lend(_frame(PLACES)) is None


def test_a_part_of_a_picture_holds_all_of_it(lender: FramePool, borrower: FramePool) -> None:
    corner = borrower.borrow(_lent(lender, _frame(1))).rgb[::2][:3, :3, 0]
    for number in range(2, PLACES + 1):
        _lent(lender, _frame(number))
    assert lender.lend(_frame(9)) is None
    assert (corner == 1).all()
    del corner
    assert lender.lend(_frame(9)) is not None


def test_a_picture_outlives_the_pool_it_was_borrowed_from(memory: int, lender: FramePool) -> None:
    frame = FramePool(memory).borrow(_lent(lender, _frame(5)))
    gc.collect()
    assert (frame.rgb == 5).all()
    del frame
    for number in range(6, 6 + PLACES):
        _lent(lender, _frame(number))


def test_what_nobody_was_told_of_is_taken_back(lender: FramePool) -> None:
    for number in range(3 * PLACES):
        lender.take_back(_lent(lender, _frame(number)))


def test_pictures_that_were_lost_leave_their_places_when_a_later_one_comes(
    lender: FramePool, borrower: FramePool
) -> None:
    for number in range(PLACES - 1):  # whoever was to hear of them, or to tell, has died
        _lent(lender, _frame(number))
    frame = borrower.borrow(_lent(lender, _frame(PLACES)))
    for number in range(PLACES - 1):
        _lent(lender, _frame(PLACES + 1 + number))
    assert (frame.rgb == PLACES).all()


def test_a_later_picture_that_was_sent_frees_the_places_of_the_lost_too(lender: FramePool, borrower: FramePool) -> None:
    for number in range(PLACES):
        _lent(lender, _frame(number))
    sent = _frame(PLACES)
    assert lender.lend(sent) is None
    assert borrower.borrow(sent) is sent
    assert lender.lend(_frame(PLACES + 1)) is not None


def test_a_later_picture_frees_none_that_somebody_looks_at_or_that_is_still_to_come(
    lender: FramePool, borrower: FramePool
) -> None:
    looked_at = borrower.borrow(_lent(lender, _frame(1)))
    coming = _lent(lender, _frame(3))
    borrower.borrow(_frame(2))
    for _ in range(PLACES - 2):
        _lent(lender, _frame(4))
    assert lender.lend(_frame(5)) is None
    assert (looked_at.rgb == 1).all()
    assert (borrower.borrow(coming).rgb == 3).all()


def test_a_picture_that_fits_in_no_place_is_not_lent(lender: FramePool) -> None:
    assert lender.lend(_frame(0, 480, 1280)) is None
    assert lender.lend(_frame(0, 640, 640)) is not None


def test_there_is_room_for_what_a_camera_is_asked_for_and_for_what_recordings_are_made() -> None:
    assert USUAL_PX == LONG_EDGE_PX**2
    memory = reserve(1920 * 1080)
    assert memory is not None
    pool = FramePool(memory)
    os.close(memory)
    assert pool.lend(_frame(0, 1080, 1920)) is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"place": -1}, {"place": PLACES}, {"place": 1}, {"pts_ns": 999}, {"pts_ns": -1}, {"height": 0}, {"width": -64},
        {"height": 1 << 40}, {"height": 641, "width": 640},
    ],
    ids=str,
)  # fmt: skip
def test_what_was_not_lent_cannot_be_borrowed(lender: FramePool, borrower: FramePool, wrong: dict[str, int]) -> None:
    lent = _lent(lender, _frame(1))
    told = {name: getattr(lent, name) for name in Lent.__slots__} | wrong
    with pytest.raises(ValueError, match="nobody has lent"):
        borrower.borrow(Lent(**told))


def test_a_picture_is_borrowed_once(lender: FramePool, borrower: FramePool) -> None:
    lent = _lent(lender, _frame(1))
    frame = borrower.borrow(lent)
    with pytest.raises(ValueError, match="nobody has lent"):
        borrower.borrow(lent)
    del frame
    with pytest.raises(ValueError, match="nobody has lent"):
        borrower.borrow(lent)


def test_none_of_its_holders_can_take_the_memory_from_the_others(memory: int) -> None:
    with pytest.raises(PermissionError):
        os.ftruncate(memory, 0)


def test_without_such_memory_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_name: str, _flags: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "memfd_create", refused)
    assert reserve() is None
    monkeypatch.setattr(sys, "platform", "darwin")
    assert reserve() is None


# Through the bus.


def _send(camera: Bus, frame: VideoFrame) -> None:
    assert all(outbox.has_room(PATIENCE_MS) for _, outbox in camera._outboxes)
    camera.send(frame)


def _drain(bus: Bus, total: int) -> list[Value]:
    values: list[Value] = []
    while bus.incoming.counters["received"] + bus.incoming.counters["damaged"] < total:
        before = bus.incoming.counters.total()
        values += bus.incoming.receive(PATIENCE_MS)
        assert bus.incoming.counters.total() > before, "nothing arrived"
    return values


def test_the_camera_lends_its_pictures_to_the_face_and_sends_them_to_the_recorder(tmp_path: Path, memory: int) -> None:
    with (
        closing(Bus(tmp_path, "face", recorded=True, pool=FramePool(memory))) as face,
        closing(Bus(tmp_path, "recorder", recorded=True)) as recorder,
        closing(Bus(tmp_path, "camera", recorded=True, pool=FramePool(memory))) as camera,
    ):
        for number in range(2 * PLACES):
            _send(camera, _frame(number))
            for bus in (face, recorder):
                (frame,) = _drain(bus, number + 1)
                assert isinstance(frame, VideoFrame)
                assert (frame.seq, int(frame.rgb.min()), int(frame.rgb.max())) == (number, number, number)
                assert _is_lent(frame) == (bus is face)
                del frame


def test_a_reader_that_does_not_read_is_sent_what_has_no_place_and_refused_what_has_no_room(
    tmp_path: Path, memory: int
) -> None:
    with (
        closing(Bus(tmp_path, "face", pool=FramePool(memory))) as face,
        closing(Bus(tmp_path, "camera", pool=FramePool(memory))) as camera,
    ):
        ((edge, outbox),) = camera._outboxes
        number = 0
        while outbox.sent < edge.depth or outbox.has_room(500):
            _send(camera, _frame(number, 480, 640))
            number += 1
        camera.send(_frame(number))
        assert camera.counters == {"sent": number, "refused": 1}
        assert number >= PLACES
        values = _drain(face, camera.counters["sent"])
        assert [value.pts_ns for value in values if isinstance(value, VideoFrame)][-1] == 1000 * (number - 1)
        assert face.counters["received"] == camera.counters["sent"] == len(values) + face.counters["skipped"]
        values.clear()
        _send(camera, _frame(number + 1))
        (frame,) = _drain(face, camera.counters["sent"])
        assert isinstance(frame, VideoFrame)
        assert (frame.rgb == (number + 1) % 256).all()


_DYING = """
import os, sys
from pathlib import Path
import numpy as np
from agent.processes.bus import Bus
from agent.processes.frame_pool import FramePool
from encoders.samples import VideoFrame
bus = Bus(Path(sys.argv[1]), sys.argv[2], pool=FramePool(int(sys.argv[3])))
if sys.argv[2] == "camera":
    for number in range(20):
        bus.send(VideoFrame(number, number, np.full((480, 640, 3), number, np.uint8)))
else:
    held = next(bus.incoming.receive(60_000))
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("dying", ["camera", "face"])
def test_pictures_are_lent_again_after_one_was_killed_that_held_some(tmp_path: Path, memory: int, dying: str) -> None:
    killed = [sys.executable, "-c", _DYING, str(tmp_path), dying, str(memory)]
    with (
        closing(Bus(tmp_path, "camera" if dying == "face" else "face", pool=FramePool(memory))) as other,
        subprocess.Popen(killed, pass_fds=[memory]) as process,
    ):
        for number in range(20 if dying == "face" else 0):
            other.send(_frame(number))
        assert process.wait(60) == -9
        with closing(Bus(tmp_path, dying, pool=FramePool(memory))) as again:
            camera, face = (other, again) if dying == "face" else (again, other)
            for number in (1000, 1001, 1002):
                _send(camera, _frame(number))
                frame = _awaited(face, number)
                assert (frame.rgb == number % 256).all()
            assert _is_lent(frame)


def _awaited(bus: Bus, number: int) -> VideoFrame:
    while True:
        values = list(bus.incoming.receive(PATIENCE_MS))
        assert values, "nothing arrived"
        for value in values:
            if isinstance(value, VideoFrame) and value.seq == number:
                return value


def _is_lent(frame: VideoFrame) -> bool:
    owner: object = frame.rgb
    while isinstance(owner, np.ndarray):
        owner = owner.base
    return isinstance(owner, memoryview) and isinstance(owner.obj, mmap.mmap)

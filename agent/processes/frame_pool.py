"""Pictures in at one process, the same pictures out at another, through memory that both hold: not sent, but lent.

A picture is most of a megabyte, and a socket copies it into the kernel and out of it again. So it is put in a place of
common memory, and what is sent is a Lent that names the place. The memory has no name: the supervisor reserves it and
hands it to the camera and to whoever looks at its pictures, and it is gone with the last of them.

Each place has a number: 0 while it is free, else when its picture was taken, and one. The writer writes to free places
only and the reader alone frees them, so that no picture changes while somebody looks at it. The place of a picture that
was lost with a process at either end is free again once a later one has come. A picture that finds no place is sent.
"""

from __future__ import annotations

import mmap
import os
import sys
import weakref

import numpy as np
from numpy.typing import NDArray

from agent.processes.wire import Lent
from encoders.samples import VideoFrame

PLACES = 4
USUAL_PX = 640 * 640
"""The most that a picture of a recording or of a feed has."""


def reserve(most_px: int = 0) -> int | None:
    """A descriptor, the caller's to close, of memory for PLACES pictures of up to `most_px` pixels, or of USUAL_PX.

    None where the system has no such memory, or gives none. It takes no room before there are pictures in it.
    """
    if sys.platform != "linux":
        return None
    import fcntl

    place_bytes = -(-3 * max(most_px, USUAL_PX) // mmap.PAGESIZE) * mmap.PAGESIZE
    try:
        memory = os.memfd_create("deadpan-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError:
        return None
    os.ftruncate(memory, mmap.PAGESIZE + PLACES * place_bytes)
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)  # none of those who hold it can take it from the others
    return memory


class FramePool:
    """One process's hold of reserved memory. Of all that hold it, one lends and one borrows."""

    def __init__(self, memory: int) -> None:
        """Hold the memory behind a descriptor, which may be closed then."""
        self._memory = mmap.mmap(memory, 0)
        self._numbers = memoryview(self._memory)[: 8 * PLACES].cast("q")
        self._place_bytes = (len(self._memory) - mmap.PAGESIZE) // PLACES
        self._borrowed = set[int]()

    def lend(self, frame: VideoFrame) -> Lent | None:
        """Put a frame's picture in a free place, and say in which; None when there is none that it fits in."""
        height, width = frame.rgb.shape[:2]
        numbers = self._numbers.tolist()
        if 0 not in numbers or frame.rgb.nbytes > self._place_bytes:
            return None
        place = numbers.index(0)
        self._pixels(place, height * width)[:] = frame.rgb.reshape(-1)
        self._numbers[place] = frame.pts_ns + 1
        return Lent(frame.seq, frame.pts_ns, height, width, place)

    def take_back(self, lent: Lent) -> None:
        """Its place is free: nobody will be told of it."""
        self._numbers[lent.place] = 0

    def borrow(self, came: Lent | VideoFrame) -> VideoFrame:
        """The frame that has come, lent or sent. What is lent stays until nobody holds it, nor a part of it, any more.

        Raises ValueError when there is no such picture.
        """
        borrowed = frozenset(self._borrowed)  # before the numbers: another thread may let go of one, but borrow none
        for place, number in enumerate(self._numbers.tolist()):
            if place not in borrowed and 0 < number <= came.pts_ns:  # earlier: what has not come by now never will
                self._numbers[place] = 0
        if isinstance(came, VideoFrame):
            return came
        place, size = came.place, came.height * came.width
        is_there = 0 <= place < PLACES and place not in borrowed and self._numbers[place] == came.pts_ns + 1
        if not is_there or not 0 < 3 * size <= self._place_bytes:
            raise ValueError(f"nobody has lent a picture of {came.height} by {came.width} at place {place}")
        pixels = self._pixels(place, size)
        pixels.flags.writeable = False
        self._borrowed.add(place)
        weakref.finalize(pixels, self._give_back, place).atexit = False  # every view of it holds it
        return VideoFrame(came.seq, came.pts_ns, pixels.reshape(came.height, came.width, 3))

    def _give_back(self, place: int) -> None:
        self._borrowed.discard(place)
        self._numbers[place] = 0

    def _pixels(self, place: int, count: int) -> NDArray[np.uint8]:
        return np.frombuffer(self._memory, np.uint8, 3 * count, mmap.PAGESIZE + place * self._place_bytes)

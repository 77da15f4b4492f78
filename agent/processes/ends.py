"""The ends of an edge between processes: values in at one, the same values out at the other; every loss is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import zmq

from agent.processes.frame_pool import FramePool
from agent.processes.soundness import is_sound
from agent.processes.wire import Absorbed, Bound, Condition, Ended, Lent, Pulse, Told, Value, pack_apart, unpack
from agent.topology import WORKERS, Keep
from encoders.samples import AudioChunk, Embedding, Modality, Transcript, VideoFrame

SUPERVISOR, NOBODY = "supervisor", "nobody"
SUPERVISED: tuple[type[Value], ...] = (Pulse, Absorbed)
"""What reaches the supervisor."""
_LARGEST_BYTES = 64 << 20  # a picture of 4096 by 4096
_RECONNECT_MS = 20  # a reader that is back is to be found at once
_LINGER_MS = 500  # the last words of a process that is told to stop
_ROUND = 64  # a flood must not keep the process from its other duties
_ENCODERS = {worker.modality.value: worker.name for worker in WORKERS if worker.modality is not None}


def endpoint(folder: Path, reader: str) -> str:
    """Where a process listens. One socket a reader: its writers connect to it, in whatever order they start."""
    return f"ipc://{folder / reader}"


class Outbox:
    """The writing end of an edge. Sending never blocks. It counts in `counters`, under its reader's name.

    `address`: where the reader listens, if not under its name.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        folder: Path,
        reader: str,
        depth: int,
        counters: Counter[str] | None = None,
        address: str | None = None,
    ) -> None:
        self._socket = context.socket(zmq.PUSH)
        self._socket.setsockopt(zmq.SNDHWM, depth)
        self._socket.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
        self._socket.setsockopt(zmq.LINGER, _LINGER_MS)
        self._socket.connect(endpoint(folder, address or reader))
        self._counters = Counter[str]() if counters is None else counters
        self._sent, self._refused = f"sent_to_{reader}", f"refused_to_{reader}"

    @property
    def sent(self) -> int:
        return self._counters[self._sent]

    @property
    def refused(self) -> int:
        return self._counters[self._refused]

    def send(self, value: Value) -> None:
        """Queue a value; refuse and count it when the queue is full."""
        self.send_frames(pack_apart(value))

    def send_frames(self, frames: Sequence[bytes | memoryview]) -> bool:
        """The same, for a value packed already; whether it was queued."""
        self._counters[self._sent] += 1  # before: one that dies in between must not have sent more than it says
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            self._counters[self._sent] -= 1
            self._counters[self._refused] += 1
            return False
        return True

    def has_room(self, timeout_ms: int) -> bool:
        """Whether the queue can take another, now or within the time."""
        return bool(self._socket.poll(timeout_ms, zmq.POLLOUT))

    def close(self, linger_ms: int = _LINGER_MS) -> None:
        self._socket.close(linger=linger_ms)


class Inbox:
    """The reading end of a process's edges. Gaps in the numbering of samples show what was lost on the way.

    `kinds`: what may come, or None for anything; `ends`: whose end of a stream may, likewise. What is none of ours, or
    not sound, is left out and counted `damaged`.
    `writers` are counted one by one, where there are several, and whoever is none of them as nobody. It counts in
    `counters`. `pool`: where pictures are that its writer lends.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        folder: Path,
        reader: str,
        depth: int,
        keep: Keep,
        *,
        kinds: tuple[type[Value], ...] | None = None,
        ends: Collection[str] | None = None,
        writers: Collection[str] = (),
        counters: Counter[str] | None = None,
        pool: FramePool | None = None,
    ) -> None:
        self._pool = pool
        self._kinds = kinds
        self._ends = ends
        self._writers = writers
        self._folder = folder
        self._context = context
        self._prompt = _Slot(context)
        self._patient: _Slot | None = None
        self._either = zmq.Poller()
        self.listen(reader, depth)
        self._keep = keep
        self._next_seq: dict[type[Value], int] = {}
        self.counters = Counter[str]() if counters is None else counters

    def listen(self, address: str, depth: int) -> None:
        """Read what is written to this address, too, of which so many values of each writer may wait here."""
        self._prompt.listen(endpoint(self._folder, address), depth)

    def let_lie(self, address: str, depth: int) -> None:
        """Read what is written to this address, too; what comes there can lie: see `receive`."""
        if self._patient is None:
            self._patient = _Slot(self._context)
            for slot in (self._patient, self._prompt):
                self._either.register(slot.socket, zmq.POLLIN)
        self._patient.listen(endpoint(self._folder, address), depth)

    def receive(self, timeout_ms: int, lying_ms: int = 0) -> Iterator[Value]:
        """What has arrived; waits up to `timeout_ms` for the first. Frames that are none of ours are counted only.

        For `lying_ms` it does not wake for what can lie. What has lain there comes first: it was there before.
        """
        waiting: list[Value] = []
        for frame, apart in self._frames(timeout_ms, lying_ms):
            try:
                value = unpack(frame, *apart)
                if self._pool is not None and isinstance(value, Lent | VideoFrame):
                    value = self._pool.borrow(value)
            except ValueError:
                self.counters["damaged"] += 1
                continue
            if not self._is_expected(value) or not is_sound(value):
                self.counters["damaged"] += 1
                continue
            self._count(value)
            if (
                self._keep == "newest"
                and waiting
                and isinstance(waiting[-1], VideoFrame)
                and isinstance(value, VideoFrame)
            ):
                waiting[-1] = value
                self.counters["skipped"] += 1
            else:
                waiting.append(value)
        yield from waiting

    def close(self) -> None:
        self._prompt.socket.close()
        if self._patient is not None:
            self._patient.socket.close()

    def _frames(self, timeout_ms: int, lying_ms: int) -> Iterator[tuple[bytes, list[memoryview]]]:
        if self._patient is not None:
            lying_ms = max(0, min(lying_ms, timeout_ms))
            if not lying_ms or not self._prompt.poller.poll(lying_ms):
                self._either.poll(timeout_ms - lying_ms)
            timeout_ms = 0
            yield from self._patient.frames(0)
        yield from self._prompt.frames(timeout_ms)

    def _is_expected(self, value: Value) -> bool:
        if self._ends is not None and isinstance(value, Ended) and _writer(value) not in self._ends:
            return False  # one that has gone astray must not end another's stream
        return self._kinds is None or isinstance(value, self._kinds)

    def _count(self, value: Value) -> None:
        self.counters["received"] += 1
        if self._writers:
            writer = _writer(value)
            self.counters[f"received_from_{writer if writer in self._writers else NOBODY}"] += 1
        if isinstance(value, AudioChunk | VideoFrame):
            due = self._next_seq.get(type(value), value.seq)
            if value.seq > due:
                self.counters["missed"] += value.seq - due
            self._next_seq[type(value)] = value.seq + 1


class _Slot:
    """A socket that is read, at any number of addresses."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.socket = context.socket(zmq.PULL)
        self.socket.setsockopt(zmq.MAXMSGSIZE, _LARGEST_BYTES)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.poller = zmq.Poller()
        self.poller.register(self.socket, zmq.POLLIN)

    def listen(self, place: str, depth: int) -> None:
        self.socket.setsockopt(zmq.RCVHWM, depth)  # it holds for the places that follow
        self.socket.bind(place)

    def frames(self, timeout_ms: int) -> Iterator[tuple[bytes, list[memoryview]]]:
        """What has arrived, asked for first: to learn by an error that there is no more costs ten times as much."""
        with suppress(zmq.Again):
            for _ in range(_ROUND):
                if not self.poller.poll(timeout_ms):
                    return
                frame, apart = self.socket.recv(zmq.NOBLOCK, copy=False), list[memoryview]()
                last = frame
                while last.more:
                    last = self.socket.recv(copy=False)
                    apart.append(last.buffer)
                yield frame.bytes, apart
                timeout_ms = 0


def _writer(value: Value) -> str:
    """Whose values these are, where several write to one reader."""
    match value:
        case Embedding(modality=modality) | Bound(modality=modality):
            return _ENCODERS.get(modality, modality)
        case Transcript():
            return _ENCODERS[Modality.TEXT]
        case Ended(sender):
            return _ENCODERS.get(sender, sender)
        case Condition():
            return SUPERVISOR
        case VideoFrame():
            return "camera"
        case AudioChunk():
            return "microphone"
        case Told():
            return "fusion"
        case _:
            return NOBODY

"""Values between processes, over bounded ZeroMQ queues in a private folder; every loss is counted.

What was sent, refused and received is counted for the whole session, across restarts of its process (see tally): so on
every edge no more is ever received than was sent, and what is missing was under way when a process at its end died.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import zmq

from agent.processes.soundness import is_sound
from agent.processes.tally import Tally
from agent.processes.wire import Absorbed, Bound, Condition, Ended, Pulse, Told, Value, pack_apart, unpack
from agent.topology import RECORDING, WORKERS, Edge, Keep, WorkerName, edges_for
from encoders.samples import AudioChunk, Embedding, Modality, Transcript, VideoFrame

_SUPERVISOR_DEPTH = 1000
_LARGEST_BYTES = 64 << 20  # a picture of 4096 by 4096
_RECONNECT_MS = 20  # a reader that is back is to be found at once
_LINGER_MS = 500  # the last words of a process that is told to stop
_ROOM_MS = 100
_ROUND = 64  # a flood must not keep the process from its other duties
_CARRIED: dict[str, tuple[type[Value], ...]] = {
    "frames": (VideoFrame, Ended),
    "audio": (AudioChunk, Ended),
    "embeddings, watermarks": (Embedding, Bound, Ended),
    "transcripts, embeddings, watermarks": (Transcript, Embedding, Bound, Ended),
    "messages": (Told,),
}
SUPERVISED: tuple[type[Value], ...] = (Pulse, Absorbed)
"""What reaches the supervisor."""
_SUPERVISOR, _NOBODY = "supervisor", "nobody"
_WRITTEN = ("sent_to_", "refused_to_")
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

    def send_frames(self, frames: Sequence[bytes | memoryview]) -> None:
        """The same, for a value packed already."""
        self._counters[self._sent] += 1  # before: one that dies in between must not have sent more than it says
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            self._counters[self._sent] -= 1
            self._counters[self._refused] += 1

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
    `counters`.
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
    ) -> None:
        self._kinds = kinds
        self._ends = ends
        self._writers = writers
        self._folder = folder
        self._socket = context.socket(zmq.PULL)
        self._socket.setsockopt(zmq.MAXMSGSIZE, _LARGEST_BYTES)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self.listen(reader, depth)
        self._keep = keep
        self._next_seq: dict[type[Value], int] = {}
        self.counters = Counter[str]() if counters is None else counters

    def listen(self, address: str, depth: int) -> None:
        """Read what is written to this address, too, of which so many values of each writer may wait here."""
        self._socket.setsockopt(zmq.RCVHWM, depth)  # it holds for the addresses that follow
        self._socket.bind(endpoint(self._folder, address))

    def receive(self, timeout_ms: int) -> Iterator[Value]:
        """What has arrived; waits up to `timeout_ms` for the first. Frames that are none of ours are counted only."""
        waiting: list[Value] = []
        for frame, apart in self._frames(timeout_ms):
            try:
                value = unpack(frame, *apart)
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
        self._socket.close()

    def _frames(self, timeout_ms: int) -> Iterator[tuple[bytes, list[memoryview]]]:
        """What has arrived, asked for first: to learn by an error that there is no more costs ten times as much."""
        with suppress(zmq.Again):
            for _ in range(_ROUND):
                if not self._poller.poll(timeout_ms):
                    return
                frame, apart = self._socket.recv(zmq.NOBLOCK, copy=False), list[memoryview]()
                last = frame
                while last.more:
                    last = self._socket.recv(copy=False)
                    apart.append(last.buffer)
                yield frame.bytes, apart
                timeout_ms = 0

    def _is_expected(self, value: Value) -> bool:
        if self._ends is not None and isinstance(value, Ended) and _writer(value) not in self._ends:
            return False  # one that has gone astray must not end another's stream
        return self._kinds is None or isinstance(value, self._kinds)

    def _count(self, value: Value) -> None:
        self.counters["received"] += 1
        if self._writers:
            writer = _writer(value)
            self.counters[f"received_from_{writer if writer in self._writers else _NOBODY}"] += 1
        if isinstance(value, AudioChunk | VideoFrame):
            due = self._next_seq.get(type(value), value.seq)
            if value.seq > due:
                self.counters["missed"] += value.seq - due
            self._next_seq[type(value)] = value.seq + 1


class Bus:
    """All the ends one process holds: its inbox, an outbox per reader, and its line to the supervisor."""

    def __init__(self, folder: Path, name: WorkerName, *, recorded: bool = False, plug_ins: Iterable[str] = ()) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._context.set(zmq.MAX_SOCKETS, 64)
        edges = edges_for(recorded=recorded, plug_ins=plug_ins)
        incoming = [edge for edge in edges if edge.reader == name]
        outgoing = [edge for edge in edges if edge.writer == name]
        self._tally = Tally(folder / f"{name}.tally", _counted(incoming, outgoing))
        self.inbox = self._inbox(folder, name, incoming) if incoming else None
        self._outboxes = [
            (edge, self._outbox(folder, edge.reader, edge.depth // 2, _address(edge))) for edge in outgoing
        ]
        self.to_supervisor = self._outbox(folder, _SUPERVISOR, _SUPERVISOR_DEPTH)

    def send(self, value: Value) -> None:
        """Give a value to every reader of this process."""
        frames = pack_apart(value)
        for _, outbox in self._outboxes:
            outbox.send_frames(frames)

    def conclude(self, value: Ended, goes_on: Callable[[], bool]) -> None:
        """Give every encoder, or fusion, the last it will have of this process: room for it is waited for, as long as
        `goes_on`. The recorder, which may have ended, needs no such word.
        """
        frames = pack_apart(value)
        for outbox in (outbox for edge, outbox in self._outboxes if edge not in RECORDING):
            while not outbox.has_room(_ROOM_MS) and goes_on():
                pass
            outbox.send_frames(frames)

    @property
    def counters(self) -> dict[str, int]:
        counters: Counter[str] = Counter()
        for _, outbox in self._outboxes:
            counters["sent"] += outbox.sent
            counters["refused"] += outbox.refused
        if len(self._outboxes) > 1:  # what became of each edge, so that sent is received and refused everywhere
            for edge, outbox in self._outboxes:
                counters[f"sent_to_{edge.reader}"] = outbox.sent
                counters[f"refused_to_{edge.reader}"] = outbox.refused
        if self.to_supervisor.refused:
            counters["refused_to_supervisor"] = self.to_supervisor.refused
        for name, count in self._tally.items():
            if self.inbox is not None and not name.startswith(_WRITTEN):
                counters[name] = count
        return dict(counters)

    def close(self) -> None:
        """Close all ends. What is under way has a moment to leave, which is not to be relied upon: ZeroMQ (4.3.5)
        counts as gone what its own thread has taken, though the reader's buffer had no room for it yet.
        """
        if self.inbox is not None:
            self.inbox.close()
        for _, outbox in self._outboxes:
            outbox.close()
        self.to_supervisor.close()
        self._context.term()
        self._tally.close()

    def _outbox(self, folder: Path, reader: str, depth: int, address: str | None = None) -> Outbox:
        return Outbox(self._context, folder, reader, depth, self._tally, address)

    def _inbox(self, folder: Path, name: WorkerName, incoming: list[Edge]) -> Inbox:
        keep: Keep = "newest" if all(edge.keep == "newest" for edge in incoming) else "all"
        kinds = tuple({kind for edge in incoming for kind in _CARRIED[edge.carries]})
        if name == "fusion":
            kinds += (Condition,)  # the supervisor's word on how all are
        writers = _writers(incoming)
        (address, depth), *others = _held(incoming).items()
        inbox = Inbox(
            self._context,
            folder,
            address,
            depth,
            keep,
            kinds=kinds,
            ends=writers,
            writers=writers if len(incoming) > 1 else (),
            counters=self._tally,
        )
        for address, depth in others:
            inbox.listen(address, depth)
        return inbox


def _address(edge: Edge) -> str:
    """Where an edge's reader listens for it: the recorder, which reads all sorts, at a place for each."""
    return f"kept_{edge.carries}" if edge in RECORDING else edge.reader


def _held(incoming: list[Edge]) -> dict[str, int]:
    """For each address of a reader, how many values of each writer wait there: the writer has the other half."""
    return {_address(edge): edge.depth - edge.depth // 2 for edge in incoming}


def _counted(incoming: list[Edge], outgoing: list[Edge]) -> list[str]:
    """The names of all that a process with such edges counts."""
    readers = [*(edge.reader for edge in outgoing), _SUPERVISOR]
    writers = [*_writers(incoming), _NOBODY]
    return [
        *(f"{written}{reader}" for reader in readers for written in _WRITTEN),
        *("received", "damaged", "skipped", "missed"),
        *(f"received_from_{writer}" for writer in writers),
    ]


def _writers(incoming: list[Edge]) -> list[str]:
    """Who may write to a reader with such edges."""
    return [*(edge.writer for edge in incoming), _SUPERVISOR]


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
            return _SUPERVISOR
        case VideoFrame():
            return "camera"
        case AudioChunk():
            return "microphone"
        case Told():
            return "fusion"
        case _:
            return _NOBODY

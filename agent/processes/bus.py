"""Values between processes, over bounded ZeroMQ queues in a private folder; every loss is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import zmq

from agent.processes.soundness import is_sound
from agent.processes.wire import Absorbed, Bound, Condition, Ended, Pulse, Value, pack, unpack
from agent.topology import EDGES, WORKERS, Edge, Keep, WorkerName
from encoders.samples import AudioChunk, Embedding, Modality, Transcript, VideoFrame

_SUPERVISOR_DEPTH = 1000
_LARGEST_BYTES = 64 << 20  # a picture of 4096 by 4096
_RECONNECT_MS = 20  # a reader that is back is to be found at once
_CARRIED: dict[str, tuple[type[Value], ...]] = {
    "frames": (VideoFrame, Ended),
    "audio": (AudioChunk, Ended),
    "embeddings, watermarks": (Embedding, Bound, Ended),
    "transcripts, embeddings, watermarks": (Transcript, Embedding, Bound, Ended),
}
SUPERVISED: tuple[type[Value], ...] = (Pulse, Absorbed)
"""What reaches the supervisor."""
_ENCODERS = {worker.modality.value: worker.name for worker in WORKERS if worker.modality is not None}


def endpoint(folder: Path, reader: str) -> str:
    """Where a process listens. One socket a reader: its writers connect to it, in whatever order they start."""
    return f"ipc://{folder / reader}"


class Outbox:
    """The writing end of an edge. Sending never blocks."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], folder: Path, reader: str, depth: int) -> None:
        self._socket = context.socket(zmq.PUSH)
        self._socket.setsockopt(zmq.SNDHWM, depth)
        self._socket.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
        self._socket.setsockopt(zmq.LINGER, 500)  # the last words of a process that stops in order
        self._socket.connect(endpoint(folder, reader))
        self.sent = 0
        self.refused = 0

    def send(self, value: Value) -> None:
        """Queue a value; refuse and count it when the queue is full."""
        self.send_frame(pack(value))

    def send_frame(self, frame: bytes) -> None:
        """The same, for a value packed already."""
        try:
            self._socket.send(frame, zmq.NOBLOCK)
            self.sent += 1
        except zmq.Again:
            self.refused += 1

    def close(self, linger_ms: int = 500) -> None:
        self._socket.close(linger=linger_ms)


class Inbox:
    """The reading end of a process's edges. Gaps in the numbering of samples show what was lost on the way.

    `kinds`: what may come, or None for anything. What is none of ours, or not sound, is left out and counted `damaged`.
    `attribute` counts by writer too, where an encoder's writings meet others'.
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
        attribute: bool = False,
    ) -> None:
        self._kinds = kinds
        self._attribute = attribute
        self._socket = context.socket(zmq.PULL)
        self._socket.setsockopt(zmq.RCVHWM, depth)
        self._socket.setsockopt(zmq.MAXMSGSIZE, _LARGEST_BYTES)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.bind(endpoint(folder, reader))
        self._keep = keep
        self._next_seq: int | None = None
        self.counters: Counter[str] = Counter()

    def receive(self, timeout_ms: int) -> Iterator[Value]:
        """What has arrived; waits up to `timeout_ms` for the first. Frames that are none of ours are counted only."""
        if not self._socket.poll(timeout_ms):
            return
        waiting: list[Value] = []
        for _ in range(64):  # a flood must not keep the process from its other duties
            try:
                value = unpack(self._socket.recv(zmq.NOBLOCK))
            except zmq.Again:
                break
            except ValueError:
                self.counters["damaged"] += 1
                continue
            if not (self._kinds is None or isinstance(value, self._kinds)) or not is_sound(value):
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

    def _count(self, value: Value) -> None:
        self.counters["received"] += 1
        if self._attribute:
            self.counters[f"received_from_{_writer(value)}"] += 1
        if isinstance(value, AudioChunk | VideoFrame):
            if self._next_seq is not None and value.seq > self._next_seq:
                self.counters["missed"] += value.seq - self._next_seq
            self._next_seq = value.seq + 1


class Bus:
    """All the ends one process holds: its inbox, an outbox per reader, and its line to the supervisor."""

    def __init__(self, folder: Path, name: WorkerName) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._context.set(zmq.SOCKET_LIMIT, 64)
        incoming = [edge for edge in EDGES if edge.reader == name]
        self.inbox = self._inbox(folder, name, incoming) if incoming else None
        self._outboxes = [
            (edge, Outbox(self._context, folder, edge.reader, edge.depth // 2)) for edge in EDGES if edge.writer == name
        ]
        self.to_supervisor = Outbox(self._context, folder, "supervisor", _SUPERVISOR_DEPTH)

    def send(self, value: Value) -> None:
        """Give a value to every reader of this process."""
        frame = pack(value)
        for _, outbox in self._outboxes:
            outbox.send_frame(frame)

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
        if self.inbox is not None:
            counters.update(self.inbox.counters)
        return dict(counters)

    def close(self) -> None:
        if self.inbox is not None:
            self.inbox.close()
        for _, outbox in self._outboxes:
            outbox.close()
        self.to_supervisor.close()
        self._context.term()

    def _inbox(self, folder: Path, name: WorkerName, incoming: list[Edge]) -> Inbox:
        keep: Keep = "newest" if all(edge.keep == "newest" for edge in incoming) else "all"
        depth = max(edge.depth - edge.depth // 2 for edge in incoming)  # of each writer; it has the other half
        kinds = tuple({kind for edge in incoming for kind in _CARRIED[edge.carries]})
        if name == "fusion":
            kinds += (Condition,)  # the supervisor's word on how all are
        return Inbox(self._context, folder, name, depth, keep, kinds=kinds, attribute=len(incoming) > 1)


def _writer(value: Value) -> str:
    """Whose values these are, where several encoders and the supervisor write to one reader."""
    match value:
        case Embedding(modality=modality) | Bound(modality=modality):
            return _ENCODERS[modality]
        case Transcript():
            return _ENCODERS[Modality.TEXT]
        case Ended(sender) if sender in _ENCODERS:
            return _ENCODERS[sender]
        case Condition():
            return "supervisor"
        case _:
            return "nobody"

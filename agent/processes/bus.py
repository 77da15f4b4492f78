"""Values between processes, over bounded ZeroMQ queues in a private folder; every loss is counted.

What was sent, refused and received is counted for the whole session, across restarts of its process (see tally): so on
every edge no more is ever received than was sent, and what is missing was under way when a process at its end died.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import zmq

from agent.processes.ends import NOBODY, SUPERVISOR, Inbox, Outbox
from agent.processes.frame_pool import FramePool
from agent.processes.tally import Tally
from agent.processes.wire import Bound, Condition, Ended, Told, Value, pack, pack_apart
from agent.topology import RECORDING, Edge, Keep, WorkerName, edges_for
from encoders.samples import AudioChunk, Embedding, Transcript, VideoFrame

_SUPERVISOR_DEPTH = 1000
_ROOM_MS = 100
_CARRIED: dict[str, tuple[type[Value], ...]] = {
    "frames": (VideoFrame, Ended),
    "audio": (AudioChunk, Ended),
    "embeddings, watermarks": (Embedding, Bound, Ended),
    "transcripts, embeddings, watermarks": (Transcript, Embedding, Bound, Ended),
    "messages": (Told,),
}
_WRITTEN = ("sent_to_", "refused_to_")


class Bus:
    """All the ends one process holds: its inbox, an outbox per reader, and its line to the supervisor."""

    def __init__(
        self,
        folder: Path,
        name: WorkerName,
        *,
        recorded: bool = False,
        plug_ins: Iterable[str] = (),
        pool: FramePool | None = None,
    ) -> None:
        self._pool = pool
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
        self.to_supervisor = self._outbox(folder, SUPERVISOR, _SUPERVISOR_DEPTH)

    def send(self, value: Value) -> None:
        """Give a value to every reader of this process."""
        if self._pool is not None and isinstance(value, VideoFrame):
            self._send_picture(value, self._pool)
            return
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
    def incoming(self) -> Inbox:
        """The inbox of a process that reads. Raises ValueError where the topology gives it no incoming edge."""
        if self.inbox is None:
            raise ValueError("this process reads nothing: the topology gives it no incoming edge")
        return self.inbox

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

    def _send_picture(self, frame: VideoFrame, pool: FramePool) -> None:
        """Lend it to the reader that shares the pool, if there is room, and send it to the others."""
        for edge, outbox in self._outboxes:
            lent = pool.lend(frame) if edge.lends else None
            if lent is None:
                outbox.send_frames(pack_apart(frame))
            elif not outbox.send_frames((pack(lent),)):
                pool.take_back(lent)

    def _outbox(self, folder: Path, reader: str, depth: int, address: str | None = None) -> Outbox:
        return Outbox(self._context, folder, reader, depth, self._tally, address)

    def _inbox(self, folder: Path, name: WorkerName, incoming: list[Edge]) -> Inbox:
        keep: Keep = "newest" if all(edge.keep == "newest" for edge in incoming) else "all"
        kinds = tuple({kind for edge in incoming for kind in _CARRIED[edge.carries]})
        if name == "fusion":
            kinds += (Condition,)  # the supervisor's word on how all are
        writers = _writers(incoming)
        (address, depth), *others = _held([edge for edge in incoming if not edge.patient]).items()
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
            pool=self._pool,
        )
        for address, depth in others:
            inbox.listen(address, depth)
        for address, depth in _held([edge for edge in incoming if edge.patient]).items():
            inbox.let_lie(address, depth)
        return inbox


def _address(edge: Edge) -> str:
    """Where an edge's reader listens for it: the recorder, which reads all sorts, at a place for each; and what can
    lie has a place of its own.
    """
    if edge in RECORDING:
        return f"kept_{edge.carries}"
    return f"{edge.reader}_patient" if edge.patient else edge.reader


def _held(incoming: list[Edge]) -> dict[str, int]:
    """For each address of a reader, how many values of each writer wait there: the writer has the other half."""
    return {_address(edge): edge.depth - edge.depth // 2 for edge in incoming}


def _counted(incoming: list[Edge], outgoing: list[Edge]) -> list[str]:
    """The names of all that a process with such edges counts."""
    readers = [*(edge.reader for edge in outgoing), SUPERVISOR]
    writers = [*_writers(incoming), NOBODY]
    return [
        *(f"{written}{reader}" for reader in readers for written in _WRITTEN),
        *("received", "damaged", "skipped", "missed"),
        *(f"received_from_{writer}" for writer in writers),
    ]


def _writers(incoming: list[Edge]) -> list[str]:
    """Who may write to a reader with such edges."""
    return [*(edge.writer for edge in incoming), SUPERVISOR]

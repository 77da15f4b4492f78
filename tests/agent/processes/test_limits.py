"""A reader that stops for a minute, on every edge: its queue ends at its depth, and every loss is counted and told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
import zmq

from agent.processes.bus import Bus
from agent.processes.ends import SUPERVISED, Inbox
from agent.processes.heart import Heart
from agent.processes.steps import Steps
from agent.processes.wire import Bound, Pulse, Told, Value, pack
from agent.stream.composer import Composer
from agent.topology import EDGES, RECORDING, Edge, WorkerName, edges_for
from deadpan.messages import Health, Pace, WorkerHealth, from_body, to_json
from encoders.samples import AudioChunk, Embedding, Interval, Modality, Transcript, VideoFrame, Word

PATIENCE_MS = 20_000
SYSTEM_BYTES = 262_144
"""What may be on the way besides: net.core.wmem_default is 212992 bytes, and ZeroMQ's own buffers are of 8192."""
STOPPED_S = 60
RATES_HZ = {"camera": 15, "microphone": 1000 / 32, "face": 2 * 15, "prosody": 20, "speech": 10, "fusion": 15}
MODALITIES = {"face": Modality.FACE, "prosody": Modality.VOICE, "speech": Modality.TEXT}


def _values(edge: Edge, count: int) -> Iterator[Value]:
    """What a live process would write."""
    for n in range(count):
        at = Interval(n * 1_000_000, (n + 1) * 1_000_000)
        match edge.carries:
            case "frames":
                yield VideoFrame(n, n, np.zeros((480, 640, 3), np.uint8))
            case "audio":
                yield AudioChunk(n, n, 16_000, np.zeros(512, np.float32))
            case "messages":
                yield Told(b'{"n":"%s"}' % (b"x" * 2000))
            case _ if edge.writer == "speech" and n % 3 == 0:
                yield Transcript(n, 0, at, (Word("great", at, 0.9, "estimated"),), (), final=False)
            case _ if n % 2 == 0:
                yield Embedding(n, MODALITIES[edge.writer], at, np.zeros(64, np.float32), 1.0)
            case _:
                yield Bound(MODALITIES[edge.writer], n)


def _drain(inbox: Inbox, count: int) -> list[Value]:
    """All that comes, until so many were received."""
    values: list[Value] = []
    while inbox.counters["received"] < count:
        before = inbox.counters["received"]
        values += inbox.receive(PATIENCE_MS)
        assert inbox.counters["received"] > before, "nothing arrived"
    return values


@pytest.mark.parametrize("edge", EDGES + RECORDING, ids=lambda edge: f"{edge.writer} to {edge.reader}")
def test_the_queue_of_a_reader_that_stops_ends_at_its_depth_and_every_loss_is_counted_and_told(
    edge: Edge, tmp_path: Path
) -> None:
    recorded = edge in RECORDING
    with ExitStack() as stack:
        readers = {
            each.reader: stack.enter_context(closing(Bus(tmp_path, each.reader, recorded=recorded)))
            for each in edges_for(recorded=recorded)
            if each.writer == edge.writer
        }
        writer = stack.enter_context(closing(Bus(tmp_path, edge.writer, recorded=recorded)))
        _stop(edge, readers, writer, tmp_path)


def _stop(edge: Edge, readers: dict[WorkerName, Bus], writer: Bus, folder: Path) -> None:
    (outbox,) = (outbox for each, outbox in writer._outboxes if each is edge)
    beside = [each for _, each in writer._outboxes if each is not outbox]
    offered = max(round(STOPPED_S * RATES_HZ[edge.writer]), 4 * edge.depth)
    others = [bus.inbox for reader, bus in readers.items() if reader != edge.reader and bus.inbox is not None]
    for n, value in enumerate(_values(edge, offered), 1):
        if outbox.sent < edge.depth:
            assert outbox._socket.poll(PATIENCE_MS, zmq.POLLOUT), "it is full before its depth is reached"
        assert all(each.has_room(PATIENCE_MS) for each in beside)
        writer.send(value)
        for other in others:  # goes on reading, whatever the one that stopped does
            _drain(other, n)
    sent, refused = outbox.sent, outbox.refused
    assert sent + refused == offered
    each_bytes = sum(len(pack(value)) for value in _values(edge, 60)) / 60
    assert edge.depth <= sent <= edge.depth + 2 + SYSTEM_BYTES / each_bytes
    assert refused > 0
    assert all(other.counters["received"] == offered for other in others)

    inbox = readers[edge.reader].inbox
    assert inbox is not None
    delivered = _drain(inbox, sent)
    assert inbox.counters["received"] == sent
    assert inbox.counters["skipped"] == sent - len(delivered)
    assert (len(delivered) < sent) == (edge.keep == "newest")
    if edge.carries in ("frames", "audio"):
        # The next sample shows its reader what it has missed.
        (following,) = list(_values(edge, offered + 1))[-1:]
        writer.send(following)
        (newest,) = _drain(inbox, sent + 1)
        assert isinstance(newest, VideoFrame | AudioChunk)
        assert newest.seq == offered
        assert inbox.counters["missed"] >= refused

    told = _published(writer, edge, folder)
    several = len(readers) > 1
    assert told[f"refused_to_{edge.reader}" if several else "refused"] == refused


def _published(bus: Bus, edge: Edge, folder: Path) -> dict[str, int]:
    """A process's counters, on their way through its pulse to a health message."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    supervisor = Inbox(context, folder, "supervisor", 10, "all", kinds=SUPERVISED)
    try:
        Heart(bus, edge.writer, Steps(folder / "steps"), 1_000_000_000).beat("running", {})
        (pulse,) = supervisor.receive(PATIENCE_MS)
    finally:
        supervisor.close()
        context.term()
    assert isinstance(pulse, Pulse)
    workers: dict[str, WorkerHealth] = {pulse.worker: WorkerHealth(state="running", counters=pulse.counters)}
    message = from_body(to_json(Composer("s", "default", "deadpan").health(workers, Pace(), "", 0)))
    assert isinstance(message, Health)
    return message.workers[edge.writer].counters

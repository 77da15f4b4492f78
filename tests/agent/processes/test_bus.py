from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
import zmq

from agent.processes.bus import Bus
from agent.processes.ends import Inbox, Outbox
from agent.processes.tally import Tally
from agent.processes.wire import Bound, Condition, Ended, Value, pack_apart
from agent.topology import EDGES, WORKERS, Keep, WorkerName
from encoders.samples import AudioChunk, Embedding, Interval, Modality, Transcript, VideoFrame

PATIENCE_MS = 20_000


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield context
    context.destroy(linger=0)


@contextmanager
def _edge(
    context: zmq.Context[zmq.Socket[bytes]], folder: Path, keep: Keep, depth: int = 100
) -> Iterator[tuple[Outbox, Inbox]]:
    inbox = Inbox(context, folder, "reader", depth, keep)
    outbox = Outbox(context, folder, "reader", depth)
    yield outbox, inbox
    outbox.close(0)
    inbox.close()


def _frame(seq: int) -> VideoFrame:
    return VideoFrame(seq, seq, np.zeros((1, 1, 3), np.uint8))


def _chunk(seq: int) -> AudioChunk:
    return AudioChunk(seq, seq, 16_000, np.zeros(1, np.float32))


def _drain(inbox: Inbox, total: int) -> list[Value]:
    """Receive until the inbox has seen so many values, whatever it made of them."""
    values: list[Value] = []
    while inbox.counters["received"] + inbox.counters["damaged"] < total:
        before = inbox.counters.total()
        values += inbox.receive(PATIENCE_MS)
        assert inbox.counters.total() > before, "nothing arrived"
    return values


def test_values_arrive_in_the_order_they_were_sent(context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path) -> None:
    sent: list[Value] = [Bound(Modality.FACE, 1), Ended("face"), Bound(Modality.FACE, 2)]
    with _edge(context, tmp_path, "all") as (outbox, inbox):
        for value in sent:
            outbox.send(value)
        assert _drain(inbox, 3) == sent
    assert (outbox.sent, outbox.refused) == (3, 0)


def test_what_can_lie_wakes_nobody_who_lets_it_lie_and_comes_before_what_does(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path
) -> None:
    with _edge(context, tmp_path, "all") as (prompt, inbox):
        inbox.let_lie("reader_patient", 100)
        patient = Outbox(context, tmp_path, "reader", 100, address="reader_patient")
        patient.send(Bound(Modality.FACE, 1))
        assert inbox._patient is not None
        assert inbox._patient.poller.poll(PATIENCE_MS)  # it is there, and would wake one that does not let it lie
        prompt.send(Ended("face"))
        assert list(inbox.receive(PATIENCE_MS, lying_ms=PATIENCE_MS)) == [Bound(Modality.FACE, 1), Ended("face")]
        patient.close(0)


def test_what_can_lie_wakes_one_who_has_waited_long_enough(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path
) -> None:
    with _edge(context, tmp_path, "all") as (_, inbox):
        inbox.let_lie("reader_patient", 100)
        patient = Outbox(context, tmp_path, "reader", 100, address="reader_patient")
        patient.send(Bound(Modality.FACE, 1))
        assert list(inbox.receive(PATIENCE_MS, lying_ms=1)) == [Bound(Modality.FACE, 1)]
        patient.close(0)


def test_a_writer_may_start_before_its_reader(context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path) -> None:
    outbox = Outbox(context, tmp_path, "reader", 10)
    outbox.send(Ended("face"))
    inbox = Inbox(context, tmp_path, "reader", 10, "all")
    assert _drain(inbox, 1) == [Ended("face")]
    outbox.close(0)
    inbox.close()


def test_of_frames_that_wait_only_the_newest_is_kept_and_every_value_is_accounted_for(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path
) -> None:
    with _edge(context, tmp_path, "newest") as (outbox, inbox):
        for seq in range(20):
            outbox.send(_frame(seq))
        outbox.send(Ended("camera"))
        values = _drain(inbox, 21)
    assert values[-1] == Ended("camera")
    assert isinstance(values[-2], VideoFrame)
    assert values[-2].seq == 19
    assert inbox.counters["received"] == outbox.sent == len(values) + inbox.counters["skipped"]
    assert inbox.counters["skipped"] > 0


def test_what_ends_a_stream_is_never_skipped_for_a_newer_frame(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path
) -> None:
    with _edge(context, tmp_path, "newest") as (outbox, inbox):
        for value in (_frame(0), Ended("camera"), _frame(1)):
            outbox.send(value)
        values = _drain(inbox, 3)
    assert [type(value) for value in values] == [VideoFrame, Ended, VideoFrame]


def test_audio_is_never_skipped(context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path) -> None:
    with _edge(context, tmp_path, "all") as (outbox, inbox):
        for seq in range(80):
            outbox.send(_chunk(seq))
        values = _drain(inbox, 80)
    assert [value.seq for value in values if isinstance(value, AudioChunk)] == list(range(80))


def test_a_full_queue_refuses_and_counts_and_does_not_block(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path
) -> None:
    outbox = Outbox(context, tmp_path, "nobody", 5)
    for seq in range(12):
        outbox.send(_chunk(seq))
    assert (outbox.sent, outbox.refused) == (5, 7)
    outbox.close(0)


def test_numbers_missing_between_samples_are_counted_by_their_reader(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path
) -> None:
    with _edge(context, tmp_path, "all") as (outbox, inbox):
        for seq in (4, 5, 9, 10, 12):
            outbox.send(_chunk(seq))
        _drain(inbox, 5)
    assert inbox.counters["missed"] == 4


def test_a_source_that_begins_again_has_missed_nothing(context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path) -> None:
    with _edge(context, tmp_path, "all") as (outbox, inbox):
        for seq in (40, 41, 0, 1):
            outbox.send(_chunk(seq))
        _drain(inbox, 4)
    assert inbox.counters["missed"] == 0


def test_a_damaged_frame_is_counted_and_the_next_one_read(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path
) -> None:
    with _edge(context, tmp_path, "all") as (outbox, inbox):
        outbox.send_frames([b"garbage"])
        outbox.send(Ended("face"))
        assert _drain(inbox, 2) == [Ended("face")]
    assert inbox.counters["damaged"] == 1


def test_frames_too_many_are_counted_as_one_and_the_next_one_read(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path
) -> None:
    with _edge(context, tmp_path, "all") as (outbox, inbox):
        outbox.send_frames([*pack_apart(_frame(0)), b"more", b"and more"])
        outbox.send(_frame(1))
        assert [value.seq for value in _drain(inbox, 2) if isinstance(value, VideoFrame)] == [1]
    assert inbox.counters["damaged"] == 1


def test_a_flood_is_read_in_portions(context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path) -> None:
    with _edge(context, tmp_path, "all", depth=500) as (outbox, inbox):
        for seq in range(200):
            outbox.send(_chunk(seq))
        portion = list(inbox.receive(PATIENCE_MS))
        assert 0 < len(portion) <= 64


def test_receiving_from_nobody_gives_nothing(context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path) -> None:
    inbox = Inbox(context, tmp_path, "reader", 10, "all")
    assert list(inbox.receive(0)) == []
    inbox.close()


def test_each_process_has_the_ends_the_topology_gives_it(tmp_path: Path) -> None:
    microphone, prosody, speech = Bus(tmp_path, "microphone"), Bus(tmp_path, "prosody"), Bus(tmp_path, "speech")
    try:
        assert microphone.inbox is None
        microphone.send(_chunk(0))
        for reader in (prosody, speech):
            assert reader.inbox is not None
            (value,) = _drain(reader.inbox, 1)
            assert isinstance(value, AudioChunk)
        by_edge = {"sent_to_prosody": 1, "refused_to_prosody": 0, "sent_to_speech": 1, "refused_to_speech": 0}
        assert microphone.counters == {"sent": 2, "refused": 0} | by_edge
        assert prosody.counters == {"sent": 0, "refused": 0, "received": 1}
    finally:
        for bus in (microphone, prosody, speech):
            bus.close()


def test_what_fusion_receives_is_counted_by_who_wrote_it(tmp_path: Path) -> None:
    said = Interval(0, 1)
    voice = Embedding(0, Modality.VOICE, said, np.zeros(1, np.float32), 1.0)
    values: list[Value] = [
        voice,
        Bound(Modality.VOICE, 1),
        Bound(Modality.FACE, 1),
        Transcript(0, 0, said, (), (), final=False),
        Ended("text"),
        Ended("nobody"),
        Ended("No name"),
        Condition({}),
    ]
    fusion, prosody = Bus(tmp_path, "fusion"), Bus(tmp_path, "prosody")
    try:
        assert fusion.inbox is not None
        for value in values:
            prosody.send(value)
        _drain(fusion.inbox, len(values))
        assert fusion.counters == {
            "received": 6,
            "damaged": 2,
            "received_from_prosody": 2,
            "received_from_face": 1,
            "received_from_speech": 2,
            "received_from_supervisor": 1,
        }
    finally:
        fusion.close()
        prosody.close()


@pytest.mark.parametrize("reader", ["face", "prosody", "speech", "fusion"])
def test_a_stream_is_ended_by_none_but_who_writes_it(
    context: zmq.Context[zmq.Socket[bytes]], tmp_path: Path, reader: WorkerName
) -> None:
    writers = {edge.writer for edge in EDGES if edge.reader == reader}
    ends = {str(worker.modality or worker.name) for worker in WORKERS if worker.name in writers}
    with closing(Bus(tmp_path, reader)) as bus, closing(Outbox(context, tmp_path, reader, 100)) as outbox:
        others = {"camera", "microphone", "nobody", *Modality} - ends
        for sender in (*others, *ends):
            outbox.send(Ended(sender))
        assert bus.inbox is not None
        assert {value.sender for value in _drain(bus.inbox, len(others | ends)) if isinstance(value, Ended)} == ends


# What is counted stands, whoever dies.


def test_a_process_that_is_started_again_counts_on(tmp_path: Path) -> None:
    with closing(Bus(tmp_path, "face")) as face:
        assert face.inbox is not None
        for turn in (1, 2):
            with closing(Bus(tmp_path, "camera")) as camera:
                camera.send(_frame(turn))
                camera.send(_frame(turn + 1))
                _drain(face.inbox, 2 * turn)
                assert camera.counters["sent"] == 2 * turn
        assert face.counters["received"] == 4


_DYING = """
import os, sys
from pathlib import Path
from agent.processes.bus import Bus
from encoders.samples import AudioChunk
import numpy as np
bus = Bus(Path(sys.argv[1]), "microphone")
for seq in range(200):
    bus.send(AudioChunk(seq, seq, 16_000, np.zeros(512, np.float32)))
    if seq == 150:
        os.kill(os.getpid(), 9)
"""


def test_no_more_is_received_than_was_sent_by_one_that_was_killed_in_the_midst_of_it(tmp_path: Path) -> None:
    with closing(Bus(tmp_path, "speech")) as speech, closing(Bus(tmp_path, "prosody")) as prosody:
        died = subprocess.run([sys.executable, "-c", _DYING, tmp_path], check=False, timeout=60)
        assert died.returncode == -9
        with closing(Bus(tmp_path, "microphone")) as microphone:
            microphone.send(_chunk(500))
            for reader in (speech, prosody):
                assert reader.inbox is not None
                while not any(isinstance(value, AudioChunk) and value.seq == 500 for value in _drain_some(reader)):
                    pass
                assert microphone.counters[f"sent_to_{_name(reader, speech)}"] == 152
                assert 1 <= reader.counters["received"] <= 152


def _drain_some(bus: Bus) -> list[Value]:
    assert bus.inbox is not None
    values = list(bus.inbox.receive(PATIENCE_MS))
    assert values, "nothing arrived"
    return values


def _name(reader: Bus, speech: Bus) -> str:
    return "speech" if reader is speech else "prosody"


def test_counts_of_another_make_are_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "camera.tally").write_bytes(b"\xff" * 5)
    with closing(Bus(tmp_path, "camera")) as camera:
        assert camera.counters == {"sent": 0, "refused": 0}
        camera.send(_frame(0))
    with closing(Bus(tmp_path, "camera")) as camera:
        assert camera.counters == {"sent": 1, "refused": 0}


def test_a_tally_counts_nothing_that_it_was_not_made_for(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "some", ["sent"])
    tally["sent"] += 1
    with pytest.raises(KeyError, match="lost"):
        tally["lost"] += 1
    tally.close()
    assert tally == {"sent": 1}


# The end of a stream reaches whoever reads it.


def test_the_end_of_a_stream_waits_for_room_where_a_picture_is_refused(tmp_path: Path) -> None:
    with closing(Bus(tmp_path, "camera")) as camera, closing(Bus(tmp_path, "face")) as face:
        assert face.inbox is not None
        ((edge, outbox),) = camera._outboxes
        while outbox.sent < edge.depth or outbox.has_room(500):
            assert outbox.has_room(PATIENCE_MS)
            camera.send(VideoFrame(outbox.sent, 0, np.zeros((480, 640, 3), np.uint8)))
        camera.send(_frame(outbox.sent))
        assert camera.counters["refused"] == 1
        seen: list[Value] = []
        asked = 0

        def goes_on() -> bool:
            nonlocal asked
            asked += 1
            if asked == 2 and face.inbox is not None:  # only now it is read from
                seen.extend(face.inbox.receive(PATIENCE_MS))
            return True

        camera.conclude(Ended("camera"), goes_on)
        while not seen or seen[-1] != Ended("camera"):
            seen += _drain_some(face)
        assert asked >= 2
        assert camera.counters["refused"] == 1
        assert face.counters["received"] == camera.counters["sent"]


def test_waiting_for_room_ends_when_the_process_is_to_stop(tmp_path: Path) -> None:
    with closing(Bus(tmp_path, "camera")) as camera:
        while not camera.counters["refused"]:
            camera.send(_frame(0))
        camera.conclude(Ended("camera"), lambda: False)
        assert camera.counters["refused"] == 2

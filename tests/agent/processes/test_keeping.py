"""The recorder's work between real queues, told to stop when all has been sent."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from agent.capture.recording import RecordingAudio, RecordingVideo
from agent.clock import SessionClock
from agent.config import Config, RecordConfig
from agent.processes.assignment import Assignment, Orders
from agent.processes.bus import Bus
from agent.processes.heart import Heart
from agent.processes.keeping import Keeping, recorder_of
from agent.processes.steps import Steps
from agent.processes.wire import Ended, Told
from agent.recorder.shelf import RecordError, recordings
from tests.agent.recorder.takes import chunk, frame


@pytest.fixture
def buses(tmp_path: Path) -> Iterator[dict[str, Bus]]:
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(closing(Bus(tmp_path, name, recorded=True)))
            for name in ("recorder", "camera", "microphone", "fusion")
        }


def _assignment(folder: Path, most_mb: float = 100.0) -> Assignment:
    return Assignment(
        name="recorder",
        folder=str(folder),
        config=Config(record=RecordConfig(str(folder), most_mb, 10.0)),
        session="s1",
        source="live",
        modalities=("face", "voice", "text"),
        record=str(folder / "take"),
    )


def _run(assignment: Assignment, bus: Bus, orders: Orders) -> Keeping:
    with recorder_of(assignment) as recorder:
        keeping = Keeping(recorder, bus)
        keeping.run(
            SessionClock.start(),
            orders,
            Heart(bus, "recorder", Steps(Path(assignment.folder) / "steps"), 1_000_000_000),
        )
    return keeping


def test_what_was_sent_before_the_order_to_stop_is_in_the_recording(tmp_path: Path, buses: dict[str, Bus]) -> None:
    for n in range(40):
        buses["microphone"].send(chunk(n, 32 * n))
        buses["fusion"].send(Told(b'{"n":%d}' % n))
        if n % 4 == 0:
            buses["camera"].send(frame(n // 4, 32 * n))
    for name in ("camera", "microphone"):
        buses[name].send(Ended(name))
    orders = Orders(io.StringIO())
    orders.stopped.set()
    keeping = _run(_assignment(tmp_path), buses["recorder"], orders)
    (kept,) = recordings(tmp_path)
    with RecordingAudio(kept.media[0]) as sound, RecordingVideo(kept.media[0]) as pictures:
        assert (len(list(sound)), len(list(pictures))) == (40, 10)
    lines = (kept.folder / "messages.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["n"] for line in lines] == list(range(40))
    assert keeping.counters == {"messages": 40, "chunks": 40, "pictures": 10}
    told = buses["recorder"].counters
    assert (told["received_from_camera"], told["received_from_microphone"], told["received_from_fusion"]) == (
        11,
        41,
        40,
    )
    assert "missed" not in told, "pictures and sound are numbered each for themselves"


def test_a_recording_that_has_become_too_large_ends_the_work_with_the_reason(
    tmp_path: Path, buses: dict[str, Bus]
) -> None:
    (tmp_path / "take").mkdir()
    (tmp_path / "take" / "take.mkv").write_bytes(bytes(1_100_000))  # of the recorder before it
    with pytest.raises(RecordError, match="it has reached 1 MB"):
        _run(_assignment(tmp_path, most_mb=1.0), buses["recorder"], Orders(io.StringIO()))


def test_those_that_write_to_a_recorder_write_to_their_own_readers_as_before(
    tmp_path: Path, buses: dict[str, Bus]
) -> None:
    with closing(Bus(tmp_path, "face", recorded=True)) as face:
        assert face.inbox is not None
        buses["camera"].send(frame(0, 0))
        (seen,) = face.inbox.receive(20_000)
        assert seen is not None
        assert buses["camera"].counters["sent_to_face"] == buses["camera"].counters["sent_to_recorder"] == 1

"""A real process whose reader the test is."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import zmq

from agent.config import Config
from agent.processes.assignment import Assignment
from agent.processes.bus import Bus
from agent.processes.child import Child
from agent.processes.ends import SUPERVISED, Inbox
from agent.processes.wire import Ended, Pulse
from agent.session import demo_location
from encoders.samples import VideoFrame
from tests.agent.capture.films import beginning

PATIENCE_MS = 60_000


def test_the_end_of_a_recording_reaches_a_reader_that_is_far_behind(tmp_path: Path) -> None:
    """It plays at once what it should have played long ago, faster than its reader reads."""
    film = beginning(demo_location(), tmp_path / "short.mp4", 2.0)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    pulses = Inbox(context, tmp_path, "supervisor", 100, "all", kinds=SUPERVISED)
    camera = Child(
        Assignment(name="camera", folder=str(tmp_path), config=Config(), session="s", source=str(film)), tmp_path
    )

    def state(timeout_ms: int) -> str:
        told = [pulse.state for pulse in pulses.receive(timeout_ms) if isinstance(pulse, Pulse)]
        return told[-1] if told else ""

    try:
        assert state(PATIENCE_MS) == "ready", camera.last_lines()
        camera.go(time.monotonic_ns() - 10_000_000_000)
        with closing(Bus(tmp_path, "face")) as face:
            assert face.inbox is not None
            while state(20) != "finished":
                if face.inbox._prompt.socket.poll(0):
                    face.inbox._prompt.socket.recv()  # one at a time
            rest = list(face.inbox.receive(PATIENCE_MS))
            while not isinstance(rest[-1], Ended):
                rest += face.inbox.receive(PATIENCE_MS)
            assert isinstance(rest[0], VideoFrame)
    finally:
        camera.stop()
        assert camera.wait(PATIENCE_MS / 1000)
        pulses.close()
        context.term()

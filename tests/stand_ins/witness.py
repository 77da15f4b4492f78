"""A process that watches or listens as a capture process does: python -m tests.stand_ins.witness WHAT

WHAT is a camera's address, or `microphone` for the default one. It prints "ready" with the first sample and then, one a
line, the moments at which the picture turned white or silence ended, in ns of the machine's clock, by which capture
processes stamp too. It goes on until its standard input ends, or says the problem and ends when it cannot.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import TypeVar

from agent.capture.camera import Camera
from agent.capture.microphone import Microphone
from agent.capture.source import CaptureError
from agent.clock import SessionClock
from encoders.samples import AudioChunk, VideoFrame
from tests.stand_ins.claps import click_times_ns, flash_times_ns

Sample = TypeVar("Sample", VideoFrame, AudioChunk)


def witness(what: str) -> None:
    """Say when each clap was seen or heard."""
    machine = SessionClock(0)
    if what == "microphone":
        with Microphone(None, machine) as microphone:
            for time_ns in click_times_ns(_until_told(iter(microphone))):
                _say(str(time_ns))
    else:
        with Camera(what, machine) as camera:
            for time_ns in flash_times_ns(_until_told(iter(camera))):
                _say(str(time_ns))


def _until_told(samples: Iterator[Sample]) -> Iterator[Sample]:
    waiting = threading.Thread(target=sys.stdin.read, daemon=True)
    waiting.start()
    _say("ready")
    for sample in samples:
        if not waiting.is_alive():
            return
        yield sample


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        witness(sys.argv[1])
    except CaptureError as problem:
        sys.exit(f"{problem.problem}: {problem}")

"""A process that records from the default microphone: python -m tests.stand_ins.listener FILE.npz

It prints "hearing" with the first chunk, writes pcm, pts_ns, seq, sample_rate_hz and losses (JSON) once it has heard
what sounded when its standard input ended, and prints the problem when it cannot go on.
"""

from __future__ import annotations

import json
import sys
import threading

import numpy as np

from agent.capture.microphone import Microphone
from agent.capture.source import CaptureError
from agent.clock import SessionClock
from encoders.samples import AudioChunk

_UNDER_WAY_NS = 300_000_000  # from the sound server to here


def listen(path: str) -> None:
    """Hear until told to end, and write it to `path`."""
    heard: list[AudioChunk] = []
    clock = SessionClock.start()
    ends_ns: list[int] = []

    def wait() -> None:
        sys.stdin.read()
        ends_ns.append(clock.now_ns() + _UNDER_WAY_NS)

    threading.Thread(target=wait, daemon=True).start()
    with Microphone(None, clock) as microphone:
        for chunk in microphone:
            if not heard:
                sys.stdout.write("hearing\n")
                sys.stdout.flush()
            heard.append(chunk)
            if ends_ns and chunk.interval.end_ns >= ends_ns[0]:
                break
        losses = json.dumps(microphone.losses)
    np.savez(
        path,
        pcm=np.concatenate([chunk.pcm for chunk in heard]),
        pts_ns=[chunk.pts_ns for chunk in heard],
        seq=[chunk.seq for chunk in heard],
        sample_rate_hz=sorted({chunk.sample_rate_hz for chunk in heard}),
        losses=losses,
    )


if __name__ == "__main__":
    try:
        listen(sys.argv[1])
    except CaptureError as problem:
        sys.exit(f"{problem.problem}: {problem}")

"""A process that records from the default microphone: python -m tests.stand_ins.listener SECONDS FILE.npz

It prints "hearing" with the first chunk, writes pcm, pts_ns, seq, sample_rate_hz and losses (JSON) when it heard
enough, and prints the problem when it cannot go on.
"""

from __future__ import annotations

import json
import sys

import numpy as np

from agent.capture.microphone import Microphone
from agent.capture.source import CaptureError
from agent.clock import SessionClock
from encoders.samples import AudioChunk


def listen(seconds: float, path: str) -> None:
    """Hear `seconds` of sound and write it to `path`."""
    heard: list[AudioChunk] = []
    with Microphone(None, SessionClock.start()) as microphone:
        for chunk in microphone:
            if not heard:
                sys.stdout.write("hearing\n")
                sys.stdout.flush()
            heard.append(chunk)
            if chunk.interval.end_ns - heard[0].pts_ns >= seconds * 1e9:
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
        listen(float(sys.argv[1]), sys.argv[2])
    except CaptureError as problem:
        sys.exit(f"{problem.problem}: {problem}")

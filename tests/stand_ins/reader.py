"""Paths of recordings in, a line each; what reading them whole came to out: a process that may come to grief alone.

It may have no more memory than a recording ever needs and no more processor time than a short one takes, so that a
recording that asks for more ends this process and is found out. What it answers: frames, chunks, and the problem of
each reading that failed.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from pathlib import Path

from agent.capture.media import probe
from agent.capture.recording import RecordingAudio, RecordingVideo
from agent.capture.source import CaptureError

MEMORY_BYTES = 1_500_000_000  # of address space, most of it the libraries'
PATIENCE_S = 60


def read(path: Path) -> dict[str, object]:
    """Everything that a session does with a recording."""
    frames = chunks = 0
    problems = {}
    try:
        probe(str(path))
    except CaptureError as error:
        problems["probe"] = error.problem.value
    for source in (RecordingVideo(path), RecordingAudio(path)):
        try:
            with source:
                for sample in source:
                    frames += isinstance(source, RecordingVideo)
                    chunks += isinstance(source, RecordingAudio)
                    assert sample.pts_ns >= 0
        except CaptureError as error:
            problems[type(source).__name__] = error.problem.value
    return {"frames": frames, "chunks": chunks, "problems": problems}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for line in sys.stdin:
        signal.alarm(PATIENCE_S)
        print(json.dumps(read(Path(line.rstrip("\n")))), flush=True)  # noqa: T201 - its answer
        signal.alarm(0)

"""deadpan record: writes another process's stream to a file, one body a line. Needs the client's packages only."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import msgspec

from agent.errors import DeadpanError
from deadpan.link import Link
from deadpan.messages import MESSAGE_TYPES, ON_REQUEST
from deadpan.reading import Reading
from deadpan.timeline import Timeline

_PATIENCE_S = 2.0


class RecordError(DeadpanError):
    """The stream cannot be written there. Its text says why and what to do."""


def perform(options: argparse.Namespace) -> int:
    """Record until interrupted, or for as long as was asked. Raises RecordError or StreamError when it cannot."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    types = [name for name in MESSAGE_TYPES if name not in ON_REQUEST]
    reading = Reading(options.endpoint, types, options.stream)
    timeline = Timeline()
    written = 0
    until = None if options.seconds is None else time.monotonic() + options.seconds
    with _created(options.out) as out, closing(Link(options.endpoint, reading.topics, options.key)) as link:
        print(f"Recording {options.endpoint} to {options.out}; Ctrl-C ends.", file=sys.stderr, flush=True)
        told = False
        try:
            while until is None or time.monotonic() < until:
                left_s = _PATIENCE_S if until is None else min(_PATIENCE_S, max(0.0, until - time.monotonic()))
                frames = link.frames(left_s)
                if frames is None and not told and left_s == _PATIENCE_S:
                    print(f"Nothing is published at {options.endpoint}; waiting.", file=sys.stderr, flush=True)
                told = frames is None
                message = None if frames is None else reading.message(frames, link.monitor.contacts)
                if frames is not None and message is not None and timeline.add(message, time.monotonic_ns()):
                    _append(out, frames[1])
                    written += 1
        finally:
            _report(options.out, written, timeline, reading.unreadable)
    return 0


def _created(path: Path) -> BinaryIO:
    """A new file, its owner's alone: it will hold what somebody said."""
    try:
        path.touch(mode=0o600, exist_ok=False)
        return path.open("wb")
    except FileExistsError as error:
        raise RecordError(f"{path} is there already and is not overwritten; name another file") from error
    except OSError as error:
        raise RecordError(f"{path} cannot be written: {error.strerror}") from error


def _append(out: BinaryIO, body: bytes) -> None:
    """Write one line, and let it be on the disk before the next comes: whatever happens, lines are whole."""
    line = body if body[:1] == b"{" else msgspec.json.encode(msgspec.msgpack.decode(body))
    try:
        out.write(line + b"\n")
        out.flush()
    except OSError as error:
        raise RecordError(f"the recording ends here: {error.strerror}") from error


def _report(path: Path, written: int, timeline: Timeline, unreadable: int) -> None:
    told = [f"{written} messages written to {path}"]
    told += [f"{count} of type {name} were lost on the way" for name, count in sorted(timeline.losses.items())]
    if unreadable:
        told.append(f"{unreadable} could not be read")
    print("; ".join(told) + ".", file=sys.stderr)

"""An encoder's process when recordings are scored: recordings' names in, its stage's results out, as fast as they come.

Orders are lines of JSON on standard input, results are frames on standard output: length, then the moment of the
session at which a live process would have had the value, then the value. The pipe's own limit keeps a lane from running
far ahead of the others.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator
from typing import IO

import msgspec
from setproctitle import setproctitle

from agent.capture.pacing import due_ns
from agent.capture.recording import RecordingAudio, RecordingVideo
from agent.config import Config
from agent.errors import DeadpanError
from agent.isolation import leave_network, prepare
from agent.plug_ins.roster import Plugged, opened
from agent.processes.models import Models
from agent.processes.sensing import Sensing
from agent.processes.spares import Spares
from agent.processes.stages import encoding_stage
from agent.processes.wire import Ended, Failure, Timed, pack, unpack
from agent.topology import WorkerName
from encoders.shipped import DamagedError

ISOLATED = "isolated"
"""The argument of a lane that is to give up the network before it reads anything."""
_HEAD = struct.Struct("<Iq")


class Order(msgspec.Struct, frozen=True):
    """A recording to encode."""

    name: WorkerName
    location: str
    config: Config
    plug_in: Plugged | None = None
    """Whose file it is, where it is no recording but what a plug-in's sensor measured during one."""


def write(out: IO[bytes], timed: Timed) -> None:
    """Put one result on a pipe."""
    frame = pack(timed.value)
    out.write(_HEAD.pack(len(frame), timed.at_ns) + frame)


def read(pipe: IO[bytes]) -> Timed | None:
    """Take the next result from a pipe; None when the writer is gone."""
    head = pipe.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, at_ns = _HEAD.unpack(head)
    frame = pipe.read(length)
    return Timed(at_ns, unpack(frame)) if len(frame) == length else None


def encode(order: Order, models: Models) -> Iterator[Timed]:
    """A recording through one encoder's stage, to the end of its stream."""
    if order.plug_in is not None:
        yield from _sense(order.plug_in)
        return
    stage = encoding_stage(order.name, models, order.config.speech)
    pictures = order.name == "face"
    source = (
        RecordingVideo(order.location, max_rate_hz=order.config.camera.rate_hz)
        if pictures
        else RecordingAudio(order.location)
    )
    at_ns, spares = 0, Spares()
    with source:
        for sample in source:
            at_ns = due_ns(sample)
            spares.let_go_if_due(at_ns)
            for made in stage.push(sample, at_ns):
                yield Timed(at_ns, made)
    for made in stage.push(Ended("camera" if pictures else "microphone", dict(source.losses)), at_ns):
        yield Timed(at_ns, made)


def _sense(plugged: Plugged) -> Iterator[Timed]:
    """A plug-in's file through its encoder."""
    source, encoder = opened(plugged)
    sensing = Sensing(plugged, encoder)
    at_ns = 0
    with source:
        for measurement in source:
            if measurement is not None:
                at_ns = due_ns(measurement)
                for made in sensing.push(measurement):
                    yield Timed(at_ns, made)
        for made in sensing.end(source.losses):
            yield Timed(at_ns, made)


def main() -> int:
    """Encode recordings until standard input ends."""
    if ISOLATED in sys.argv:
        prepare()
        leave_network()
    out = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    os.dup2(2, 1)  # whatever a library prints must not get between the frames
    models = Models()
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        setproctitle(f"deadpan: {order.name}")
        if not models.serve(order.config.speech):
            models = Models(order.config.speech)  # in place of the others: two engines would not fit a laptop
        try:
            for timed in encode(order, models):
                write(out, timed)
        except (DeadpanError, FileNotFoundError, DamagedError) as error:
            write(out, Timed(0, Failure(str(error))))
        out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A process of a session that tries, once its work is ready, to reach a port: run in place of agent.processes.worker.

It tries the port of this machine that PORT in its surroundings names, as any library in it could, and says on standard
error what came of it.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from agent.capture.source import Step, no_step
from agent.isolation import Outside
from agent.processes import worker, working
from agent.processes.assignment import Assignment
from agent.processes.bus import Bus
from agent.processes.models import Models
from agent.processes.work import Work

PORT = "REACHING_PORT"

_prepare = working.prepare


@contextmanager
def prepare_and_reach(
    assignment: Assignment,
    bus: Bus,
    outside: Outside | None = None,
    models: Models | None = None,
    step: Step = no_step,
) -> Iterator[Work]:
    """The work itself, after the try."""
    with _prepare(assignment, bus, outside, models, step) as work:
        try:
            socket.create_connection(("127.0.0.1", int(os.environ[PORT])), timeout=5).close()
            sys.stderr.write("reached\n")
        except OSError as error:
            sys.stderr.write(f"{error.strerror}\n")
        sys.stderr.flush()
        yield work


if __name__ == "__main__":
    working.prepare = prepare_and_reach
    sys.exit(worker.main())

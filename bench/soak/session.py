"""python -m bench.soak.session RECORDING ENDPOINT: a live session to its end, and then its last counters on output.

The processes are those of `deadpan run`. Only their supervisor is held here, because fusion, the last to publish, is
gone when the last counters of the others are known.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import msgspec

from agent.config import Config
from agent.processes.wire import Condition
from agent.session import open_session, resolve_inputs

_SETTLING_S = 3.0  # a few pulses, after which nothing is under way any more


def run(recording: str, endpoint: str) -> Condition:
    """How the processes were when all had been said and counted."""
    config = Config(source=recording, publish=replace(Config().publish, endpoint=endpoint))
    with open_session(config, resolve_inputs(config)) as supervisor:
        supervisor.start()
        while not supervisor.finished:
            supervisor.attend(20)
        settled_s = time.monotonic() + _SETTLING_S
        while time.monotonic() < settled_s:
            supervisor.attend(20)
        return supervisor.condition


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(run(*sys.argv[1:])).decode() + "\n")

"""The body of every process: its orders in on standard input, its values on the bus, its pulse to the supervisor.

Orders are lines of JSON: first the assignment, then orders (see assignment). The end of standard input means that
the supervisor stopped this process, or is gone: either way the process ends. Its standard error is a file that the
supervisor shows when the process fails; it never holds words, pictures or sounds.
"""

from __future__ import annotations

import faulthandler
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from setproctitle import setproctitle

from agent.capture.source import CaptureError, Problem
from agent.clock import SessionClock
from agent.errors import DeadpanError
from agent.isolation import IsolationError, Outside, leave_network, prepare
from agent.processes.assignment import EXIT_AWAY, EXIT_FAILED, Assignment, Orders
from agent.processes.bus import Bus
from agent.processes.frame_pool import FramePool
from agent.processes.heart import Heart
from agent.processes.reach import Reach, needed
from agent.processes.spares import settle
from agent.processes.steps import Steps, steps_file
from encoders.shipped import DamagedError

if TYPE_CHECKING:
    from agent.processes.models import Models

_PASSING = (Problem.ABSENT, Problem.BUSY, Problem.VANISHED)
"""What may be otherwise in a moment, without anybody changing a setting."""


def main() -> int:
    """Run one process; returns its exit code."""
    faulthandler.enable()
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1)  # the supervisor asks for the stacks before it kills
    assignment = msgspec.json.decode(sys.stdin.readline(), type=Assignment)
    setproctitle(f"deadpan: {assignment.name}")
    try:  # before there is a second thread, and before any library that could have plans of its own is loaded
        network, outside = _isolate(assignment)
    except IsolationError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_FAILED
    orders = Orders(sys.stdin)
    orders.follow()
    models = None
    if assignment.understudy and (models := _stand_by(assignment, orders)) is None:
        return 0
    bus = Bus(
        Path(assignment.folder),
        assignment.name,
        recorded=assignment.record is not None,
        plug_ins=[each.name for each in assignment.plugged],
        pool=None if assignment.frames is None else FramePool(assignment.frames),
    )
    steps = Steps(steps_file(Path(assignment.folder), assignment.name))
    heart = Heart(bus, assignment.name, steps, round(assignment.config.supervision.pulse_s * 1e9), network)
    try:
        _work(assignment, orders, bus, heart, outside, models)
        orders.stopped.wait()  # or what it sent last might not have left yet: see Bus.close
    except CaptureError as error:
        heart.beat("failed", {}, str(error))
        return EXIT_AWAY if assignment.source == "live" and error.problem in _PASSING else EXIT_FAILED
    except (DeadpanError, FileNotFoundError, DamagedError) as error:  # the latter two: weights
        heart.beat("failed", {}, str(error))
        return EXIT_FAILED
    except ImportError as error:
        heart.beat("failed", {}, f"{error}. On Debian or Ubuntu run: sudo sh scripts/system-libraries")
        return EXIT_FAILED
    finally:
        bus.close()
    return 0


def _stand_by(assignment: Assignment, orders: Orders) -> Models | None:
    """Load what fusion needs and wait until it is needed itself; None when it never is."""
    setproctitle(f"deadpan: {assignment.name} (understudy)")
    from agent.processes import working  # noqa: F401 - to have it, and all that it imports
    from agent.processes.models import Models

    models = Models(assignment.config.speech)
    _ = models.fusion
    settle()
    if orders.wait_for_go() is None:
        return None
    setproctitle(f"deadpan: {assignment.name}")
    return models


def _isolate(assignment: Assignment) -> tuple[Reach, Outside | None]:
    """Give up what the process does not need of the network; what is left, and the thread that keeps it for the stream.

    Raises IsolationError.
    """
    reach = needed(assignment) if assignment.isolated else "all"
    if reach == "all":
        return reach, None
    prepare()
    outside = Outside() if reach == "stream" else None
    leave_network()
    return reach, outside


def _work(
    assignment: Assignment, orders: Orders, bus: Bus, heart: Heart, outside: Outside | None, models: Models | None
) -> None:
    from agent.processes import working  # here, so that the process's name and pulse exist before its libraries load

    with working.prepare(assignment, bus, outside, models, heart.step) as work:
        settle()
        heart.beat("ready", {})
        origin_monotonic_ns = orders.wait_for_go()
        if origin_monotonic_ns is None:
            return
        clock = SessionClock(origin_monotonic_ns)
        heart.beat("running", {})
        work.run(clock, orders, heart)
        if not orders.stopped.is_set():
            heart.beat("finished", work.counters)


if __name__ == "__main__":
    sys.exit(main())

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

import msgspec
from setproctitle import setproctitle

from agent.clock import SessionClock
from agent.errors import DeadpanError
from agent.processes.assignment import EXIT_FAILED, Assignment, Orders
from agent.processes.bus import Bus
from agent.processes.heart import Heart


def main() -> int:
    """Run one process; returns its exit code."""
    faulthandler.enable()
    if hasattr(signal, "SIGUSR1"):
        faulthandler.register(signal.SIGUSR1)  # the supervisor asks for the stacks before it kills
    assignment = msgspec.json.decode(sys.stdin.readline(), type=Assignment)
    setproctitle(f"deadpan: {assignment.name}")
    orders = Orders(sys.stdin)
    orders.follow()
    bus = Bus(Path(assignment.folder), assignment.name)
    heart = Heart(bus, assignment.name, round(assignment.config.supervision.pulse_s * 1e9))
    try:
        _work(assignment, orders, bus, heart)
    except (DeadpanError, FileNotFoundError) as error:  # the latter: weights that are not there
        heart.beat("failed", {}, str(error))
        return EXIT_FAILED
    except ImportError as error:
        heart.beat("failed", {}, f"{error}. On Debian or Ubuntu run: sudo sh scripts/system-libraries")
        return EXIT_FAILED
    finally:
        bus.close()
    return 0


def _work(assignment: Assignment, orders: Orders, bus: Bus, heart: Heart) -> None:
    from agent.processes import working  # here, so that the process's name and pulse exist before its libraries load

    with working.prepare(assignment, bus) as work:
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

"""deadpan proxy: publishes several agents' streams at one endpoint. Needs the client's packages only."""

from __future__ import annotations

import argparse
import signal
import sys

from agent.stream.exchange import Exchange

_TURN_MS = 1000


def perform(options: argparse.Namespace) -> int:
    """Pass messages on until interrupted. Raises PublishError, with what to do about it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    exchange = Exchange(options.publish, options.agents, options.bus, options.keys)
    places = ", ".join([*options.agents, *([f"whoever joins at {options.bus}"] if options.bus else [])])
    print(f"Publishing at {options.publish}: {places}. Ctrl-C ends.", file=sys.stderr, flush=True)
    try:
        while True:
            exchange.turn(_TURN_MS)
    finally:
        print(", ".join(f"{name} {count}" for name, count in exchange.counters.items()), file=sys.stderr)
        exchange.close()

"""deadpan mcp: answers an assistant's questions on standard input and output. Needs the client's packages and mcp."""

from __future__ import annotations

import argparse
import os
import signal

from deadpan.mcp import server


def perform(options: argparse.Namespace) -> int:
    """Serve until standard input ends, or until interrupted."""
    serving = server(options.endpoint, stream=options.stream, key=options.key)
    for number in (signal.SIGINT, signal.SIGTERM):
        # A thread waits for standard input and cannot be woken; and there is nothing to put away.
        signal.signal(number, lambda *_: os._exit(0))
    serving.run("stdio")
    return 0

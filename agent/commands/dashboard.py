"""deadpan dashboard: a page that shows a stream. Needs the client's packages and aiohttp only."""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.endless import run_until_stopped
from deadpan.dashboard import Dashboard


def perform(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)  # it warns of whatever odd a client asks for
    run_until_stopped(_serve(options))
    return 0


@contextmanager
def beside(endpoint: str, listen: str, key: Path | None) -> Iterator[None]:
    """The page of a stream in a browser, as long as the block lasts: a process of its own, whatever becomes of it."""
    command = [sys.executable, "-P", "-m", "agent.cli", "dashboard", endpoint, "--listen", listen, "--open"]
    command += [] if key is None else ["--key", str(key)]
    # What it says is for people, not for whoever reads our output; and Ctrl-C is for us, who end it.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


async def _serve(options: argparse.Namespace) -> None:
    async with Dashboard(options.endpoint, listen=options.listen, stream=options.stream, key=options.key) as dashboard:
        url = f"http://{dashboard.address}/"
        print(f"Look at {options.endpoint} at {url} (Ctrl-C ends).", flush=True)
        if options.open and _has_screen():
            webbrowser.open(url)
        await dashboard.run()


def _has_screen() -> bool:
    """Whether a browser would have somewhere to appear: else a terminal's own might, in the midst of our lines."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

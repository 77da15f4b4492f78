"""deadpan dashboard: a page that shows a stream. Needs the client's packages and aiohttp only."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.endless import run_until_stopped

_END_S = 10.0


def perform(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)  # it warns of whatever odd a client asks for
    run_until_stopped(_serve(options))
    return 0


@contextmanager
def beside(endpoint: str, listen: str, key: Path | None, picture: str | None = None) -> Iterator[subprocess.Popen[str]]:
    """The page of a stream in a browser, as long as the block lasts: a process of its own, whatever becomes of it.

    Where it is to be seen is told before the block begins: later, it would be told in the midst of what a terminal is
    drawn with. `picture` is where the camera gives pictures, if the page is to show them.
    """
    command = [sys.executable, "-P", "-m", "agent.cli", "dashboard", endpoint, "--listen", listen, "--open", "--tied"]
    command += [] if key is None else ["--key", str(key)]
    command += [] if picture is None else ["--picture", picture]
    # What it says is for people, not for whoever reads our output; and Ctrl-C is for us, who end it.
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        print(process.stdout.readline() if process.stdout else "", end="", file=sys.stderr, flush=True)
        yield process
    finally:
        try:
            process.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


async def _serve(options: argparse.Namespace) -> None:
    from deadpan.dashboard import dashboard  # here, because whoever wants beside() alone needs no web server

    async with dashboard(
        options.endpoint,
        listen=options.listen,
        stream=options.stream,
        key=options.key,
        picture=options.picture,
    ) as served:
        url = f"http://{served.address}/"
        if options.tied:
            print(f"In a browser: {url}", flush=True)
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a browser may write there, long after we are gone
            _end_with(sys.stdin.fileno())
        else:
            print(f"Showing {options.endpoint} at {url} (Ctrl-C ends).", flush=True)
        if options.open and _has_screen():
            webbrowser.open(url)
        await served.run()


def _end_with(descriptor: int) -> None:
    """End as if told to, once nobody holds the other end of a pipe: whoever started this process is gone, or done."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(descriptor)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(descriptor, end)


def _has_screen() -> bool:
    """Whether a browser would have somewhere to appear: else a terminal's own might, in the midst of our lines."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

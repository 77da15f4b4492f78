"""deadpan wyoming: passes utterances on in the Wyoming protocol. Needs the client's packages and wyoming only."""

from __future__ import annotations

import argparse

from agent.endless import run_until_stopped
from deadpan.wyoming import Server


def perform(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    run_until_stopped(_serve(options))
    return 0


async def _serve(options: argparse.Namespace) -> None:
    async with Server(options.endpoint, listen=options.listen, stream=options.stream, key=options.key) as server:
        print(f"Passing utterances of {options.endpoint} on at {server.uri} (Ctrl-C ends).", flush=True)
        await server.run()

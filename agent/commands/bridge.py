"""deadpan bridge: passes a stream on to browsers. Needs the client's packages and aiohttp only."""

from __future__ import annotations

import argparse
import logging

from agent.endless import run_until_stopped
from deadpan.bridge import Bridge


def perform(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)  # it warns of whatever odd a client asks for
    run_until_stopped(_serve(options))
    return 0


async def _serve(options: argparse.Namespace) -> None:
    async with Bridge(
        options.endpoint,
        listen=options.listen,
        stream=options.stream,
        key=options.key,
        allow_origins=options.allow_origin,
    ) as bridge:
        print(f"Passing {options.endpoint} on at http://{bridge.address} (Ctrl-C ends).", flush=True)
        await bridge.run()

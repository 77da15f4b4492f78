"""A stream in, the same messages out to browsers: WebSocket, server-sent events and last values, on loopback alone.

async with deadpan.bridge.Bridge(listen="127.0.0.1:5739") as bridge:
    print(bridge.address)
    await bridge.run()

Needs the bridge extra (aiohttp). Bodies pass through byte by byte; MessagePack becomes JSON. See docs/bridges.md.
"""

from deadpan.bridge.serving import DEFAULT_ADDRESS, Bridge
from deadpan.bridge.site import Limits

__all__ = ["DEFAULT_ADDRESS", "Bridge", "Limits"]

"""A coroutine that would never end in, its clean end on Ctrl-C or SIGTERM out."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine


def run_until_stopped(work: Coroutine[None, None, None]) -> None:
    """Run it, cancel it when this process is asked to end, and return once it has cleaned up. Raises what it raises."""

    async def watched() -> None:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    asyncio.run(watched())

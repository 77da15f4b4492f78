"""A stream in, answers to an assistant's questions out: a server of the Model Context Protocol.

deadpan.mcp.server().run("stdio")

Needs the mcp extra. Two tools, current_affect and last_utterance; see docs/bridges.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from inspect import getdoc
from pathlib import Path
from typing import Annotated

from mcp.server.mcpserver import Context, MCPServer
from mcp.types import ToolAnnotations
from pydantic import Field

from deadpan.connection import DEFAULT_ENDPOINT
from deadpan.mcp.answers import CurrentAffect, LastUtterance
from deadpan.mcp.memory import Memory
from deadpan.subscription import TypeName, subscribe

__all__ = ["CurrentAffect", "LastUtterance", "server"]

_MOST_S = 120.0  # as long as a timeline keeps
_TYPES: tuple[TypeName, ...] = ("estimate", "utterance", "transcript", "event", "health")

_INSTRUCTIONS = """\
Deadpan watches and listens to the person at this machine, with their consent, and estimates how sarcastic they sound \
and how they feel about what they say. These are cues, not verdicts: probabilities from a small model that is often \
wrong, about how something sounds, never about what a person is like or truly feels. Take them as a listener takes a \
tone of voice: let them make you ask, soften or not take words literally; do not tell people what they feel, and do \
not decide anything about them by it. What is unknown is said to be unknown, with the reason: do not fill it in."""

_READ_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


def server(
    endpoint: str = DEFAULT_ENDPOINT, *, stream: str | None = None, key: str | Path | None = None
) -> MCPServer[Memory]:
    """A server that has subscribed and answers once it is run. Raises EndpointError and AccessError as `subscribe`."""
    subscription = subscribe(endpoint, types=_TYPES, stream=stream, key=key)

    @asynccontextmanager
    async def listening(_: MCPServer[Memory]) -> AsyncIterator[Memory]:
        memory = Memory(subscription)
        keeping = asyncio.create_task(memory.keep())
        try:
            yield memory
        finally:
            subscription.close()
            await keeping

    serving = MCPServer(
        "deadpan",
        instructions=_INSTRUCTIONS,
        lifespan=listening,
        log_level="CRITICAL",  # assistants show their users whatever a server says beside the protocol
        version=version("deadpan"),
    )
    for title, tool in _TOOLS.items():
        serving.add_tool(tool, title=title, description=getdoc(tool), annotations=_READ_ONLY)
    return serving


async def current_affect(
    ctx: Context[Memory],
    window_s: Annotated[float, Field(gt=0, le=_MOST_S, description="Seconds back from now")] = 10.0,
) -> CurrentAffect:
    """How sarcastic the person sounds right now and how they feel about what they say, from their words, their voice
    and their face; and what they said in the last `window_s` seconds, each utterance with its own reading.

    Sarcasm is a probability that something was not meant literally. Sentiments run from -1 to 1: of the words as
    written (said), of voice and face (delivered), and what was probably meant. Cues, not verdicts: much of it is
    uncertain, and a low confidence means that there was little to go by. Whatever is null is unknown.
    """
    memory = ctx.request_context.lifespan_context
    await memory.greeted()
    return memory.current(window_s)


async def last_utterance(ctx: Context[Memory]) -> LastUtterance:
    """What the person said last, as it was recognised, how long ago, and how it was probably meant.

    Its `line` is ready to be put in front of a language model: ([sentiment value=-0.50],[sarcasm value=0.82]) Oh great…
    Cues, not verdicts: recognition mishears, and tone is ambiguous. Whatever is null is unknown.
    """
    memory = ctx.request_context.lifespan_context
    await memory.greeted()
    return memory.last()


_TOOLS: dict[str, Callable[..., Awaitable[CurrentAffect | LastUtterance]]] = {
    "How the person sounds right now": current_affect,
    "What the person said last": last_utterance,
}

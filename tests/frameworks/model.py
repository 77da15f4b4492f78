"""Replies in, a language model's service on this machine out, which remembers word for word what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.deadpan.stage import PATIENCE_S


class ScriptedModel:
    """Answers as OpenAI's chat completions do, one reply after the other, the last for ever."""

    def __init__(self, replies: Iterable[str]) -> None:
        self._replies = list(replies)
        self.asked: list[list[dict[str, Any]]] = []
        """The messages of each request."""
        self.address = ""
        self._news = asyncio.Event()

    @property
    def told(self) -> list[str]:
        """What the user had said in the last request, turn by turn."""
        return [message["content"] for message in self.asked[-1] if message["role"] == "user"]

    async def hear(self, count: int = 1) -> None:
        """Wait for so many requests."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.asked) < count:
                self._news.clear()
                await self._news.wait()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body["messages"])
        self._news.set()
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.force_close()  # pipecat leaves its client's kept connections open when it ends
        await response.prepare(request)
        for delta, finish in (({"role": "assistant", "content": reply}, None), ({}, "stop")):
            chunk = {
                "id": "reply",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": body["model"],
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            }
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response


@asynccontextmanager
async def serving(*replies: str) -> AsyncIterator[ScriptedModel]:
    model = ScriptedModel(replies)
    service = web.Application()
    service.router.add_post("/v1/chat/completions", model.answer)
    runner = web.AppRunner(service)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    model.address = f"http://{host}:{port}/v1"
    try:
        yield model
    finally:
        await runner.cleanup()

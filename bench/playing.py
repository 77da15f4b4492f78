"""The demo at real time, as a program would have it that takes part in a call: python -m bench.playing agent|ENDPOINT

agent pushes it into an Agent of its own and prints the messages as `deadpan run --json` does; an endpoint is fed.
"""

from __future__ import annotations

import asyncio
import heapq
import sys
import time
from collections.abc import Iterable, Iterator

import numpy as np

import deadpan
from agent.capture.pacing import due_ns
from agent.capture.recording import RecordingAudio, RecordingVideo
from agent.embedded import Agent
from agent.session import demo_location
from deadpan.messages import to_json
from encoders.samples import NS_PER_S, AudioChunk, VideoFrame


def samples() -> Iterator[AudioChunk | VideoFrame]:
    """All of the demo's sound and pictures, each when a device would have delivered it."""
    with RecordingAudio(demo_location()) as audio, RecordingVideo(demo_location(), max_rate_hz=1000.0) as video:
        sounds: Iterable[AudioChunk | VideoFrame] = audio
        pictures: Iterable[AudioChunk | VideoFrame] = video
        yield from heapq.merge(sounds, pictures, key=due_ns)


def feed(endpoint: str) -> None:
    """Feed the demo once, after a moment for the agent to find the feed."""
    with deadpan.Feed(endpoint) as feed:
        time.sleep(2.0)
        began_ns = time.monotonic_ns()
        for sample in samples():
            time.sleep(max(0, began_ns + due_ns(sample) - time.monotonic_ns()) / NS_PER_S)
            if isinstance(sample, AudioChunk):
                feed.audio(np.round(sample.pcm * 32767).astype("<i2").tobytes(), sample.sample_rate_hz)
            else:
                feed.video(sample.rgb.tobytes(), sample.rgb.shape[1], sample.rgb.shape[0])


async def push() -> None:
    """Push the demo into an Agent, and print what comes of it."""
    async with Agent() as agent, asyncio.TaskGroup() as tasks:

        async def play() -> None:
            for sample in samples():
                await asyncio.sleep(max(0, due_ns(sample) - agent.now_ns) / NS_PER_S)
                if isinstance(sample, AudioChunk):
                    await agent.hear(sample.pcm, sample.sample_rate_hz)
                else:
                    await agent.see(sample.rgb)
            await agent.end()

        tasks.create_task(play())
        async for message in agent:
            if not isinstance(message, deadpan.Estimate) or message.revision == 0:
                sys.stdout.write(to_json(message).decode() + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "agent":
        asyncio.run(push())
    else:
        feed(sys.argv[1])

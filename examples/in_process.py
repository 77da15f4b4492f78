"""A recording in, each utterance and how it was meant out, in one process: python -m examples.in_process FILE

The Agent takes NumPy arrays from wherever a program has them; here FFmpeg's decoder stands for that. A program with a
call or a camera leaves `realtime` as it is, and pushes what it gets when it gets it, without saying when that was.
"""

from __future__ import annotations

import argparse
import asyncio
from fractions import Fraction

import av

from agent.embedded import Agent
from deadpan import Utterance


async def push(agent: Agent, recording: str) -> None:
    """Decode a recording and push it, in order of time."""
    with av.open(recording) as container:
        for frame in container.decode(container.streams.audio[0], container.streams.video[0]):
            if isinstance(frame, av.VideoFrame):
                await agent.see(frame.to_ndarray(format="rgb24"), _pts_ns(frame))
            elif isinstance(frame, av.AudioFrame):
                samples = frame.to_ndarray()  # [channels, samples] of a planar format, as those of MP4 files are
                await agent.hear(samples.T, frame.sample_rate, _pts_ns(frame))
    await agent.end()


def _pts_ns(frame: av.VideoFrame | av.AudioFrame) -> int:
    return int((frame.pts or 0) * (frame.time_base or Fraction(0)) * 1_000_000_000)


async def main(recording: str) -> None:
    """Say what was said, and what it is worth."""
    async with Agent(realtime=False) as agent, asyncio.TaskGroup() as tasks:
        tasks.create_task(push(agent, recording))
        async for message in agent:
            if isinstance(message, Utterance):
                sarcasm = message.sarcasm.probability
                print(
                    f"{message.start_ns / 1e9:6.1f} s  {'?' if sarcasm is None else f'{sarcasm:.2f}'}  {message.text}"
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        "examples.in_process", description="Say how what is said in a recording was meant."
    )
    parser.add_argument("recording", metavar="FILE", help="with sound and pictures, such as agent/demo.mp4")
    asyncio.run(main(parser.parse_args().recording))

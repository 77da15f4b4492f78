"""The bundled demo in, one of its lines as a microphone would bring it out; and the agent that listens to it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

ROOT = Path(__file__).parents[2]
RATE_HZ = 16_000
PIECE_S = 0.02
START_S = 40.0  # for a real agent to load its models, on a machine that has other work
_S = 1_000_000_000
_BYTES = 2
_PIECE_BYTES = round(RATE_HZ * PIECE_S) * _BYTES
_AGENT = ROOT / ".venv/bin/python"  # an environment of its own: the frameworks want other versions


@dataclass(frozen=True, slots=True)
class Line:
    """What is said in it, and its sound: 16 bit, mono, RATE_HZ."""

    text: str
    pcm: bytes


def line(number: int) -> Line:
    """A line of the demo with half a second of its silence around."""
    said = json.loads((ROOT / "agent/demo.json").read_text())["lines"][number]
    start, end = (at_ns * RATE_HZ // _S * _BYTES for at_ns in (said["start_ns"] - _S // 2, said["end_ns"] + _S // 2))
    return Line(said["text"], _sound()[start:end])


class Microphone:
    """Silence, and what is played into it, in pieces at the pace of time."""

    def __init__(self) -> None:
        self._waiting = b""

    def play(self, pcm: bytes) -> None:
        self._waiting += pcm

    async def pieces(self) -> AsyncIterator[bytes]:
        due_s = time.monotonic()
        while True:
            piece, self._waiting = self._waiting[:_PIECE_BYTES], self._waiting[_PIECE_BYTES:]
            yield piece.ljust(_PIECE_BYTES, b"\0")
            due_s += PIECE_S
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))


def agent_command(feed: str, endpoint: str) -> tuple[str, ...]:
    """How a real agent on a feed is started; the test is skipped where none is installed."""
    if not _AGENT.exists():
        pytest.skip("no agent is installed here: make .venv/live.stamp")
    return (str(_AGENT), "-m", "agent.cli", "run", "--source", feed, "--publish", endpoint)


def _sound() -> bytes:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    with av.open(str(ROOT / "agent/demo.mp4")) as recording:
        decoded = [piece for frame in recording.decode(audio=0) for piece in resampler.resample(frame)]
    return b"".join(piece.to_ndarray().tobytes() for piece in decoded)

"""Samples in, an encoder's results out, for an event loop: the stage works on a thread of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from agent.capture.pacing import due_ns
from agent.processes.stages import Stage
from agent.processes.waiting import Waiting
from agent.processes.wire import Ended, Value
from agent.topology import EDGES, WorkerName
from deadpan.messages import WorkerHealth, WorkerState
from encoders.samples import AudioChunk, Modality, VideoFrame


@dataclass(frozen=True, slots=True)
class Worked:
    """What an encoder made of a sample: `at_ns` is when the sample was complete."""

    sender: int
    at_ns: int
    made: tuple[Value, ...]
    ended: bool = False
    """Whether it was its last."""
    failure: str = ""
    """Why, when it cannot go on."""


class EncoderThread:
    """One encoder: a bounded queue, a thread that works it off in order, and how it fares.

    The queue is the edge's in the topology: its depth, and which samples survive when the encoder is slow. An encoder
    that raises is failed: its modality ends, what still comes for it is counted and left, and the others go on.
    All methods are for the event loop it was opened in; whoever opened it must close it.
    """

    def __init__(self, name: WorkerName, modality: Modality, sender: int) -> None:
        self.name, self.modality = name, modality
        self.losses: Counter[str] = Counter()
        """Samples that were not encoded: skipped for a newer one, refused by a full queue, unused after a failure."""
        self._sender = sender
        [edge] = (edge for edge in EDGES if edge.reader == name)
        self._keeps_newest = edge.keep == "newest"
        self._waiting: Waiting[VideoFrame | AudioChunk | Ended] = Waiting(edge.depth)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"deadpan: {name}")
        self._stage: Stage | None = None
        self._state: WorkerState = "starting"
        self._failure = ""
        self._remark = ""
        self._counters: dict[str, int] = {}
        self._lag_ms: float | None = None

    @property
    def health(self) -> WorkerHealth:
        return WorkerHealth(
            state=self._state,
            reason=self._failure or self._remark,
            lag_ms=self._lag_ms,
            counters=self._counters | dict(self.losses),
        )

    async def open(self, make: Callable[[], Stage]) -> None:
        """Load what the encoder needs, on its thread. Raises what `make` does."""
        self._stage = await asyncio.get_running_loop().run_in_executor(self._executor, make)
        self._state = "running"

    def offer(self, sample: VideoFrame | AudioChunk) -> None:
        """Queue a sample without waiting; a slow encoder loses by it what its edge says."""
        while self._keeps_newest and len(self._waiting):
            self._waiting.pop()
            self.losses["skipped"] += 1
        if not self._waiting.offer(sample):
            self.losses["refused"] += 1

    async def give(self, value: VideoFrame | AudioChunk | Ended) -> None:
        """Queue a sample, or the end of them, once there is room."""
        await self._waiting.put(value)

    async def run(self, out: Waiting[Worked], now_ns: Callable[[], int] | None) -> None:
        """Work until the samples end. `now_ns` is the session's clock; None when its time is that of its samples."""
        loop = asyncio.get_running_loop()
        at_ns, ended = 0, False
        while not ended and (value := await self._waiting.next()) is not None:
            ended = isinstance(value, Ended)
            if not isinstance(value, Ended):
                at_ns = due_ns(value)
            if self._state == "failed":
                self.losses["unused"] += 0 if ended else 1
                continue
            try:
                made = await loop.run_in_executor(self._executor, self._encode, value, at_ns, now_ns)
            except Exception as error:  # noqa: BLE001 - whatever a model raises must not take the other two along
                self._state, self._failure = "failed", f"{type(error).__name__}: {error}"
                made = (Ended(self.modality),)
            await out.put(Worked(self._sender, at_ns, made, ended or bool(self._failure), self._failure))
        if self._state == "running":
            self._state = "stopped"

    async def close(self) -> None:
        """Wait until the thread has done what it is at, and end it."""
        self._waiting.close()
        try:
            await asyncio.get_running_loop().run_in_executor(self._executor, lambda: None)
        finally:
            self._executor.shutdown()

    def _encode(
        self, value: VideoFrame | AudioChunk | Ended, at_ns: int, now_ns: Callable[[], int] | None
    ) -> tuple[Value, ...]:
        """On the thread."""
        if self._stage is None:
            raise ValueError("an encoder must be opened before it can work")
        made = tuple(self._stage.push(value, at_ns if now_ns is None else now_ns()))
        self._counters, self._remark = self._stage.counters, self._stage.remark
        if now_ns is not None:
            self._lag_ms = round((now_ns() - at_ns) / 1e6, 1)
        return made

"""A session's samples in, what its encoders make of them out: all of their threads together."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from agent.config import SpeechConfig
from agent.processes.models import Models
from agent.processes.stages import encoding_stage
from agent.processes.thread import EncoderThread, Worked
from agent.processes.waiting import Waiting
from agent.processes.wire import Condition, Ended
from agent.topology import EDGES, Worker, WorkerName
from deadpan.messages import WorkerHealth
from encoders.samples import AudioChunk, VideoFrame

_RESULTS = 64


class Crew:
    """The encoders among a session's workers. Whoever opens it must close it, whatever came of opening it.

    `losses` are those of what feeds them, by its name in the topology: camera, microphone.
    """

    def __init__(self, workers: tuple[Worker, ...], losses: Mapping[WorkerName, Counter[str]]) -> None:
        encoders = [(worker.name, worker.modality) for worker in workers if worker.modality is not None]
        self.names = [name for name, _ in encoders]
        self.modalities = [modality for _, modality in encoders]
        self.results: Waiting[Worked] = Waiting(_RESULTS)
        self._threads = {name: EncoderThread(name, modality, n) for n, (name, modality) in enumerate(encoders)}
        self._feeds = [edge for edge in EDGES if edge.reader in self._threads]
        self._source_losses = losses
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def losses(self) -> dict[str, Counter[str]]:
        """What each encoder, and what feeds it, has lost."""
        losses: dict[str, Counter[str]] = {name: thread.losses for name, thread in self._threads.items()}
        for edge in self._feeds:
            losses[edge.writer] = self._source_losses[edge.writer]
        return losses

    @property
    def condition(self) -> Condition:
        """How all of them are."""
        workers: dict[str, WorkerHealth] = {name: thread.health for name, thread in self._threads.items()}
        for edge in self._feeds:
            counters = dict(self._source_losses[edge.writer])
            workers[edge.writer] = WorkerHealth(state="running", counters=counters)
        return Condition(workers)

    async def open(self, models: Models, speech: SpeechConfig) -> None:
        """Load what each needs, all at once. Raises what loading raises."""
        loading = [thread.open(partial(encoding_stage, name, models, speech)) for name, thread in self._threads.items()]
        for problem in await asyncio.gather(*loading, return_exceptions=True):
            if problem is not None:
                raise problem

    def begin(self, now_ns: Callable[[], int] | None) -> None:
        """Have them work. `now_ns` is the session's clock; None when its time is that of its samples."""
        for name, thread in self._threads.items():
            self._tasks.append(asyncio.create_task(thread.run(self.results, now_ns), name=f"deadpan: {name}"))

    def offer(self, sample: VideoFrame | AudioChunk) -> None:
        """Give a sample to those who take it, at once; those who are too slow lose by it."""
        for thread in self._takers(sample):
            thread.offer(sample)

    async def give(self, sample: VideoFrame | AudioChunk) -> None:
        """Give a sample to those who take it, once they have room."""
        for thread in self._takers(sample):
            await thread.give(sample)

    async def end(self) -> None:
        """Say that no more comes."""
        for edge in self._feeds:
            await self._threads[edge.reader].give(Ended(edge.writer, dict(self._source_losses[edge.writer])))

    async def close(self) -> None:
        """End them, wherever they are."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.results.close()
        await asyncio.gather(*(thread.close() for thread in self._threads.values()))

    def _takers(self, sample: VideoFrame | AudioChunk) -> list[EncoderThread]:
        writer = "camera" if isinstance(sample, VideoFrame) else "microphone"
        return [self._threads[edge.reader] for edge in self._feeds if edge.writer == writer]

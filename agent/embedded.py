"""Pushed sound and pictures in, messages out: a session's pipeline inside the caller's own process and event loop.

    async with Agent() as agent, asyncio.TaskGroup() as tasks:
        tasks.create_task(show(agent))     # async for message in agent: ...
        await agent.hear(pcm, 48_000)      # NumPy arrays, as they come
        await agent.see(rgb)
        await agent.end()

docs/embedding.md says when to take this, and when a session of processes.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

from agent.capture.arrays import picture_of, sound_of
from agent.capture.glimpses import FrameStamper
from agent.capture.pacing import due_ns
from agent.clock import SessionClock
from agent.config import Config, check
from agent.errors import DeadpanError
from agent.processes.courses import ClockCourse, Course, MediaCourse
from agent.processes.crew import Crew
from agent.processes.fusing import FusingStage
from agent.processes.fusion_task import FusionTask
from agent.processes.models import Models
from agent.processes.waiting import Unread
from agent.topology import WorkerName, workers_for
from deadpan.messages import Message
from encoders.samples import NS_PER_S, AudioChunk, VideoFrame
from fusion.model import Fusion

_FURTHEST_S = 600  # that sound and pictures may be apart: what is made of the one ahead waits in memory


class PushError(DeadpanError):
    """What was pushed cannot be taken now. Its text says why, and what to do."""


class Agent:
    """One person's session without processes of its own. An async context manager, and an async iterator of messages.

    Entering loads the models (a second or two; `models` of an earlier or a concurrent Agent are shared instead) and
    begins the session. Each encoder has a thread; everything else happens on the event loop.

    Time is the session's clock unless `realtime` is False: estimates come whether or not anything is pushed, and what a
    slow machine has no time for is dropped and counted (`losses`, and in health messages once a second). With
    `realtime=False` time is that of what is pushed: as fast as the machine allows, nothing is dropped, hear() and see()
    wait for their turn, and the messages are those that `deadpan score` makes of the same recording, byte for byte.

    An encoder that raises is reported in a health message and its modality ends; the others go on. Call every method
    from the loop the Agent was entered in. Raises ConfigError, EngineError or FileNotFoundError when entered, if the
    configuration, the recognizer or the weights are not usable.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        video: bool = True,
        audio: bool = True,
        realtime: bool = True,
        session: str | None = None,
        models: Models | None = None,
    ) -> None:
        if not (video or audio):
            raise ValueError("an Agent needs video, audio, or both")
        self.config = check(config or Config(), "Agent")
        self.session = session or uuid.uuid4().hex[:12]
        self.models = models or Models(self.config.speech)
        if not self.models.serve(self.config.speech):
            raise ValueError("these models are of another recognizer or language than the configuration asks for")
        if self.config.modalities:
            raise ValueError("an Agent takes no plug-ins: leave modalities out, or run a session of processes")
        self._realtime, self._both = realtime, video and audio
        self._sights, self._sounds = Counter[str](), Counter[str]()
        workers = workers_for(camera=video, microphone=audio)
        self._crew = Crew(workers, {"camera": self._sights, "microphone": self._sounds})
        self._unread = Unread(live=realtime)
        self._clock = SessionClock(0)
        self._course: Course | None = None
        self._fusion: FusionTask | None = None
        self._frames = FrameStamper(self.config.camera.rate_hz, self._sights)
        self._seen_ns = self._heard_ns = 0  # how far what was pushed reaches
        self._seeing, self._hearing = asyncio.Lock(), asyncio.Lock()  # calls from several tasks keep their order
        self._closing = AsyncExitStack()
        self._entered = self._ended = False

    @property
    def now_ns(self) -> int:
        """The session's clock, by which messages and `pts_ns` count; without one, how far what was pushed reaches."""
        return self._clock.now_ns() if self._realtime else max(self._seen_ns, self._heard_ns)

    @property
    def losses(self) -> dict[str, int]:
        """What was lost so far, by where and why; a place that is absent has lost nothing.

        face, prosody, speech: skipped for a newer picture, refused by a full queue, unused after a failure. camera,
        microphone: out_of_order, and those of agent.capture. messages: unread.
        """
        places = self._crew.losses | {"messages": Counter(unread=self._unread.dropped)}
        return {f"{place}.{why}": n for place, losses in places.items() for why, n in losses.items() if n}

    async def __aenter__(self) -> Self:
        if self._entered:
            raise PushError("an Agent is for one session; make another, with the models of this one")
        self._entered = True
        models = self.models.beside()
        async with AsyncExitStack() as stack:
            stack.callback(models.close)
            stack.push_async_callback(self._crew.close)
            await self._crew.open(models, self.config.speech)
            with ThreadPoolExecutor(1) as aside:
                fusion = await asyncio.get_running_loop().run_in_executor(aside, lambda: models.fusion)
            self._fusion = FusionTask(self._begin(fusion), self._crew, self.config.supervision.pulse_s)
            fusing = asyncio.create_task(self._fusion.run(self._unread), name="deadpan: fusion")
            stack.push_async_callback(_end, fusing)
            stack.callback(self._unread.close)
            self._closing = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        await self._closing.aclose()

    async def hear(self, pcm: NDArray[Any], sample_rate_hz: int, pts_ns: int | None = None) -> None:
        """Take sound: int16 or floats in [-1, 1], [samples] or [samples, channels], any number of samples.

        `pts_ns` is when the first sample was heard, on the session's axis (see now_ns). Left out, it has just ended; or
        without a clock, it goes on from the last. Raises TypeError or ValueError for what is no sound, PushError when
        none can be taken.
        """
        sound = sound_of(pcm, sample_rate_hz)
        async with self._hearing:
            course = await self._taking("speech")
            began_ns = course.heard_ns(pts_ns, len(sound) * NS_PER_S // sample_rate_hz)
            for first in range(0, len(sound), sample_rate_hz):  # a second at a time, so that the loop stays free
                await self._taking("speech")
                part_ns = None if began_ns is None else began_ns + first * NS_PER_S // sample_rate_hz
                part = sound[first : first + sample_rate_hz]
                for chunk in course.chunks(part, sample_rate_hz, part_ns, pts_ns is not None):
                    await self._hand_on(chunk)
                await asyncio.sleep(0)

    async def see(self, rgb: NDArray[Any], pts_ns: int | None = None) -> None:
        """Take a picture: uint8 RGB [height, width, 3], upright, of any size; it is copied if it is looked at.

        `pts_ns` is when it was taken, on the session's axis; left out, it is now. Without a clock it must be said. More
        than `camera.rate_hz` a second are thinned evenly. Raises TypeError or ValueError for what is no picture,
        PushError when none can be taken.
        """
        picture = picture_of(rgb)
        async with self._seeing:
            course = await self._taking("face")
            frame = self._frames.push(picture, course.seen_ns(pts_ns))
            if frame is not None:
                await self._hand_on(frame)

    async def end(self) -> None:
        """Say that no more comes: what is left is encoded, and then the messages end. Safe to call twice."""
        async with self._hearing, self._seeing:
            if self._ended or self._course is None:
                return
            for chunk in self._course.rest():
                await self._hand_on(chunk)
            self._ended = True
            await self._crew.end()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        message = await self._unread.next()
        if message is not None:
            return message
        if self._fusion is not None and self._fusion.failure is not None:
            raise self._fusion.failure
        raise StopAsyncIteration

    async def _taking(self, name: WorkerName) -> Course:
        """The course, if what is for an encoder can be taken now. Raises PushError if not."""
        if self._course is None or self._fusion is None:
            raise PushError("push inside the Agent's block: async with Agent() as agent")
        if (failure := self._fusion.failure) is not None:
            raise PushError(f"the session has failed: {failure}") from failure
        if self._ended:
            raise PushError("the session was ended; begin another Agent for what comes now")
        if name not in self._crew.names:
            raise PushError(f"this Agent has no {name} encoder: it was made with video=False or audio=False")
        if not self._realtime and self._unread.is_left_lying:
            await asyncio.sleep(0)  # a reader may be about to begin
        if not self._realtime and self._unread.is_left_lying:
            raise PushError("nobody reads the messages: iterate over the Agent in a task of its own, while you push")
        ahead_s = (self._seen_ns - self._heard_ns) / NS_PER_S * (1 if name == "face" else -1)
        if not self._realtime and self._both and ahead_s > _FURTHEST_S:
            raise PushError(f"this is {ahead_s:.0f} s ahead of the other input: push sound and pictures in step")
        return self._course

    async def _hand_on(self, sample: VideoFrame | AudioChunk) -> None:
        """To the encoders that take it, when there is room; on a clock at once, at the cost of what has no room."""
        if isinstance(sample, VideoFrame):
            self._seen_ns = due_ns(sample)
        else:
            self._heard_ns = due_ns(sample)
        if self._realtime:
            self._crew.offer(sample)
        else:
            await self._crew.give(sample)

    def _begin(self, fusion: Fusion) -> Course:
        """The session's course, from now on."""
        fusing = FusingStage(
            self.config.fusion,
            self._crew.modalities,
            self.session,
            self.config.publish.stream,
            model=fusion.expecting(self.config.fusion.base_rate),
        )
        self._clock = SessionClock.start()
        self._course = (
            ClockCourse(fusing, self._clock, self._sounds)
            if self._realtime
            else MediaCourse(fusing, self._crew.names, self._sounds)
        )
        self._crew.begin(self._course.now_ns)
        return self._course


async def _end(task: asyncio.Task[None]) -> None:
    """Have a task end where it is."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

"""The Agent inside a program: what it does when its encoders are slow or broken, its reader away, its block left early.

Encoders here are as slow and as broken as each test needs. What the real ones make of a recording is compared with
replay in tests/integration/test_embedded.py.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from agent.config import (
    CameraConfig,
    Config,
    ConfigError,
    FusionConfig,
    ModalityConfig,
    SpeechConfig,
    SupervisionConfig,
)
from agent.embedded import Agent, PushError
from agent.processes import crew
from agent.processes.models import Models
from agent.processes.wire import Bound, Ended, Value
from agent.topology import WorkerName
from deadpan.messages import Estimate, Event, Health, Message, Pace
from encoders.samples import AudioChunk, Modality, VideoFrame

MS = 1_000_000
PICTURE = np.zeros((4, 6, 3), np.uint8)
SECOND = np.zeros(16_000, np.int16)
MODALITY = {"face": Modality.FACE, "prosody": Modality.VOICE, "speech": Modality.TEXT}


class Stage:
    """An encoder that says how far it has come, when it is let, and breaks at the sample it is told to."""

    remark = ""

    def __init__(self, name: WorkerName) -> None:
        self.modality = MODALITY[name]
        self.let = threading.Event()
        self.let.set()
        self.at_work = threading.Event()
        self.breaks_at: int | None = None
        self.samples: list[VideoFrame | AudioChunk] = []
        self.threads: set[str] = set()

    @property
    def counters(self) -> dict[str, int]:
        return {"embedded": len(self.samples)}

    def keep(self, pace: Pace) -> None:
        raise AssertionError(f"nobody governs {pace} here")

    def push(self, value: Value, now_ns: int) -> Iterator[Value]:
        self.threads.add(threading.current_thread().name)
        self.at_work.set()
        assert self.let.wait(60)
        if isinstance(value, Ended):
            yield Ended(self.modality, value.losses)
            return
        assert isinstance(value, VideoFrame | AudioChunk)
        if len(self.samples) == self.breaks_at:
            raise RuntimeError("the model tripped")
        self.samples.append(value)
        yield Bound(self.modality, min(now_ns, value.pts_ns))


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stage]:
    made: dict[str, Stage] = {name: Stage(name) for name in ("face", "prosody", "speech")}
    monkeypatch.setattr(crew, "encoding_stage", lambda name, _models, _speech: made[name])
    return made


def run(scene: Callable[[], Awaitable[None]]) -> None:
    """In an event loop of its own, and nothing is left behind: no thread, no task."""
    before = set(threading.enumerate())

    async def bounded() -> None:
        await asyncio.wait_for(scene(), 60)
        assert asyncio.all_tasks() - {asyncio.current_task()} == set()
        assert set(threading.enumerate()) == before

    asyncio.run(bounded())


@asynccontextmanager
async def read(agent: Agent) -> AsyncIterator[list[Message]]:
    """The messages that come meanwhile, and to their end."""
    messages: list[Message] = []

    async def reader() -> None:
        messages.extend([message async for message in agent])

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(reader())
        yield messages


async def until(agent: Agent, wanted: Callable[[Message], bool]) -> Message:
    async for message in agent:
        if wanted(message):
            return message
    raise AssertionError("the messages ended")


@pytest.mark.usefixtures("stages")
def test_estimates_come_by_the_clock_though_nothing_is_pushed() -> None:
    async def scene() -> None:
        async with Agent() as agent:
            estimate = await until(agent, lambda message: isinstance(message, Estimate) and message.seq == 2)
            assert isinstance(estimate, Estimate)
            assert estimate.end_ns == 600 * MS <= estimate.published_ns <= agent.now_ns
            assert {reading.status for reading in estimate.modalities.values()} == {"absent"}

    run(scene)


def test_without_a_clock_time_is_that_of_what_is_pushed(stages: dict[str, Stage]) -> None:
    async def scene() -> None:
        agent = Agent(realtime=False, session="abc")
        async with agent, read(agent) as messages:
            await agent.see(PICTURE, 0)
            await agent.hear(SECOND, 16_000)
            await agent.see(PICTURE, 1000 * MS)
            assert agent.now_ns == 1000 * MS
            await agent.end()
        assert [m.end_ns for m in messages if isinstance(m, Estimate) and m.final] == [
            200 * MS * n for n in range(1, 6)
        ]
        assert {m.session for m in messages} == {"abc"}
        last = messages[-1]
        assert isinstance(last, Event)
        assert (last.name, last.detail) == ("source_ended", "")
        assert agent.losses == {}

    run(scene)
    assert [frame.pts_ns for frame in stages["face"].samples] == [0, 1000 * MS]
    assert len(stages["prosody"].samples) == len(stages["speech"].samples) == 32
    assert all(len(stage.threads) == 1 for stage in stages.values())
    assert len({name for stage in stages.values() for name in stage.threads}) == 3


def test_an_encoder_that_breaks_is_reported_and_the_others_go_on(stages: dict[str, Stage]) -> None:
    stages["prosody"].breaks_at = 10

    async def scene() -> None:
        agent = Agent(realtime=False)
        async with agent, read(agent) as messages:
            for n in range(5):
                await agent.see(PICTURE, n * 1000 * MS)
                await agent.hear(SECOND, 16_000)
            await agent.end()
        [health] = [m for m in messages if isinstance(m, Health)]
        assert health.state == "degraded"
        assert health.reasons == ("prosody is failed: RuntimeError: the model tripped",)
        assert health.workers["face"].state == "running"
        assert messages[-1].end_ns == 4992 * MS
        assert agent.losses == {"prosody.unused": 157 - 11}

    run(scene)
    assert len(stages["speech"].samples) == 157


def test_a_slow_encoder_loses_old_pictures_and_counts_them_and_delays_nothing(stages: dict[str, Stage]) -> None:
    async def scene() -> None:
        config = Config(camera=CameraConfig(rate_hz=60), supervision=SupervisionConfig(pulse_s=0.1))
        async with Agent(config, audio=False) as agent:
            stages["face"].let.clear()
            await agent.see(PICTURE, 100 * MS)
            while not stages["face"].at_work.is_set():
                await asyncio.sleep(0)
            for n in range(2, 6):
                await agent.see(PICTURE, n * 100 * MS)
            assert agent.losses == {"face.skipped": 3}
            estimate = await until(agent, lambda m: isinstance(m, Estimate))
            assert isinstance(estimate, Estimate)
            stages["face"].remark = "it sees nothing"
            stages["face"].let.set()
            health = await until(
                agent, lambda m: isinstance(m, Health) and m.workers["face"].counters.get("embedded") == 2
            )
            assert isinstance(health, Health)
            assert health.workers["face"].counters["skipped"] == 3
            assert health.reasons == ("face: it sees nothing",)

    run(scene)
    assert [frame.pts_ns for frame in stages["face"].samples] == [100 * MS, 500 * MS]


def test_a_slow_encoder_takes_no_more_sound_than_its_queue_holds_and_counts_the_rest(stages: dict[str, Stage]) -> None:
    async def scene() -> None:
        async with Agent(video=False) as agent:
            stages["speech"].let.clear()
            stages["prosody"].let.clear()
            for n in range(40):
                await agent.hear(SECOND, 16_000, pts_ns=n * 1000 * MS - 41_000 * MS + agent.now_ns)
            refused = {name: n for name, n in agent.losses.items() if name.endswith(".refused")}
            assert refused.keys() <= {"speech.refused", "prosody.refused"}
            for stage in stages.values():
                stage.let.set()

    run(scene)


@pytest.mark.usefixtures("stages")
def test_the_oldest_messages_give_way_when_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.processes.waiting._MOST", 3)

    async def scene() -> None:
        async with Agent(Config(supervision=SupervisionConfig(pulse_s=0.05))) as agent:
            while agent.losses.get("messages.unread", 0) < 3:
                await asyncio.sleep(0)
            oldest = await anext(agent)
            assert not isinstance(oldest, Health) or oldest.seq > 0

    run(scene)


@pytest.mark.usefixtures("stages")
def test_who_pushes_without_reading_is_told_before_it_would_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.processes.waiting._MOST", 100)

    async def scene() -> None:
        async with Agent(realtime=False, video=False) as agent:
            with pytest.raises(PushError, match="nobody reads the messages: iterate over the Agent in a task"):
                await agent.hear(np.tile(SECOND, 400), 16_000)
            taken_ns = agent.now_ns
            assert taken_ns > 10_000 * MS
            async with read(agent):
                await agent.hear(SECOND, 16_000)
                await agent.end()
            assert agent.now_ns // (1000 * MS) == (taken_ns + 32 * MS) // (1000 * MS) + 1  # it went on where it was

    run(scene)


@pytest.mark.usefixtures("stages")
def test_sound_and_pictures_far_apart_are_refused() -> None:
    async def scene() -> None:
        agent = Agent(realtime=False)
        async with agent, read(agent):
            await agent.see(PICTURE, 601_000 * MS)
            with pytest.raises(PushError, match="601 s ahead of the other input: push sound and pictures in step"):
                await agent.see(PICTURE, 602_000 * MS)
            await agent.hear(SECOND, 16_000)
            await agent.end()

    run(scene)


def test_what_several_tasks_push_keeps_its_order(stages: dict[str, Stage]) -> None:
    async def scene() -> None:
        agent = Agent(realtime=False, video=False)
        async with agent, read(agent):
            async with asyncio.TaskGroup() as tasks:
                for _ in range(40):
                    tasks.create_task(agent.hear(SECOND, 16_000))
            await agent.end()

    run(scene)
    heard = [chunk.pts_ns for chunk in stages["speech"].samples]
    assert heard == sorted(heard)
    assert heard[-1] == 40_000 * MS - 32 * MS


def test_an_old_picture_is_left_out_and_too_many_are_thinned(stages: dict[str, Stage]) -> None:
    async def scene() -> None:
        agent = Agent(Config(camera=CameraConfig(rate_hz=10)), audio=False, realtime=False)
        async with agent, read(agent):
            for n in (0, 1, 2, 3, 10, 5, 20):
                await agent.see(PICTURE, n * 50 * MS)
            await agent.end()
        assert agent.losses == {"camera.out_of_order": 1}

    run(scene)
    assert [frame.pts_ns // MS for frame in stages["face"].samples] == [0, 100, 500, 1000]


def test_a_picture_may_be_changed_once_it_was_taken(stages: dict[str, Stage]) -> None:
    async def scene() -> None:
        agent = Agent(audio=False, realtime=False)
        async with agent, read(agent):
            picture = PICTURE.copy()
            await agent.see(picture, 0)
            picture[:] = 255
            await agent.end()

    run(scene)
    [frame] = stages["face"].samples
    assert isinstance(frame, VideoFrame)
    assert not frame.rgb.any()


@pytest.mark.usefixtures("stages")
def test_what_cannot_be_pushed_is_refused_with_what_to_do() -> None:
    async def scene() -> None:
        agent = Agent(video=False, realtime=False)
        with pytest.raises(PushError, match="inside the Agent's block"):
            await agent.hear(SECOND, 16_000)
        async with agent, read(agent):
            with pytest.raises(PushError, match="no face encoder: it was made with video=False"):
                await agent.see(PICTURE, 0)
            with pytest.raises(TypeError, match="int16 or floats"):
                await agent.hear(np.zeros(3, np.int32), 16_000)
            with pytest.raises(ValueError, match="counts from the beginning of the media"):
                await agent.hear(SECOND, 16_000, pts_ns=-1)
            await agent.end()
            await agent.end()
            with pytest.raises(PushError, match="the session was ended"):
                await agent.hear(SECOND, 16_000)
        with pytest.raises(PushError, match="for one session"):
            await agent.__aenter__()
        async with Agent(audio=False, realtime=False) as blind:
            with pytest.raises(ValueError, match="a picture needs its pts_ns"):
                await blind.see(PICTURE)
        async with Agent() as live:
            with pytest.raises(
                ValueError, match=r"pts_ns is \+\d+\.\d s from now: it counts from the session's beginning"
            ):
                await live.see(PICTURE, pts_ns=1_700_000_000_000 * MS)

    run(scene)


def test_an_agent_must_make_sense() -> None:
    with pytest.raises(ValueError, match="needs video, audio, or both"):
        Agent(video=False, audio=False)
    with pytest.raises(ConfigError, match="tick_hz"):
        Agent(Config(fusion=FusionConfig(tick_hz=100)))
    with pytest.raises(ValueError, match="of another recognizer"):
        Agent(models=Models(SpeechConfig(language="de")))
    with pytest.raises(ValueError, match="takes no plug-ins"):
        Agent(Config(modalities={"heart": ModalityConfig("strap.csv")}))


@pytest.mark.parametrize("realtime", [True, False])
def test_leaving_early_waits_for_what_is_at_work_and_for_nothing_else(stages: dict[str, Stage], realtime: bool) -> None:
    async def scene() -> None:
        agent = Agent(realtime=realtime)
        async with read(agent), agent:
            stages["speech"].let.clear()
            await agent.hear(SECOND, 16_000, pts_ns=0)
            await agent.see(PICTURE, 0)
            while not stages["speech"].at_work.is_set():
                await asyncio.sleep(0)
            asyncio.get_running_loop().call_later(0.01, stages["speech"].let.set)
        assert len(stages["speech"].samples) == 1

    run(scene)


@pytest.mark.parametrize("realtime", [True, False])
def test_being_cancelled_leaves_nothing_behind(stages: dict[str, Stage], realtime: bool) -> None:
    async def session() -> None:
        agent = Agent(realtime=realtime)
        async with agent, read(agent):
            for n in range(10_000):
                await agent.hear(SECOND, 16_000, None)
                await agent.see(PICTURE, n * MS)

    async def scene() -> None:
        task = asyncio.create_task(session())
        while not stages["face"].at_work.is_set():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scene)


def test_who_waits_to_push_when_the_block_is_left_does_not_wait_for_ever(stages: dict[str, Stage]) -> None:
    async def scene() -> None:
        async with Agent(realtime=False) as agent:
            stages["face"].let.clear()
            pushing = [asyncio.create_task(agent.see(PICTURE, n * 1000 * MS)) for n in range(8)]
            while not stages["face"].at_work.is_set():
                await asyncio.sleep(0)
            assert not pushing[-1].done()
            stages["face"].let.set()
        told = await asyncio.gather(*pushing, return_exceptions=True)
        assert {type(answer) for answer in told} <= {type(None), PushError}

    run(scene)


@pytest.mark.usefixtures("stages")
def test_an_error_in_the_caller_s_block_is_the_caller_s() -> None:
    async def session() -> None:
        async with Agent() as agent:
            await agent.hear(SECOND, 16_000)
            raise KeyError("theirs")

    async def scene() -> None:
        with pytest.raises(KeyError, match="theirs"):
            await session()

    run(scene)


def test_weights_that_are_missing_are_said_to_be_and_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def stage(name: WorkerName, *_: Any) -> Stage:
        if name == "speech":
            raise FileNotFoundError("no weights there")
        return Stage(name)

    monkeypatch.setattr(crew, "encoding_stage", stage)

    async def scene() -> None:
        with pytest.raises(FileNotFoundError, match="no weights there"):
            async with Agent():
                raise AssertionError("it began without its weights")

    run(scene)


@pytest.mark.usefixtures("stages")
def test_a_failure_of_fusion_is_told_to_whoever_reads_and_pushes(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Iterator[Message]:
        raise ArithmeticError("it does not add up")

    async def scene() -> None:
        async with Agent(realtime=False, video=False) as agent:
            monkeypatch.setattr(agent._course, "take", fail)
            await agent.hear(SECOND, 16_000)
            with pytest.raises(ArithmeticError, match="it does not add up"):
                await until(agent, lambda _: False)
            with pytest.raises(PushError, match="the session has failed: it does not add up"):
                await agent.hear(SECOND, 16_000)
            await agent.end()

    run(scene)

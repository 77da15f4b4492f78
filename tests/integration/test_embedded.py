"""The Agent makes of a recording, however it is cut, what replay makes of it: byte for byte."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import av
import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.capture.media import probe
from agent.capture.recording import RecordingVideo
from agent.config import Config
from agent.embedded import Agent
from agent.processes.models import Models
from agent.replay import Player
from agent.session import demo_location
from deadpan.messages import Estimate, Health, Message, Utterance, to_json
from encoders.samples import VideoFrame
from tests.agent.capture.films import beginning, write_audio
from tests.integration.processes import session_folders
from tests.threads import assert_no_more_threads_than, threads

SESSION = "0123456789ab"
SHORT_S, HALF_S = 3.0, 14.0
NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class Material:
    """A recording as another program would have it: its sound as it was decoded, and all its pictures."""

    location: str
    pcm: NDArray[Any]
    rate_hz: int
    has_pictures: bool = True

    def pictures(self) -> Iterator[VideoFrame]:
        if self.has_pictures:
            with RecordingVideo(self.location, max_rate_hz=1000.0) as video:
                yield from video

    def expected(self, player: Player, *, video: bool = True, audio: bool = True) -> list[bytes]:
        """What replay makes of it."""
        recording = probe(self.location)
        recording = replace(recording, has_video=recording.has_video and video, has_audio=recording.has_audio and audio)
        return [to_json(message) for message in player.play(recording, SESSION)]


def material(location: str) -> Material:
    with av.open(location) as container:
        sound = [frame.to_ndarray() for frame in container.decode(audio=0)]
        return Material(location, np.concatenate(sound, axis=1).T, container.streams.audio[0].rate)


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Four of the demo's lines."""
    path = tmp_path_factory.mktemp("half") / "half.mp4"
    return material(str(beginning(demo_location(), path, HALF_S)))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """The first of the demo's lines."""
    path = tmp_path_factory.mktemp("short") / "short.mp4"
    return material(str(beginning(demo_location(), path, SHORT_S)))


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    with Player(Config()) as player:
        yield player


@pytest.fixture(scope="module")
def models() -> Models:
    return Models()


async def push(agent: Agent, given: Material, sizes: Sequence[int], *, video: bool = True, audio: bool = True) -> None:
    """Pictures as they were taken, and sound in pieces of these sizes, over and over."""
    pictures = given.pictures() if video else iter(())
    picture = next(pictures, None)
    cuts = itertools.cycle(sizes)
    samples = len(given.pcm) if audio else 0
    first = 0
    while first < samples or picture is not None:
        if picture is not None and (first >= samples or picture.pts_ns <= first * NS_PER_S // given.rate_hz):
            await agent.see(picture.rgb, picture.pts_ns)
            picture = next(pictures, None)
        else:
            size = next(cuts)
            await agent.hear(given.pcm[first : first + size], given.rate_hz)
            first += size
    await agent.end()


async def answer(
    models: Models, given: Material, sizes: Sequence[int], *, video: bool = True, audio: bool = True
) -> list[bytes]:
    agent = Agent(realtime=False, session=SESSION, models=models, video=video, audio=audio)
    async with agent, asyncio.TaskGroup() as tasks:
        pushing = tasks.create_task(push(agent, given, sizes, video=video, audio=audio))
        messages = [to_json(message) async for message in agent]
        assert pushing.done()
        assert agent.losses == {}
    return messages


def test_lines_in_pieces_of_five_seconds_give_what_scoring_them_gives(
    half: Material, player: Player, models: Models
) -> None:
    expected = half.expected(player)
    assert sum(b'"type":"utterance"' in message for message in expected) == 4
    assert asyncio.run(answer(models, half, [80_000])) == expected


@pytest.fixture(scope="module")
def expected_of_short(short: Material, player: Player) -> list[bytes]:
    return short.expected(player)


@pytest.mark.parametrize("sizes", [[1], [7, 1, 1023], [320], [16_000]], ids=str)
def test_however_it_is_cut_it_gives_the_same(
    short: Material, expected_of_short: list[bytes], models: Models, sizes: list[int]
) -> None:
    assert any(b'"type":"utterance"' in message for message in expected_of_short)
    assert asyncio.run(answer(models, short, sizes)) == expected_of_short


@pytest.mark.parametrize("video", [True, False], ids=["pictures alone", "sound alone"])
def test_so_does_either_alone(short: Material, player: Player, models: Models, video: bool) -> None:
    expected = short.expected(player, video=video, audio=not video)
    assert asyncio.run(answer(models, short, [480], video=video, audio=not video)) == expected


@pytest.fixture(scope="module")
def stereo(short: Material, tmp_path_factory: pytest.TempPathFactory) -> Material:
    """The same line at 44.1 kHz, louder on one side."""
    pcm = soxr.resample(short.pcm[:, 0], short.rate_hz, 44_100)
    path = tmp_path_factory.mktemp("stereo") / "stereo.wav"
    write_audio(path, np.stack((pcm, 0.5 * pcm), axis=1), 44_100, layout="stereo")
    with wave.open(str(path)) as sound:
        ints = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").reshape(-1, 2)
    return Material(str(path), ints, 44_100, has_pictures=False)


@pytest.fixture(scope="module")
def expected_of_stereo(stereo: Material, player: Player) -> list[bytes]:
    return stereo.expected(player)


@settings(max_examples=5)
@given(
    sizes=st.lists(st.integers(1, 60_000), min_size=1, max_size=6).filter(lambda sizes: sum(sizes) > 99 * len(sizes))
)
def test_sound_of_another_rate_and_two_channels_gives_the_same_however_it_is_cut(
    stereo: Material, expected_of_stereo: list[bytes], models: Models, sizes: list[int]
) -> None:
    assert any(b'"type":"utterance"' in message for message in expected_of_stereo)
    assert asyncio.run(answer(models, stereo, sizes, video=False)) == expected_of_stereo


def test_two_at_a_time_share_their_weights_and_nothing_else(
    short: Material, expected_of_short: list[bytes], stereo: Material, expected_of_stereo: list[bytes], models: Models
) -> None:
    async def both() -> tuple[list[bytes], list[bytes]]:
        return await asyncio.gather(answer(models, short, [1600]), answer(models, stereo, [4410], video=False))

    of_short, of_stereo = asyncio.run(both())
    assert of_short == expected_of_short
    assert of_stereo == expected_of_stereo


async def at_real_time(given: Material) -> tuple[list[Message], dict[str, int]]:
    """The same as it would come of a call, without a word of when it was heard and seen."""
    loop = asyncio.get_running_loop()
    agent = Agent()
    async with agent, asyncio.TaskGroup() as tasks:
        began_s = loop.time()

        async def listen() -> None:
            for first in range(0, len(given.pcm), given.rate_hz // 50):
                await asyncio.sleep(began_s + first / given.rate_hz - loop.time())
                await agent.hear(given.pcm[first : first + given.rate_hz // 50], given.rate_hz)

        async def look() -> None:
            for picture in given.pictures():
                await asyncio.sleep(began_s + picture.pts_ns / NS_PER_S - loop.time())
                await agent.see(picture.rgb)

        async def both() -> None:
            await asyncio.gather(listen(), look())
            await agent.end()

        tasks.create_task(both())
        messages = [message async for message in agent]
    return messages, agent.losses


def test_on_the_clock_it_says_when_it_is_said_and_leaves_nothing_behind(short: Material) -> None:
    began = threads(), set(threading.enumerate()), session_folders()
    messages, losses = asyncio.run(at_real_time(short))
    estimates = [m for m in messages if isinstance(m, Estimate) and m.revision == 0]
    assert [m.seq for m in estimates] == list(range(len(estimates)))
    assert all(m.published_ns >= m.end_ns for m in estimates)
    assert any(utterance.words for utterance in messages if isinstance(utterance, Utterance))
    assert any(isinstance(m, Health) for m in messages)
    # A busy machine skips pictures and hands sound on late, and says so.
    assert losses.keys() <= {"face.skipped", "microphone.jumps", "microphone.overlapping"}
    del messages
    gc.collect()
    assert (set(threading.enumerate()), session_folders()) == began[1:]
    assert_no_more_threads_than(began[0])

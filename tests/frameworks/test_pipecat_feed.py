"""What an agent is fed of a Pipecat pipeline's own sound and pictures."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import zmq
import zmq.asyncio
from pipecat.frames.frames import ErrorFrame, Frame, InputAudioRawFrame, InputImageRawFrame, UserAudioRawFrame
from pipecat.observers.base_observer import BaseObserver, FramePushed

from deadpan.errors import EndpointError
from deadpan.feed import AudioHeader, VideoHeader
from deadpan.pipecat import FeedProcessor
from deadpan.pipecat.feed import as_rgb
from tests.deadpan.stage import PATIENCE_S
from tests.frameworks.conversation import Bot, talking
from tests.frameworks.model import serving

_PROBE_HZ, _RATE_HZ = 8_000, 16_000
_WRITES_ITS_ID_AND_STAYS = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(3600)"


def sound(sample: int = 0, rate_hz: int = _RATE_HZ) -> InputAudioRawFrame:
    return InputAudioRawFrame(audio=sample.to_bytes(2, "little") * 320, sample_rate=rate_hz, num_channels=1)


def theirs(user_id: str, sample: int) -> UserAudioRawFrame:
    """The same of one person of a call."""
    pcm = sample.to_bytes(2, "little") * 320
    return UserAudioRawFrame(audio=pcm, sample_rate=_RATE_HZ, num_channels=1, user_id=user_id)


def picture(order: str | None = "RGB", source: str | None = None) -> InputImageRawFrame:
    frame = InputImageRawFrame(image=bytes(range(12)), size=(2, 2), format=order)
    frame.transport_source = source
    return frame


@asynccontextmanager
async def listening(bot: Bot, endpoint: str) -> AsyncIterator[Callable[[], Awaitable[list[bytes]]]]:
    """What an agent would hear, from when on it certainly hears."""
    with zmq.asyncio.Context() as context, context.socket(zmq.SUB) as heard:
        heard.setsockopt(zmq.LINGER, 0)
        heard.setsockopt(zmq.SUBSCRIBE, b"")
        heard.connect(endpoint)
        async with asyncio.timeout(PATIENCE_S):
            while not await heard.poll(20):
                await bot.worker.queue_frame(sound(rate_hz=_PROBE_HZ))

        async def next_frames() -> list[bytes]:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    frames: list[bytes] = await heard.recv_multipart()
                    if frames[0].endswith(b"video") or audio_header(frames).sample_rate_hz != _PROBE_HZ:
                        return frames

        yield next_frames


def audio_header(frames: list[bytes]) -> AudioHeader:
    return msgspec.json.decode(frames[1], type=AudioHeader)


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    return f"ipc://{tmp_path}/feed"


def test_sound_and_pictures_are_fed_and_pass_on_as_they_came(endpoint: str) -> None:
    async def talk() -> None:
        feed = FeedProcessor(endpoint)
        async with (
            serving("Hello.") as model,
            talking(Bot(model, before=[feed])) as bot,
            listening(bot, endpoint) as heard,
        ):
            sent_sound, sent_picture = sound(7), picture()
            await bot.worker.queue_frames([sent_sound, sent_picture])
            voice, face = await heard(), await heard()
            assert voice[2] == sent_sound.audio
            assert audio_header(voice).sample_rate_hz == _RATE_HZ
            assert face[2] == sent_picture.image
            header = msgspec.json.decode(face[1], type=VideoHeader)
            assert (header.width, header.height) == (2, 2)
            await bot.ear.hear(InputImageRawFrame)
            assert any(frame is sent_sound for frame in bot.ear.frames)
            assert any(frame is sent_picture for frame in bot.ear.frames)
        assert not feed.left_out

    asyncio.run(talk())


def test_one_person_s_voice_is_fed_and_no_screen(endpoint: str) -> None:
    async def talk() -> None:
        feed = FeedProcessor(endpoint)
        async with (
            serving("Hello.") as model,
            talking(Bot(model, before=[feed])) as bot,
            listening(bot, endpoint) as heard,
        ):
            await bot.worker.queue_frames(
                [theirs("ann", 1), theirs("bob", 2), picture(source="screenVideo"), theirs("ann", 3)]
            )
            assert [(await heard())[2][0] for _ in range(2)] == [1, 3]
        assert feed.left_out == {"other_user": 1, "screen": 1}

    asyncio.run(talk())


def test_what_a_feed_does_not_take_is_counted_and_passes_on(endpoint: str) -> None:
    async def talk() -> None:
        feed = FeedProcessor(endpoint)
        async with serving("Hello.") as model, talking(Bot(model, before=[feed])) as bot:
            await bot.worker.queue_frames([picture("JPEG"), picture(None), sound(rate_hz=4_000)])
            await bot.ear.hear(InputAudioRawFrame)
            assert len(bot.ear.of(InputImageRawFrame)) == 2
        assert feed.left_out == {"unfit": 3}

    asyncio.run(talk())


@pytest.mark.parametrize(
    ("order", "image"),
    [("RGB", b"rgbRGB"), ("BGR", b"bgrBGR"), ("RGBA", b"rgbaRGBA"), ("BGRA", b"bgraBGRA")],
)
def test_pixels_of_any_order_are_fed_as_rgb(order: str, image: bytes) -> None:
    assert as_rgb(image, order) == b"rgbRGB"


@pytest.mark.parametrize("cancel", [False, True])
def test_an_agent_it_started_ends_with_the_pipeline(endpoint: str, tmp_path: Path, cancel: bool) -> None:
    note = tmp_path / "pid"

    async def talk() -> int:
        feed = FeedProcessor(endpoint, command=(sys.executable, "-c", _WRITES_ITS_ID_AND_STAYS, str(note)))
        async with serving("Hello.") as model, talking(Bot(model, before=[feed]), cancel=cancel):
            async with asyncio.timeout(PATIENCE_S):
                while not (note.exists() and note.read_text()):
                    await asyncio.sleep(0.01)
            pid = int(note.read_text())
            os.kill(pid, 0)  # it is there
        return pid

    pid = asyncio.run(talk())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_agent_that_ends_by_itself_is_reported_and_the_pipeline_goes_on(endpoint: str) -> None:
    class Errors(BaseObserver):
        def __init__(self) -> None:
            super().__init__()
            self.first: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()

        async def on_push_frame(self, data: FramePushed) -> None:
            if isinstance(data.frame, ErrorFrame) and not self.first.done():
                self.first.set_result(data.frame)

    async def talk() -> None:
        errors = Errors()
        feed = FeedProcessor(endpoint, command=(sys.executable, "-c", "raise SystemExit(3)"))
        async with serving("Hello.") as model, talking(Bot(model, before=[feed], observers=[errors])) as bot:
            async with asyncio.timeout(PATIENCE_S):
                assert "the agent has ended with status 3" in str(await errors.first)
            await bot.worker.queue_frame(sound())
            await bot.ear.hear(InputAudioRawFrame)

    asyncio.run(talk())


def test_an_endpoint_that_others_could_reach_is_refused() -> None:
    with pytest.raises(EndpointError):
        FeedProcessor("tcp://0.0.0.0:5740")


def test_a_command_that_is_not_there_is_said_where_it_is_given(endpoint: str) -> None:
    with pytest.raises(FileNotFoundError, match="there is no /nowhere/deadpan; give its whole path"):
        FeedProcessor(endpoint, command=("/nowhere/deadpan", "run"))

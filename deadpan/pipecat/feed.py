"""A pipeline's frames in; the same out, after an agent has heard and seen them."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Sequence

from loguru import logger
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InputImageRawFrame,
    UserAudioRawFrame,
    UserImageRawFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor, FrameProcessorSetup

from deadpan.feed import Feed

_END_S = 10.0  # for an agent to end before it is killed
_RED_GREEN_BLUE = {"RGB": (0, 1, 2), "BGR": (2, 1, 0), "RGBA": (0, 1, 2), "BGRA": (2, 1, 0)}


class FeedProcessor(FrameProcessor):
    """Gives an agent the pipeline's own sound and pictures, in place of devices. Belongs right behind the input:

        Pipeline([transport.input(), FeedProcessor("ipc:///tmp/call.feed"), stt, ...])

    Hands the agent of `deadpan run --source ipc:///tmp/call.feed` one person's voice and face: those of `user_id`, or
    of whoever is heard first; screens are left out. With a `command` it starts that agent, and ends it with the
    pipeline. All frames pass on as they came. `left_out` counts what was not fed, by reason. Raises EndpointError for
    an endpoint that is taken or is not this machine's own, FileNotFoundError where there is no such command.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        command: Sequence[str] = (),
        user_id: str | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.left_out: Counter[str] = Counter()
        """Frames that were not fed: `other_user`, `screen`, `unfit` (a format or size that a feed does not take)."""
        self._command = tuple(command)
        self._user_id = user_id
        if self._command and shutil.which(self._command[0]) is None:
            raise FileNotFoundError(f"no agent can be started: there is no {self._command[0]}; give its whole path")
        self._agent: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._feed = Feed(endpoint)

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as pipecat's own do
        """Start the agent, if that is asked for."""
        await super().setup(setup)
        if self._command:
            self._agent = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
            )
            self._watching = self.create_task(self._watch(self._agent))

    async def cleanup(self) -> None:
        """Stop feeding, and end the agent that was started."""
        await super().cleanup()
        if self._watching is not None:
            await self.cancel_task(self._watching)
        self._feed.close()
        if self._agent is not None and self._agent.returncode is None:
            self._agent.terminate()
            try:
                await asyncio.wait_for(self._agent.wait(), _END_S)
            except TimeoutError:
                self._agent.kill()
                await self._agent.wait()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Feed what is heard and seen, and pass every frame on."""
        await super().process_frame(frame, direction)
        match frame:
            case InputAudioRawFrame(audio=pcm, sample_rate=rate_hz, num_channels=channels) if self._is_theirs(frame):
                self._give(lambda: self._feed.audio(pcm, rate_hz, channels))
            case InputImageRawFrame(image=image, size=(width, height), format=order) if self._is_theirs(frame):
                self._give(lambda: self._feed.video(as_rgb(image, order), width, height))
        await self.push_frame(frame, direction)

    def _is_theirs(self, frame: InputAudioRawFrame | InputImageRawFrame) -> bool:
        if "screen" in (frame.transport_source or "").lower():
            self.left_out["screen"] += 1
            return False
        if isinstance(frame, UserAudioRawFrame | UserImageRawFrame) and frame.user_id:
            self._user_id = self._user_id or frame.user_id
            if frame.user_id != self._user_id:
                self.left_out["other_user"] += 1
                return False
        return True

    def _give(self, feed: Callable[[], None]) -> None:
        try:
            feed()
        except ValueError as error:
            if not self.left_out["unfit"]:
                logger.warning(f"{self}: a frame is not fed: {error}")
            self.left_out["unfit"] += 1

    async def _watch(self, agent: asyncio.subprocess.Process) -> None:
        await self.push_error(f"the agent has ended with status {await agent.wait()}: {' '.join(self._command)}")


def as_rgb(image: bytes, order: str | None) -> bytes:
    """The pixels of a picture as RGB, 8 bits each. Raises ValueError for another order than RGB, BGR, RGBA and BGRA."""
    if order == "RGB":
        return image
    if order not in _RED_GREEN_BLUE:
        raise ValueError(f"pixels must be in the order {', '.join(_RED_GREEN_BLUE)}, not {order}")
    rgb = bytearray(len(image) // len(order) * 3)
    for at, of in enumerate(_RED_GREEN_BLUE[order]):
        rgb[at::3] = image[of :: len(order)]
    return bytes(rgb)

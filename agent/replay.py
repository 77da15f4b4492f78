"""A recording in, its messages out as fast as the machine allows: the live stages in one process, on a virtual clock.

Audio and pictures are decoded and encoded side by side, each in a thread that stays a little ahead; their results are
merged by the time at which a live session would have had them. So the messages do not depend on the machine's speed.
"""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Generic, TypeVar

from agent.capture.media import Recording
from agent.capture.pacing import due_ns
from agent.capture.recording import RecordingAudio, RecordingVideo
from agent.capture.source import Source
from agent.config import Config
from agent.fusing import FusingStage
from agent.stages import Models, Stage, encoding_stage
from agent.wire import Ended, Value
from deadpan.messages import Message
from encoders.samples import AudioChunk, Modality, VideoFrame

_AHEAD = 256  # values a lane may be ahead of the merge

Sample = TypeVar("Sample", bound=VideoFrame | AudioChunk)


@dataclass(frozen=True, slots=True)
class Timed:
    """A value and the moment of the session at which a live process would have made it."""

    at_ns: int
    value: Value


class Lane(Generic[Sample]):
    """One source through the stages that read it, in a thread of its own, results in order of time."""

    def __init__(self, source: Source[Sample], stages: list[Stage], name: str) -> None:
        self._source, self._stages, self._name = source, stages, name
        self._results: queue.Queue[Timed | BaseException | None] = queue.Queue(_AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"lane-{name}")

    def __enter__(self) -> Lane[Sample]:
        self._thread.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._stopped.set()
        while self._thread.is_alive():
            try:
                self._results.get(timeout=0.05)  # make room, so that a full queue does not hold the thread
            except queue.Empty:
                continue
        self._thread.join()

    def __iter__(self) -> Iterator[Timed]:
        while (result := self._results.get()) is not None:
            if isinstance(result, BaseException):
                raise result
            yield result

    def _run(self) -> None:
        try:
            at_ns = 0
            for sample in self._source:
                if self._stopped.is_set():
                    return
                at_ns = due_ns(sample)
                self._push(sample, at_ns)
            self._push(Ended(self._name), at_ns)
            self._results.put(None)
        except BaseException as error:  # noqa: BLE001 - it is raised again where the lane is read
            self._results.put(error)

    def _push(self, value: Value, at_ns: int) -> None:
        for stage in self._stages:
            for made in stage.push(value, at_ns):
                self._results.put(Timed(at_ns, made))


def replay(recording: Recording, config: Config, models: Models, session: str) -> Iterator[Message]:
    """Every message of a recording, in the order of a live session, on a virtual clock.

    Raises CaptureError when the recording cannot be read. The same recording gives the same messages, byte for byte.
    """
    modalities = [Modality.FACE] * recording.has_video + [Modality.VOICE, Modality.TEXT] * recording.has_audio
    fusing = FusingStage(config.fusion, modalities, session, config.publish.stream)
    at_ns = 0
    with ExitStack() as stack:
        lanes: list[Lane[VideoFrame] | Lane[AudioChunk]] = []
        if recording.has_video:
            video = stack.enter_context(RecordingVideo(recording.location, max_rate_hz=config.camera.rate_hz))
            stages = [encoding_stage("face", models, config.speech)]
            lanes.append(stack.enter_context(Lane(video, stages, "camera")))
        if recording.has_audio:
            audio = stack.enter_context(RecordingAudio(recording.location))
            stages = [encoding_stage("prosody", models, config.speech), encoding_stage("speech", models, config.speech)]
            lanes.append(stack.enter_context(Lane(audio, stages, "microphone")))
        for timed in heapq.merge(*lanes, key=lambda timed: timed.at_ns):
            while fusing.next_deadline_ns < timed.at_ns:
                yield from fusing.advance(fusing.next_deadline_ns)
            at_ns = timed.at_ns
            yield from fusing.push(timed.value, at_ns)
            yield from fusing.advance(at_ns)
    yield from fusing.advance(max(at_ns, fusing.media_end_ns))

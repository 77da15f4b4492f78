"""A recording in; every call of a model that an agent makes for it, and what those calls cost by themselves, out.

The agent's own stages run under the virtual clock, so that the calls, their order and their arguments are those of a
live session that keeps up, each at the moment at which what it reads is complete: a measure that does not change with
how long the agent's processes let things lie. Then the same calls are made again by themselves: what is left of an
agent when everything around its models is taken away. `python -m bench.calls` does so for the demo and prints a list of
BareCost.
"""

from __future__ import annotations

import heapq
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import onnxruntime

from agent.capture.media import probe
from agent.capture.pacing import due_ns
from agent.capture.recording import RecordingAudio, RecordingVideo
from agent.capture.source import Source
from agent.config import Config
from agent.processes.fusing import FusingStage
from agent.processes.models import Models
from agent.processes.ordering import Playback
from agent.processes.stages import encoding_stage
from agent.processes.wire import Ended, Timed
from agent.session import demo_location
from agent.topology import WorkerName, workers_for
from encoders.expression import ExpressionModel
from encoders.head import Head
from encoders.mesh import FaceGraph
from encoders.samples import NS_PER_S, AudioChunk, VideoFrame
from encoders.speech.silero import SileroStream

_SESSIONS = {
    "prosody": {"input_values": "what the voice sounds like (Moonshine's encoder)", "audio": "pitch (SwiftF0)"},
    "speech": {
        "input_values": "recognizer, encoder (Moonshine)",
        "input_ids": "recognizer, decoder (Moonshine)",
        "ids": "text",
    },
    "fusion": {"words": "fusion"},
}
"""What an ONNX model is, by the process that asks it and one of its inputs."""
_METHODS: tuple[tuple[type, str, str], ...] = (
    (FaceGraph, "process", "landmarks (MediaPipe)"),
    (ExpressionModel, "express", "expression"),
    (Head, "read", "head"),
    (SileroStream, "probability", "voice activity (Silero)"),
    (onnxruntime.InferenceSession, "run", ""),
)
"""How models are called."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a model, and the moment of the session at which what it reads is complete."""

    at_ns: int
    process: WorkerName
    model: str
    make: Callable[[], object]


class BareCost(msgspec.Struct, frozen=True):
    """What the calls of one model cost by themselves: back to back, and each when what it reads is complete."""

    process: WorkerName
    model: str
    calls: int
    together_s: float
    paced_s: float


def recorded_calls(location: str) -> list[Call]:
    """All calls that an agent's models get of a recording, in the order of the session."""
    recording, config, models = probe(location), Config(), Models()
    workers = workers_for(camera=recording.has_video, microphone=recording.has_audio)
    encoders = [worker.name for worker in workers if worker.modality is not None]
    calls, made = list[Call](), list[list[Timed]]()
    for name in encoders:
        encoding_stage(name, models, config.speech)  # loads: what that calls is not counted
        with _recording(name, calls) as at:
            made.append(list(_encode(name, location, config, models, at)))
    modalities = [worker.modality for worker in workers if worker.modality is not None]
    fusing = FusingStage(config.fusion, modalities, "bench", config.publish.stream)
    with _recording("fusion", calls) as at:
        _fuse(fusing, made, at)
    return sorted(calls, key=lambda call: call.at_ns)


def cost_s(calls: Iterable[Call], *, paced: bool) -> dict[tuple[WorkerName, str], float]:
    """Processor seconds of the calls, by process and model: of this whole process, for some models have threads.

    Back to back, all of a model and then all of the next, they are as cheap as they can be: its weights stay in the
    processor's caches. `paced`, each is made when what it reads is complete.
    """
    costs: dict[tuple[WorkerName, str], float] = {}
    began_ns = time.monotonic_ns()
    for call in calls if paced else sorted(calls, key=lambda call: (call.process, call.model)):
        if paced:
            time.sleep(max(0, began_ns + call.at_ns - time.monotonic_ns()) / NS_PER_S)
        began_s = time.process_time()
        call.make()
        took_s = time.process_time() - began_s
        costs[call.process, call.model] = costs.get((call.process, call.model), 0.0) + took_s
    return costs


class _At:
    """The moment of the session that is being gone through."""

    now_ns = 0


def _encode(name: WorkerName, location: str, config: Config, models: Models, at: _At) -> Iterator[Timed]:
    """A recording through one encoder's stage, as agent.processes.lane does."""
    stage = encoding_stage(name, models, config.speech)
    video, audio = RecordingVideo(location, max_rate_hz=config.camera.rate_hz), RecordingAudio(location)
    source: Source[VideoFrame] | Source[AudioChunk] = video if name == "face" else audio
    with source:
        for sample in source:
            at.now_ns = due_ns(sample)
            for made in stage.push(sample, at.now_ns):
                yield Timed(at.now_ns, made)
    for made in stage.push(Ended("camera" if name == "face" else "microphone", {}), at.now_ns):
        yield Timed(at.now_ns, made)


def _fuse(fusing: FusingStage, made: Sequence[Sequence[Timed]], at: _At) -> None:
    """All that the encoders made through fusion, as agent.replay does."""
    playback = Playback(fusing)
    for timed in heapq.merge(*made, key=lambda timed: timed.at_ns):
        at.now_ns = timed.at_ns
        for _ in playback.push(timed):
            pass
    for _ in playback.finish():
        pass


@contextmanager
def _recording(process: WorkerName, calls: list[Call]) -> Iterator[_At]:
    """Meanwhile every call of a model is kept with its arguments."""
    at = _At()

    def session_name(session: onnxruntime.InferenceSession) -> str:
        inputs = {each.name for each in session.get_inputs()}
        return next(model for name, model in _SESSIONS[process].items() if name in inputs)

    with ExitStack() as stack:
        for owner, method, model in _METHODS:

            def keep(original: Callable[..., object], model: str = model) -> Callable[..., object]:
                def kept(self: Any, *arguments: Any) -> object:
                    name = model or session_name(self)
                    calls.append(Call(at.now_ns, process, name, partial(original, self, *arguments)))
                    return original(self, *arguments)

                return kept

            original = getattr(owner, method)
            setattr(owner, method, keep(original))
            stack.callback(setattr, owner, method, original)
        yield at


def main() -> None:
    calls = recorded_calls(demo_location())
    counts = Counter((call.process, call.model) for call in calls)
    together, paced = cost_s(calls, paced=False), cost_s(calls, paced=True)
    rows = [BareCost(*key, counts[key], together[key], paced[key]) for key in sorted(counts)]
    sys.stdout.buffer.write(msgspec.json.encode(rows) + b"\n")


if __name__ == "__main__":
    main()

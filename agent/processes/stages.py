"""What each encoder process does to the values that reach it: samples in, embeddings and watermarks out.

The same stages run in the processes of a live session and in one process when a recording is scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from agent.config import SpeechConfig
from agent.processes.models import Models
from agent.processes.wire import Bound, Ended, Value
from agent.topology import WorkerName
from encoders.base import Encoder
from encoders.samples import AudioChunk, Embedding, Modality, Transcript, VideoFrame

if TYPE_CHECKING:  # each process loads only its own encoder
    from encoders.speech import SpeechStream
    from encoders.text import TextEncoder

_RELIEF_LAG_NS = 1_000_000_000
"""Speech further behind than this stops decoding unfinished utterances until it has caught up."""


class Stage(Protocol):
    """One process's work. It keeps its stream's state and is told the time."""

    def push(self, value: Value, now_ns: int) -> Iterator[Value]: ...

    @property
    def counters(self) -> dict[str, int]: ...


class EncodingStage:
    """Frames or audio in, embeddings of one modality out, each with the watermark it moves."""

    def __init__(self, encoder: Encoder[VideoFrame] | Encoder[AudioChunk]) -> None:
        self._encoder = encoder
        self._embedded = 0

    @property
    def counters(self) -> dict[str, int]:
        return {"embedded": self._embedded}

    def push(self, value: Value, now_ns: int) -> Iterator[Value]:  # noqa: ARG002 - encoders do not ask the time
        if isinstance(value, Ended):
            yield from self._emit(list(self._encoder.flush()))
            yield Ended(self._encoder.modality, value.losses)
        else:
            yield from self._emit(list(self._encoder.push(value)))  # type: ignore[arg-type]  # topology pairs them

    def _emit(self, embeddings: list[Embedding]) -> Iterator[Value]:
        yield from embeddings
        if embeddings:
            self._embedded += len(embeddings)
            yield Bound(self._encoder.modality, embeddings[-1].interval.end_ns)


class SpeechStage:
    """Audio in; transcripts, the embedding of each, and how far the words are settled, out."""

    def __init__(self, speech: SpeechStream, text: TextEncoder) -> None:
        self._speech, self._text = speech, text
        self._bound_ns = -1
        self._transcripts = 0
        self._relieved = 0

    @property
    def counters(self) -> dict[str, int]:
        return {
            "transcripts": self._transcripts,
            "suppressed": self._speech.suppressed,
            "chunks_without_partials": self._relieved,
        }

    def push(self, value: Value, now_ns: int) -> Iterator[Value]:
        if isinstance(value, Ended):
            for transcript in self._speech.flush():
                yield from self._emit(transcript)
            yield Ended(Modality.TEXT, value.losses)
        elif isinstance(value, AudioChunk):
            behind = now_ns - value.interval.end_ns > _RELIEF_LAG_NS
            self._relieved += behind
            for transcript in self._speech.push(value, partials=not behind):
                yield from self._emit(transcript)
            if self._speech.bound_ns > self._bound_ns:
                self._bound_ns = self._speech.bound_ns
                yield Bound(Modality.TEXT, self._bound_ns)

    def _emit(self, transcript: Transcript) -> Iterator[Value]:
        self._transcripts += 1
        yield from self._text.push(transcript)
        yield transcript


def encoding_stage(name: WorkerName, models: Models, speech: SpeechConfig) -> Stage:
    """Start the stream of an encoder process. Imports only what that process needs."""
    match name:
        case "face":
            from encoders.face import FaceEncoder

            return EncodingStage(FaceEncoder(models.face))
        case "prosody":
            from encoders.prosody import ProsodyEncoder

            return EncodingStage(ProsodyEncoder(models.prosody))
        case "speech":
            from encoders.speech import SpeechSettings, SpeechStream
            from encoders.text import TextEncoder

            settings = SpeechSettings(
                step_s=speech.step_s, hangover_s=speech.hangover_s, max_utterance_s=speech.max_utterance_s
            )
            return SpeechStage(SpeechStream(models.recognizer, settings), TextEncoder(models.text))
        case _:
            raise ValueError(f"{name} is not an encoder process")

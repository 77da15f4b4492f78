"""What each encoder process does to the values that reach it: samples in, embeddings and watermarks out.

The same stages run in the processes of a live session and in one process when a recording is scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from agent.capture.grid import FrameGrid
from agent.config import SpeechConfig
from agent.processes.models import Models
from agent.processes.patience import ANY, EMBEDDED, Announce, Announcing
from agent.processes.wire import Bound, Ended, Value
from agent.topology import WorkerName
from deadpan.messages import Pace
from encoders.base import Encoder
from encoders.samples import AudioChunk, Embedding, Modality, Transcript, VideoFrame

if TYPE_CHECKING:  # each process loads only its own encoder
    from encoders.speech.stream import SpeechStream
    from encoders.text import TextEncoder

_RELIEF_LAG_NS, _STRAINED_LAG_NS = 1_000_000_000, 300_000_000
"""Speech further behind than this stops decoding unfinished utterances until it has caught up; the second when it is
known that the machine cannot keep up: what is then still read of an unfinished utterance makes its end wait."""
_LATE_NS, _IN_TIME_NS = 1_000_000_000, 200_000_000
"""Sound further behind than the first comes too late for any estimate: it is passed over until it is in time again."""
_LAST_RESORT_LAG_NS = 5_000_000_000
"""Speech further behind than this drops utterances undecoded: the last resort of a machine that is far too slow."""
_SIGN_OF_LIFE_NS = 500_000_000
"""The watermark of the words is told this often even when it stands still, so that slow words are no dead process."""
_UNHEARD_S = 8.0
"""Voice without a word for this long is remarked upon, and again whenever it has lasted twice as long."""


class Stage(Protocol):
    """One process's work. It keeps its stream's state and is told the time."""

    def push(self, value: Value, now_ns: int) -> Iterator[Value]: ...

    def keep(self, pace: Pace) -> None:
        """Do no more from now on than this asks for."""
        ...

    @property
    def awaited_ns(self) -> int:
        """Nothing of the session that ends before this can make a difference to what is told; 0 where anything can.

        Whoever has other things to do than to wait for each value may take in together what comes until then.
        """
        ...

    @property
    def remark(self) -> str:
        """What makes the work useless though it is done, in words for people; empty when nothing does."""
        ...

    @property
    def counters(self) -> dict[str, int]: ...


class EncodingStage:
    """Frames or audio in, embeddings of one modality out, each with the watermark it moves.

    Frames are thinned here, before they are encoded, and not where they are captured: encoding is what costs, the way
    is the same for devices and recordings, and a frame left out on purpose is not counted as one that was lost.
    `rate_hz` is the rate at which they are captured: asked for that, nothing is left out. `sketch` adds to an embedding
    what eyes want; `awaiting` says what to wait for, see Stage.awaited_ns.
    """

    remark = ""

    def __init__(
        self,
        encoder: Encoder[VideoFrame] | Encoder[AudioChunk],
        rate_hz: float | None = None,
        sketch: Callable[[Embedding], Embedding] | None = None,
        awaiting: Callable[[], int] | None = None,
    ) -> None:
        self._encoder, self._rate_hz, self._sketch, self._awaiting = encoder, rate_hz, sketch, awaiting
        self._embedded = 0
        self._thinned = 0
        self._passed_over = 0
        self._is_late = False
        self._kept_hz = rate_hz
        self._grid: FrameGrid | None = None

    @property
    def counters(self) -> dict[str, int]:
        counters = {"embedded": self._embedded, "thinned": self._thinned}
        return counters | ({"passed_over": self._passed_over} if self._passed_over else {})

    def keep(self, pace: Pace) -> None:
        rate_hz = pace.face_rate_hz
        if rate_hz != self._kept_hz:
            self._kept_hz = rate_hz
            self._grid = None if rate_hz is None or rate_hz == self._rate_hz else FrameGrid(rate_hz)

    @property
    def awaited_ns(self) -> int:
        return 0 if self._awaiting is None else self._awaiting()

    def push(self, value: Value, now_ns: int) -> Iterator[Value]:
        if isinstance(value, Ended):
            yield from self._emit(list(self._encoder.flush()))
            yield Ended(self._encoder.modality, value.losses)
        elif isinstance(value, VideoFrame) and self._grid is not None and not self._grid.admits(value.pts_ns):
            self._thinned += 1
        elif isinstance(value, AudioChunk) and self._comes_too_late(now_ns - value.interval.end_ns):
            self._passed_over += 1
        else:
            yield from self._emit(list(self._encoder.push(value)))  # type: ignore[arg-type]  # topology pairs them

    def _comes_too_late(self, lag_ns: int) -> bool:
        self._is_late = lag_ns > (_IN_TIME_NS if self._is_late else _LATE_NS)
        return self._is_late

    def _emit(self, embeddings: list[Embedding]) -> Iterator[Value]:
        yield from embeddings if self._sketch is None else map(self._sketch, embeddings)
        if embeddings:
            self._embedded += len(embeddings)
            yield Bound(self._encoder.modality, embeddings[-1].interval.end_ns)


class SpeechStage:
    """Audio in; transcripts, the embedding of each, and how far the words are settled, out."""

    def __init__(self, speech: SpeechStream, text: TextEncoder) -> None:
        self._speech, self._text = speech, text
        self._bound_ns = -1
        self._told_ns = 0
        self._transcripts = 0
        self._relieved = 0
        self._unread = 0
        self._excused_s = 0.0  # voice that went by without being read, at least not at once
        self._pace = Pace()

    @property
    def counters(self) -> dict[str, int]:
        return {
            "transcripts": self._transcripts,
            "chunks_without_partials": self._relieved,
            "chunks_without_decoding": self._unread,
            **self._speech.counters,
        }

    @property
    def remark(self) -> str:
        unheard_s, told_s = self._speech.unheard_s - self._excused_s, _UNHEARD_S
        if unheard_s < told_s:
            return ""
        while unheard_s >= 2 * told_s:
            told_s *= 2
        return f"{told_s:g} s of voice, no word understood: is it English? See deadpan doctor"

    def keep(self, pace: Pace) -> None:
        self._pace = pace

    @property
    def awaited_ns(self) -> int:
        return self._speech.awaited_ns(self._pace.step_s)

    def push(self, value: Value, now_ns: int) -> Iterator[Value]:
        if isinstance(value, Ended):
            for transcript in self._speech.flush():
                yield from self._emit(transcript)
            yield Ended(Modality.TEXT, value.losses)
        elif isinstance(value, AudioChunk):
            lag_ns = now_ns - value.interval.end_ns
            relief_ns = _STRAINED_LAG_NS if self._pace.level else _RELIEF_LAG_NS
            partials, decode = lag_ns <= relief_ns, lag_ns <= _LAST_RESORT_LAG_NS
            self._relieved += not partials
            self._unread += not decode
            for transcript in self._speech.push(value, partials=partials, step_s=self._pace.step_s, decode=decode):
                yield from self._emit(transcript)
            if partials and (foreseen := self._speech.foreseen) is not None:
                self._text.foresee(foreseen)  # in the pause that ends an utterance, so that its end finds all done
            unheard_s = self._speech.unheard_s
            self._excused_s = min(self._excused_s, unheard_s) if partials else unheard_s
            due = value.interval.end_ns - self._told_ns >= _SIGN_OF_LIFE_NS
            if self._speech.bound_ns > self._bound_ns or due:
                self._bound_ns, self._told_ns = max(self._bound_ns, self._speech.bound_ns), value.interval.end_ns
                yield Bound(Modality.TEXT, self._bound_ns)

    def _emit(self, transcript: Transcript) -> Iterator[Value]:
        self._transcripts += 1
        yield from self._text.push(transcript)
        yield transcript


def encoding_stage(
    name: WorkerName,
    models: Models,
    speech: SpeechConfig,
    *,
    rate_hz: float | None = None,
    announce: Announce | None = None,
    sketching: bool = False,
) -> Stage:
    """Start the stream of an encoder process. Imports only what that process needs.

    `rate_hz` is the rate of the frames to come, needed only where a pace is to be kept; `announce` is told beforehand
    what a reading may take, where somebody waits for signs of life. `sketching` adds to the embeddings of
    face and voice what only eyes want.
    """
    match name:
        case "face":
            from encoders.face import FaceEncoder

            if not sketching:
                return EncodingStage(FaceEncoder(models.face), rate_hz)
            from encoders.outline import OutlinedLandmarks

            landmarks = OutlinedLandmarks(models.face.landmarks)
            face = FaceEncoder(replace(models.face, landmarks=landmarks))
            return EncodingStage(face, rate_hz, lambda made: replace(made, outline=landmarks.outline(made)))
        case "prosody":
            from encoders.prosody import ProsodyEncoder

            if not sketching:
                plain = ProsodyEncoder(models.prosody)
                return EncodingStage(plain, awaiting=lambda: plain.awaited_ns)
            from encoders.contour import ContouredPitch

            pitch = ContouredPitch(models.prosody.pitch)
            prosody = ProsodyEncoder(replace(models.prosody, pitch=pitch))
            return EncodingStage(
                prosody,
                sketch=lambda made: replace(made, contour=pitch.contour(made)),
                awaiting=lambda: prosody.awaited_ns,
            )
        case "speech":
            from encoders.speech.moonshine import MoonshineRecognizer
            from encoders.speech.stream import SpeechSettings, SpeechStream
            from encoders.text import TextEncoder

            settings = SpeechSettings(
                step_s=speech.step_s, hangover_s=speech.hangover_s, max_utterance_s=speech.max_utterance_s
            )
            recognizer = models.recognizer
            if announce is not None:
                patience = EMBEDDED if isinstance(recognizer, MoonshineRecognizer) else ANY
                recognizer = Announcing(recognizer, announce, patience)
            return SpeechStage(SpeechStream(recognizer, settings), TextEncoder(models.text))
        case _:
            raise ValueError(f"{name} is not an encoder process")

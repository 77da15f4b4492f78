"""Sound and a face track in; all that the live encoders make of them before any head reads it, out.

Before its own clip each encoder knows up to 20 s of the speaker's other clips (the face encoder sees them, then a gap
that empties its window): live, too, a person's baseline is known by the time they say something worth a reading. No
label enters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from encoders.expression import ExpressionModel
from encoders.face import FACE_DIMS, FaceEncoder, FaceModel
from encoders.face_statistics import FACE_STATISTICS, ChannelScale
from encoders.prosody import VOICE_DIMS, Acquaintance, ProsodyEncoder, ProsodyModel
from encoders.samples import NS_PER_S, AudioChunk, Embedding, Interval, VideoFrame
from encoders.speech.recognizer import Recognizer
from encoders.voice_statistics import VOICE_STATISTICS
from training.clips.hearing import CHUNK, Heard, SpokenSound, cut_after_speech, spread_words, transcribe
from training.clips.media import SAMPLE_RATE_HZ
from training.clips.tracks import Track

GAP_NS = 10 * NS_PER_S  # longer than the encoder's window

_NO_PICTURE = np.zeros((1, 1, 3), np.uint8)

Row = tuple[Embedding, NDArray[np.float64] | None]


@dataclass(frozen=True, slots=True)
class Course:
    """One modality over a clip, a row for each embedding: `intervals_ns` int64 [n, 2] from the clip's start, `vectors`
    float32 [n, dim], `confidence` [n], and the `statistics` [n, k] that the head reads, NaN while there are none.
    """

    intervals_ns: NDArray[np.int64]
    vectors: NDArray[np.float32]
    confidence: NDArray[np.float64]
    statistics: NDArray[np.float64]

    @property
    def told(self) -> NDArray[np.bool_]:
        """Rows [n] with statistics."""
        return np.asarray(np.isfinite(self.statistics[:, 0]))


@dataclass(frozen=True, slots=True)
class Observation:
    """One clip as the encoders live it, on an axis that starts with the clip.

    The courses reach to the end of the speech and not beyond. `transcripts` are all revisions, each with the time by
    which it was known. `speech_start_ns` and `speech_end_ns`: between them somebody speaks.
    """

    key: str
    voice: Course
    face: Course
    transcripts: Heard
    speech_start_ns: int
    speech_end_ns: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A person's sound up to the end of its speech, and their face; None where there is no picture."""

    sound: SpokenSound
    track: Track | None

    @classmethod
    def cut(cls, pcm: NDArray[np.float32], track: Track | None) -> Recording:
        """Of the whole sound float32 [n] at 16 kHz."""
        return cls(cut_after_speech(pcm), track)


@dataclass(frozen=True, slots=True)
class LiveModels:
    """The weights of what runs live, but for the heads: those differ by what they were trained on.

    Without a `recognizer` nothing is understood.
    """

    prosody: ProsodyModel
    expression: ExpressionModel
    scale: ChannelScale
    recognizer: Recognizer | None

    @classmethod
    def load(cls, recognizer: Recognizer | None = None) -> LiveModels:
        """The shipped weights."""
        prosody = replace(ProsodyModel.load(), head=None)
        return cls(prosody, ExpressionModel.load(), ChannelScale.load(), recognizer)


class Observer:
    """Encoders that know a person already, from `warm_up`; what they know is worked out once.

    Each clip observed follows directly upon it, whatever was observed before. Who has the `acquaintances` of the
    warm-up's voices at hand gives them, and spares hearing them again.
    """

    def __init__(
        self,
        models: LiveModels,
        warm_up: Sequence[Recording] = (),
        acquaintances: Sequence[Acquaintance] | None = None,
    ) -> None:
        self._models = models
        self._warm_up = warm_up
        self._acquaintances = acquaintances
        self._face: FaceEncoder | None = None
        self._landmarks = RecordedLandmarks()
        self._face_model = FaceModel(self._landmarks, models.expression, models.scale, None)

    def observe(self, recording: Recording, *, key: str = "", text: str | None = None) -> Observation:
        """All of it. With a `text` nothing is recognized: those are the words."""
        sound = recording.sound
        heard: Heard = ()
        if text is not None:
            heard = spread_words(text, sound.speech, sound.end_ns)
        elif self._models.recognizer is not None:
            heard = transcribe(sound, self._models.recognizer)
        voice, face = self.hear(recording), self.watch(recording)
        return Observation(key, voice, face, heard, sound.speech.start_ns, sound.speech.end_ns)

    def hear(self, recording: Recording) -> Course:
        """The voice's course, a row each hop of 100 ms."""
        if self._acquaintances is None:
            self._acquaintances = [acquaint(self._models, earlier.sound) for earlier in self._warm_up]
        encoder = ProsodyEncoder(self._models.prosody)
        for acquaintance in self._acquaintances:
            encoder.meet(acquaintance)
        rows: list[Row] = []
        for chunk in _cut_into_chunks(recording.sound):
            rows += [(embedding, encoder.window.measure()) for embedding in encoder.push(chunk)]
        return _to_course(rows, 0, len(VOICE_DIMS), len(VOICE_STATISTICS))

    def watch(self, recording: Recording) -> Course:
        """The face's course, a row each frame up to the end of the sound; none without a track."""
        if self._face is None:
            self._face = FaceEncoder(self._face_model)
            for at_ns, earlier in _one_after_another(self._warm_up):
                if earlier.track is not None:
                    self._show(self._face, earlier.track, at_ns, earlier.sound.end_ns)
        encoder = deepcopy(self._face, {id(self._face_model): self._face_model})
        start_ns = sum(earlier.sound.end_ns for earlier in self._warm_up) + (GAP_NS if self._warm_up else 0)
        rows: list[Row] = []
        if recording.track is not None:
            rows = self._show(encoder, recording.track, start_ns, recording.sound.end_ns)
        return _to_course(rows, start_ns, len(FACE_DIMS), len(FACE_STATISTICS))

    def _show(self, encoder: FaceEncoder, track: Track, at_ns: int, end_ns: int) -> list[Row]:
        rows: list[Row] = []
        self._landmarks.play(track.landmarks)
        for pts_ns in track.pts_ns[track.pts_ns <= end_ns].tolist():
            frame = VideoFrame(0, at_ns + pts_ns, _NO_PICTURE)
            rows += [(embedding, encoder.window.measure()) for embedding in encoder.push(frame)]
        return rows


def acquaint(models: LiveModels, sound: SpokenSound) -> Acquaintance:
    """What a stream of this sound alone teaches of its speaker."""
    encoder = ProsodyEncoder(replace(models.prosody, sound=None))
    for chunk in _cut_into_chunks(sound):
        encoder.push(chunk)
    return encoder.acquaintance


def observe(
    pcm: NDArray[np.float32],
    track: Track | None,
    warm_up: Sequence[Recording] = (),
    *,
    models: LiveModels,
    key: str = "",
    text: str | None = None,
) -> Observation:
    """Observe the whole sound float32 [n] at 16 kHz and the face track of one clip."""
    return Observer(models, warm_up).observe(Recording.cut(pcm, track), key=key, text=text)


def with_words(observation: Observation, text: str) -> Observation:
    """The same clip with the words that a person wrote down, known all at once at its end."""
    end_ns = int(observation.voice.intervals_ns[-1, 1]) if len(observation.voice.confidence) else 0
    speech = Interval(observation.speech_start_ns, observation.speech_end_ns)
    return replace(observation, transcripts=spread_words(text, speech, max(end_ns, observation.speech_end_ns)))


class RecordedLandmarks:
    """Plays a track's landmarks back in place of the mesh; the pictures are ignored."""

    def __init__(self) -> None:
        self._coming: Iterator[NDArray[np.float32]] = iter(())

    def play(self, landmarks: NDArray[np.float32]) -> None:
        """These [frames, 478, 3] come next."""
        self._coming = iter(landmarks)

    def locate(self, rgb: NDArray[np.uint8], /) -> NDArray[np.float32] | None:
        del rgb
        landmarks = next(self._coming)
        return landmarks if np.isfinite(landmarks[0, 0]) else None

    def restart(self) -> None:
        """Nothing: what plays goes on."""


def _cut_into_chunks(sound: SpokenSound) -> Iterator[AudioChunk]:
    for first in range(0, len(sound.pcm), CHUNK):
        at_ns = first * NS_PER_S // SAMPLE_RATE_HZ
        yield AudioChunk(0, at_ns, SAMPLE_RATE_HZ, sound.pcm[first : first + CHUNK])


def _one_after_another(recordings: Sequence[Recording]) -> Iterator[tuple[int, Recording]]:
    at_ns = 0
    for recording in recordings:
        yield at_ns, recording
        at_ns += recording.sound.end_ns


def _to_course(rows: Sequence[Row], start_ns: int, dim: int, statistics: int) -> Course:
    nothing = np.full(statistics, np.nan)
    intervals = [(e.interval.start_ns - start_ns, e.interval.end_ns - start_ns) for e, _ in rows]
    return Course(
        np.array(intervals, np.int64).reshape(-1, 2),
        np.array([e.vector for e, _ in rows], np.float32).reshape(-1, dim),
        np.array([e.confidence for e, _ in rows], np.float64),
        np.array([nothing if measured is None else measured for _, measured in rows]).reshape(-1, statistics),
    )

"""What fusion knows in, the messages subscribers read out."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from typing import TypedDict

from agent.stream.health import diagnosis
from deadpan.messages import (
    Estimate,
    Event,
    EventName,
    FaceOutline,
    Health,
    Incongruity,
    ModalityReading,
    NamedCue,
    Pace,
    PitchContour,
    Point,
    Sarcasm,
    Sentiment,
    Sketch,
    SpokenWord,
    Tone,
    Transcript,
    UnknownReason,
    Utterance,
    Welcome,
    WorkerHealth,
)
from deadpan.rcs import context_line
from encoders import samples
from encoders.outline import STROKES
from encoders.samples import Interval, Modality
from fusion import estimate as fused

_MS = 1_000_000
_DIGITS = 4  # of probabilities and sentiments: more is noise, and would make files longer than what they say
_TELLING = (Modality.TEXT, Modality.VOICE)


class _Address(TypedDict):
    """What every message begins with."""

    session: str
    stream: str
    seq: int
    start_ns: int
    end_ns: int
    created_ns: int
    published_ns: int
    model: str
    recording: bool


class _Verdict(TypedDict):
    """What an estimate and an utterance both say."""

    sarcasm: Sarcasm
    sentiment: Sentiment
    incongruity: Incongruity
    confidence: float
    modalities: dict[str, ModalityReading]
    cues: tuple[NamedCue, ...]
    latency_ms: float


class Composer:
    """Numbers and addresses the messages of one session."""

    def __init__(self, session: str, stream: str, model: str, *, recording: bool = False) -> None:
        self._session, self._stream, self._model = session, stream, model
        self.recording = recording
        """Whether the session is being written to disk: every message says so."""
        self._counts: Counter[str] = Counter()

    def estimate(self, estimate: fused.Estimate, now_ns: int) -> Estimate:
        return Estimate(
            **self._address(estimate.seq, estimate.interval, now_ns),
            **_verdict(estimate, now_ns - estimate.interval.end_ns),
            revision=estimate.revision,
            final=estimate.final,
        )

    def utterance(
        self,
        transcript: samples.Transcript,
        estimate: fused.Estimate,
        now_ns: int,
        said: samples.WordEmbeddings | None = None,
    ) -> Utterance:
        """`said` is what the text encoder made of the transcript's words, one by one."""
        return Utterance(
            **self._address(self._next("utterance"), transcript.interval, now_ns),
            **_verdict(estimate, now_ns - transcript.interval.end_ns),
            utterance_id=transcript.utterance_id,
            text=transcript.text,
            words=_words(transcript.words, said),
            rcs=context_line(transcript.text, estimate.scores.sarcasm, estimate.scores.delivered),
        )

    def transcript(
        self, transcript: samples.Transcript, now_ns: int, said: samples.WordEmbeddings | None = None
    ) -> Transcript:
        words = _words(transcript.words, said)
        return Transcript(
            **self._address(self._next("transcript"), transcript.interval, now_ns),
            utterance_id=transcript.utterance_id,
            revision=transcript.revision,
            final=transcript.final,
            forced=transcript.forced,
            committed=words[: len(transcript.committed)],
            tentative=words[len(transcript.committed) :],
        )

    def conflict(self, transcript: samples.Transcript, conflict: samples.Conflict, now_ns: int) -> Event:
        now = f"heard as {conflict.heard!r}" if conflict.heard else "not heard"
        detail = f"utterance {transcript.utterance_id}, word {conflict.index}: {conflict.committed!r} is now {now}"
        return self.event("transcript_conflict", transcript.interval.end_ns, now_ns, detail)

    def event(self, name: EventName, at_ns: int, now_ns: int, detail: str = "") -> Event:
        return Event(
            **self._address(self._next("event"), Interval(at_ns, at_ns), now_ns),
            name=name,
            detail=detail,
        )

    def sketches(self, embedding: samples.Embedding, now_ns: int) -> Iterator[Sketch]:
        """What eyes want of the face or of the voice, where the embedding has it."""
        if embedding.outline is not None:
            moment = Interval(embedding.outline.pts_ns, embedding.outline.pts_ns)
            address = self._address(self._next("sketch"), moment, now_ns)
            yield Sketch(**address, face=_outline(embedding.outline))
        if embedding.contour is not None and len(embedding.contour.pitch_hz):
            address = self._address(self._next("sketch"), embedding.contour.interval, now_ns)
            yield Sketch(**address, voice=_contour(embedding.contour))

    def health(self, workers: dict[str, WorkerHealth], pace: Pace, strain: str, now_ns: int) -> Health:
        """`strain` says why the pace is not the configured one; empty when it is."""
        state, reasons = diagnosis(workers, strain)
        return Health(
            **self._address(self._next("health"), Interval(now_ns, now_ns), now_ns),
            state=state,
            reasons=reasons,
            pace=pace,
            workers=workers,
        )

    def welcome(
        self, *, now_ns: int, version: str, origin_monotonic_ns: int, origin_unix_ns: int, source: str, tick_hz: float
    ) -> Welcome:
        return Welcome(
            **self._address(self._next("welcome"), Interval(0, now_ns), now_ns),
            version=version,
            origin_monotonic_ns=origin_monotonic_ns,
            origin_unix_ns=origin_unix_ns,
            source=source,
            tick_hz=tick_hz,
        )

    def _address(self, seq: int, interval: Interval, now_ns: int) -> _Address:
        return _Address(
            session=self._session,
            stream=self._stream,
            seq=seq,
            start_ns=interval.start_ns,
            end_ns=interval.end_ns,
            created_ns=now_ns,
            published_ns=now_ns,
            model=self._model,
            recording=self.recording,
        )

    def _next(self, message_type: str) -> int:
        number = self._counts[message_type]
        self._counts[message_type] += 1
        return number


def _verdict(estimate: fused.Estimate, late_ns: int) -> _Verdict:
    scores = estimate.scores
    return _Verdict(
        sarcasm=_sarcasm(estimate),
        sentiment=_sentiment(scores),
        incongruity=_incongruity(scores),
        confidence=round(scores.confidence, _DIGITS),
        modalities=_modalities(estimate),
        cues=_cues(scores),
        latency_ms=round(late_ns / _MS, 1),
    )


def _sarcasm(estimate: fused.Estimate) -> Sarcasm:
    probability = _rounded(estimate.scores.sarcasm)
    return Sarcasm(
        probability=probability, state=estimate.state, reason="" if probability is not None else _why_unknown(estimate)
    )


def _why_unknown(estimate: fused.Estimate) -> UnknownReason:
    """Why nothing could be said of sarcasm: only words and voice tell of it."""
    standings = [estimate.standings[modality].status for modality in _TELLING if modality in estimate.standings]
    if any(modality in estimate.scores.readings for modality in _TELLING):
        return "no_answer"
    if all(status == "off" for status in standings):
        return "not_listening"
    if "stale" in standings:
        return "source_silent"
    return "nothing_said"


def _sentiment(scores: fused.Scores) -> Sentiment:
    return Sentiment(
        literal=_rounded(scores.literal), delivered=_rounded(scores.delivered), intended=_rounded(scores.intended)
    )


def _incongruity(scores: fused.Scores) -> Incongruity:
    return Incongruity(
        text_voice=_rounded(scores.gap(Modality.TEXT, Modality.VOICE)),
        text_face=_rounded(scores.gap(Modality.TEXT, Modality.FACE)),
        voice_face=_rounded(scores.gap(Modality.VOICE, Modality.FACE)),
    )


def _modalities(estimate: fused.Estimate) -> dict[str, ModalityReading]:
    readings = {}
    for modality, standing in estimate.standings.items():
        reading = estimate.scores.readings.get(modality)
        readings[modality.value] = ModalityReading(
            status=standing.status,
            age_ms=None if standing.age_ns is None else round(standing.age_ns / _MS, 1),
            sarcasm=None if reading is None else _rounded(reading.sarcasm),
            sentiment=None if reading is None else _rounded(reading.sentiment),
            activation=None if reading is None else _rounded(reading.activation),
            contribution=round(estimate.scores.contributions.get(modality, 0.0), _DIGITS),
        )
    return readings


def _cues(scores: fused.Scores) -> tuple[NamedCue, ...]:
    return tuple(
        NamedCue(
            name=cue.name,
            modality=cue.modality.value,
            value=round(cue.value, _DIGITS),
            effect=round(cue.effect, _DIGITS),
        )
        for cue in scores.cues
    )


def _outline(outline: samples.Outline) -> FaceOutline:
    points = iter([Point(x=round(x, _DIGITS), y=round(y, _DIGITS)) for x, y in outline.points.tolist()])
    drawn = STROKES.items() if len(outline.points) else ()
    return FaceOutline(
        aspect=round(outline.aspect, _DIGITS),
        strokes={name: tuple(itertools.islice(points, len(stroke))) for name, stroke in drawn},
    )


def _contour(contour: samples.Contour) -> PitchContour:
    values = zip(contour.pitch_hz.tolist(), contour.loudness_db.tolist(), strict=True)
    return PitchContour(
        tones=tuple(Tone(pitch_hz=round(hz, 1) or None, loudness_db=round(loud_db, 1)) for hz, loud_db in values)
    )


def _words(words: tuple[samples.Word, ...], said: samples.WordEmbeddings | None) -> tuple[SpokenWord, ...]:
    """The words as they are told, each with its own reading where all of them were read."""
    if said is None or len(said.sentiments) != len(words):
        own: list[tuple[float | None, float | None]] = [(None, None)] * len(words)
    else:
        own = list(zip(map(float, said.sentiments), map(float, said.sarcasms), strict=True))
    return tuple(
        SpokenWord(
            text=word.text,
            start_ns=word.interval.start_ns,
            end_ns=word.interval.end_ns,
            probability=round(word.probability, _DIGITS),
            timing=word.timing,
            sentiment=_rounded(sentiment),
            sarcasm=_rounded(sarcasm),
        )
        for word, (sentiment, sarcasm) in zip(words, own, strict=True)
    )


def _rounded(number: float | None) -> float | None:
    return None if number is None or math.isnan(number) else round(number, _DIGITS)

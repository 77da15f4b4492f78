"""Nothing in, one message of every type out: what the tests of the client send it, and of the one type on request."""

from __future__ import annotations

import msgspec

from deadpan.messages import (
    MESSAGE_TYPES,
    Estimate,
    FaceOutline,
    Incongruity,
    Message,
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
    Utterance,
    WorkerHealth,
)

S = 1_000_000_000


def estimate(seq: int = 812, revision: int = 0, *, session: str = "s1", stream: str = "default") -> Estimate:
    return Estimate(
        session=session,
        stream=stream,
        seq=seq,
        start_ns=154 * S,
        end_ns=162 * S,
        created_ns=162 * S,
        published_ns=162 * S,
        model="deadpan-1.0",
        revision=revision,
        final=revision > 0,
        sarcasm=Sarcasm(probability=0.82, state="on"),
        sentiment=Sentiment(literal=0.8, delivered=-0.5, intended=-0.6),
        incongruity=Incongruity(text_voice=0.9, text_face=None, voice_face=None),
        confidence=0.7,
        modalities={
            "face": ModalityReading(status="off", age_ms=None, sarcasm=None, sentiment=None, contribution=0.0),
            "voice": ModalityReading(status="ok", age_ms=40.0, sarcasm=0.6, sentiment=-0.2, contribution=0.1),
            "text": ModalityReading(status="stale", age_ms=900.0, sarcasm=0.3, sentiment=0.8, contribution=-0.1),
        },
        cues=(NamedCue(name="flat_pitch", modality="voice", value=-1.4, effect=0.12),),
        latency_ms=130.0,
    )


def utterance(seq: int = 3) -> Utterance:
    about = estimate()
    return Utterance(
        session="s1",
        stream="default",
        seq=seq,
        start_ns=160 * S,
        end_ns=162 * S,
        created_ns=162 * S,
        published_ns=162 * S,
        model="deadpan-1.0",
        utterance_id=7,
        text="Oh great…",
        words=(_word("Oh", 160), _word("great…", 161)),
        sarcasm=about.sarcasm,
        sentiment=about.sentiment,
        incongruity=about.incongruity,
        confidence=0.7,
        modalities=about.modalities,
        cues=about.cues,
        latency_ms=210.5,
        rcs="([sarcasm value=0.82]) Oh great…",
    )


def sketch(seq: int = 0, *, session: str = "s1", stream: str = "default") -> Sketch:
    """Of a face and of a voice: an agent sends one or the other."""
    return Sketch(
        session=session,
        stream=stream,
        seq=seq,
        start_ns=161 * S,
        end_ns=162 * S,
        created_ns=162 * S,
        published_ns=162 * S,
        model="deadpan-1.0",
        face=FaceOutline(aspect=0.75, strokes={"nose": (Point(x=0.5, y=0.3), Point(x=0.5125, y=0.4))}),
        voice=PitchContour(tones=(Tone(pitch_hz=182.5, loudness_db=-21.0), Tone(pitch_hz=None, loudness_db=-60.5))),
    )


def every_type() -> tuple[Message, ...]:
    return (
        estimate(),
        utterance(),
        _message(
            "transcript",
            utterance_id=7,
            revision=2,
            final=False,
            committed=(_word("Oh", 160),),
            tentative=(_word("great", 161),),
        ),
        _message("event", name="sarcasm_on"),
        _message(
            "health",
            state="degraded",
            reasons=("face is failed: no model",),
            pace=Pace(level=1, step_s=1.0, face_rate_hz=15.0),
            workers={"face": _FAILED},
        ),
        _message("welcome", version="0.1.0", origin_monotonic_ns=5, origin_unix_ns=6, source="live", tick_hz=5.0),
    )


def _message(kind: str, **rest: object) -> Message:
    times = {"start_ns": S, "end_ns": S, "created_ns": S, "published_ns": S}
    head = {"type": kind, "session": "s1", "stream": "default", "seq": 0, "model": "deadpan-1.0"}
    return msgspec.convert(head | times | rest, MESSAGE_TYPES[kind])


def _word(text: str, start_s: int) -> SpokenWord:
    return SpokenWord(text=text, start_ns=start_s * S, end_ns=(start_s + 1) * S, probability=0.9, timing="estimated")


_FAILED = WorkerHealth(state="failed", reason="no model", pid=12, restarts=5, busy=0.25, counters={"sent": 3})

"""An observation and the heads to read it with in; exactly the embeddings that the live encoders would have sent, out.

Only heads and text models differ between folds: what the encoders saw stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from encoders.head import Head
from encoders.recent import Recent
from encoders.samples import NS_PER_S, Embedding, Interval, Modality, Transcript, Word
from encoders.text import TextEncoder, TextModel
from training.clips.observation import Course, Observation
from training.text.corpora import CONTEXT_TURNS

_TURN_NS = 3 * NS_PER_S  # a turn of the dialogue before lasts about so long


def embed(
    observation: Observation,
    text: TextModel | None,
    voice: Head | None,
    face: Head | None,
    context: Sequence[str] = (),
) -> dict[Modality, list[Embedding]]:
    """All embeddings of a clip by modality, in order, times from the clip's start. Where a model is None its modality
    has no readings, text no embeddings at all.

    `context` are the turns spoken before, oldest first. A text embedding's interval ends where its utterance had been
    heard to; by when it was known tell `observation.transcripts`, one for one.
    """
    return {
        Modality.TEXT: [] if text is None else embed_words(observation, text, context),
        Modality.VOICE: embed_course(observation.voice, Modality.VOICE, voice),
        Modality.FACE: embed_course(observation.face, Modality.FACE, face),
    }


def embed_course(course: Course, modality: Modality, head: Head | None) -> list[Embedding]:
    """One embedding for each row of the course."""
    recent = Recent(course.vectors.shape[1])
    embeddings = []
    for seq, (start_ns, end_ns) in enumerate(course.intervals_ns.tolist()):
        reading = None
        if head is not None:
            push_row(recent, course, seq, modality)
            told = bool(np.isfinite(course.statistics[seq, 0]))
            reading = head.read(course.statistics[seq], recent) if told else None
        interval, confidence = Interval(start_ns, end_ns), float(course.confidence[seq])
        embeddings.append(Embedding(seq, modality, interval, course.vectors[seq], confidence, reading))
    return embeddings


def push_row(recent: Recent, course: Course, row: int, modality: Modality) -> None:
    """Let `recent` take a row as the encoder would: a face that was not seen leaves a hole, a silent voice does not."""
    seen = modality is Modality.VOICE or course.confidence[row] > 0
    recent.push(int(course.intervals_ns[row, 0]), course.vectors[row] if seen else None)


def embed_words(observation: Observation, text: TextModel, context: Sequence[str] = ()) -> list[Embedding]:
    """One embedding for each of the observation's transcripts."""
    turns = [turn for turn in context if turn.strip()]
    turns = turns[max(0, len(turns) - CONTEXT_TURNS) :]
    encoder = TextEncoder(text, context_turns=len(turns))
    for number, turn in enumerate(turns):
        end_ns = -(len(turns) - 1 - number) * _TURN_NS
        encoder.push(_turn(turn, Interval(end_ns - _TURN_NS, end_ns)))
    return [embedding for _, transcript in observation.transcripts for embedding in encoder.push(transcript)]


def _turn(text: str, interval: Interval) -> Transcript:
    words = tuple(Word(word, interval, 1.0, "estimated") for word in text.split())
    return Transcript(0, 1, interval, words, (), final=True)

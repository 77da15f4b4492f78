"""Clips in, the three heads' readings of each out: the words are heard by the recognizer that runs live."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.progress import track

from encoders.samples import NS_PER_S, AudioChunk, Modality, Reading
from encoders.speech.moonshine import MoonshineRecognizer
from encoders.speech.recognizer import SAMPLE_RATE_HZ
from encoders.speech.stream import SpeechStream
from encoders.text_model import TextModel
from training.delivery.clips import decode_audio, open_clips

_CHUNK = SAMPLE_RATE_HZ // 10


class Sentiments(msgspec.Struct, frozen=True):
    """A head's two numbers, as `training.delivery` leaves them out of fold."""

    sarcasm: float
    sentiment: float


class Delivered(msgspec.Struct, frozen=True):
    """One row of .training/clip_readings.json."""

    key: str
    show: str
    speaker: str
    sarcasm: bool
    valence: float | None
    voice: Sentiments | None
    face: Sentiments | None


@dataclass(frozen=True, slots=True)
class ReadClip:
    """One clip, its label, and what each head made of it; a modality that was not there is missing."""

    key: str
    show: str
    speaker: str
    sarcasm: bool
    valence: float | None
    readings: dict[Modality, Reading]


def read_clips(source: Path, cache: Path) -> list[ReadClip]:
    """Join the delivery heads' out-of-fold readings with the text head's reading of the recognized words.

    Raises FileNotFoundError when `python -m training.delivery` has not been run before.
    """
    table = cache / "clip_readings.json"
    if not table.is_file():
        raise FileNotFoundError(f"{table} is missing; run first: python -m training.delivery --clips {source}")
    rows = msgspec.json.decode(table.read_bytes(), type=list[Delivered])
    words = _words(source, cache)
    model = TextModel.load()
    return [_read(row, words.get(row.key, ""), model) for row in rows]


def _read(row: Delivered, words: str, model: TextModel) -> ReadClip:
    readings = {}
    if row.voice is not None:
        readings[Modality.VOICE] = Reading(row.voice.sarcasm, row.voice.sentiment)
    if row.face is not None:
        readings[Modality.FACE] = Reading(row.face.sarcasm, row.face.sentiment)
    if words:
        text = model.encode(words)
        readings[Modality.TEXT] = Reading(text.sarcasm, text.sentiment)
    return ReadClip(row.key, row.show, row.speaker, row.sarcasm, row.valence, readings)


def _words(source: Path, cache: Path) -> dict[str, str]:
    """What the embedded recognizer hears in each clip, cached (never committed: television)."""
    heard_before = cache / "clip_words.json"
    words: dict[str, str] = json.loads(heard_before.read_text()) if heard_before.is_file() else {}
    clips = open_clips(source, cache / "clips")
    recognizer = MoonshineRecognizer()
    for key, path in track(sorted(clips.items()), description="hearing words"):
        if key not in words:
            words[key] = " ".join(_hear(SpeechStream(recognizer), decode_audio(path)))
    heard_before.write_text(json.dumps(words))
    return words


def _hear(stream: SpeechStream, sound: AudioChunk) -> Iterator[str]:
    for start in range(0, len(sound.pcm), _CHUNK):
        chunk = AudioChunk(
            start // _CHUNK, start * NS_PER_S // SAMPLE_RATE_HZ, SAMPLE_RATE_HZ, sound.pcm[start : start + _CHUNK]
        )
        yield from (transcript.text for transcript in stream.push(chunk, partials=False))
    yield from (transcript.text for transcript in stream.flush())

"""Speech of levels: each word is a stretch of samples of one value, which a stand-in recognizer reads back exactly.

A stand-in for voice activity takes any sound for voice, so that what is tested is where utterances are cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from encoders.samples import NS_PER_S, AudioChunk, Interval, Transcript
from encoders.speech.recognizer import HeardWord
from encoders.speech.stream import SpeechStream

RATE_HZ = 16_000
WINDOW_S = 0.032

Pcm = NDArray[np.float32]


class AnySound:
    """Voice activity that takes any sound for voice."""

    def push(self, window: Pcm) -> bool:
        return bool(np.abs(window).max() > 0.05)

    def reset(self) -> None:
        """It remembers nothing."""


class LevelReader:
    """A recognizer that reads each level of at least one window as a word: 0.3 is "three"."""

    name = "levels"
    words = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

    def __init__(self, *, aligned: bool = False) -> None:
        self._aligned = aligned
        self.decoded: list[int] = []

    def transcribe(self, pcm: Pcm, _guess: tuple[HeardWord, ...] | None = None, /) -> tuple[HeardWord, ...]:
        self.decoded.append(len(pcm))
        levels = np.clip(np.round(pcm * 10), 0, 9).astype(int)
        edges = [0, *(np.flatnonzero(np.diff(levels)) + 1).tolist(), len(levels)]
        return tuple(
            HeardWord(
                self.words[levels[start]],
                0.9,
                Interval(start * NS_PER_S // RATE_HZ, end * NS_PER_S // RATE_HZ) if self._aligned else None,
            )
            for start, end in pairwise(edges)
            if end - start >= 512 and levels[start]
        )


class Scripted:
    """A recognizer that hears one text after another, whatever the sound, and the last one from then on."""

    name = "scripted"

    def __init__(self, *texts: list[str], probability: float = 0.9) -> None:
        self._texts = list(texts)
        self._probability = probability

    def transcribe(self, _pcm: Pcm, _guess: tuple[HeardWord, ...] | None = None, /) -> tuple[HeardWord, ...]:
        text = self._texts.pop(0) if len(self._texts) > 1 else self._texts[0]
        return tuple(HeardWord(word, self._probability) for word in text)


class Deaf:
    """A recognizer that never understands a word."""

    name = "deaf"

    def transcribe(self, _pcm: Pcm, _guess: tuple[HeardWord, ...] | None = None, /) -> tuple[HeardWord, ...]:
        return ()


def say(*script: tuple[int, float]) -> Pcm:
    """Levels in tenths, each for so many seconds; 0 is silence."""
    return np.concatenate([np.full(round(seconds * RATE_HZ), level / 10, np.float32) for level, seconds in script])


def chunks(pcm: Pcm, sizes: Sequence[int] = (512,), origin_ns: int = 0) -> Iterator[AudioChunk]:
    """The samples cut to the sizes, over and over."""
    at = seq = 0
    while at < len(pcm):
        part = pcm[at : at + sizes[seq % len(sizes)]]
        yield AudioChunk(seq, origin_ns + at * NS_PER_S // RATE_HZ, RATE_HZ, part)
        at += len(part)
        seq += 1


def hear(stream: SpeechStream, pcm: Pcm, sizes: Sequence[int] = (512,), origin_ns: int = 0) -> list[Transcript]:
    return [t for chunk in chunks(pcm, sizes, origin_ns) for t in stream.push(chunk)]


def finals_of(transcripts: Sequence[Transcript]) -> list[str]:
    return [transcript.text for transcript in transcripts if transcript.final]


SENTENCE = ((1, 0.4), (2, 0.5), (3, 0.6), (4, 0.3))

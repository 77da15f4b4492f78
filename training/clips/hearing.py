"""Sound in; where its speech is, the sound up to there, and what the recognizer that runs live makes of it, out.

What follows the last speech is cut, so that a laugh track is no input.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from encoders.samples import NS_PER_S, AudioChunk, Interval, Transcript, Word
from encoders.speech.recognizer import Recognizer
from encoders.speech.silero import WINDOW_SAMPLES, SileroModel, SileroStream
from encoders.speech.stream import SpeechStream
from training.clips.media import SAMPLE_RATE_HZ

CHUNK = SAMPLE_RATE_HZ // 10
SPEECH_TAIL_NS = 250_000_000  # the pitch model's lag, so that the last word is in the last reading
_SILENCE = np.zeros(6 * CHUNK, np.float32)  # after the cut, as long as it takes the stream to find the utterance ended

Heard = tuple[tuple[int, Transcript], ...]
"""Each transcript with the moment of the session by which it was known."""


@dataclass(frozen=True, slots=True)
class SpokenSound:
    """Sound up to the end of its speech: `pcm` float32 [n], 16 kHz, and where in it somebody speaks."""

    pcm: NDArray[np.float32]
    speech: Interval

    @property
    def end_ns(self) -> int:
        return len(self.pcm) * NS_PER_S // SAMPLE_RATE_HZ

    @property
    def duration_s(self) -> float:
        return len(self.pcm) / SAMPLE_RATE_HZ


def cut_after_speech(pcm: NDArray[np.float32]) -> SpokenSound:
    """`pcm` [n] up to SPEECH_TAIL_NS after the last window that Silero's voice activity takes for speech.

    All of it where there is none.
    """
    silero = SileroStream(SileroModel.load())
    bounded = np.clip(pcm, -1.0, 1.0)
    voiced = [
        start
        for start in range(0, len(pcm) - WINDOW_SAMPLES + 1, WINDOW_SAMPLES)
        if silero.probability(bounded[start : start + WINDOW_SAMPLES]) >= 0.5
    ]
    first, end = (voiced[0], voiced[-1] + WINDOW_SAMPLES) if voiced else (0, len(pcm))
    tail = SPEECH_TAIL_NS * SAMPLE_RATE_HZ // NS_PER_S
    span = Interval(first * NS_PER_S // SAMPLE_RATE_HZ, end * NS_PER_S // SAMPLE_RATE_HZ)
    return SpokenSound(np.asarray(pcm[: end + tail], np.float32), span)


def transcribe(sound: SpokenSound, recognizer: Recognizer) -> Heard:
    """Every revision that a live session would have had, partial ones too, the sound coming in chunks of 100 ms."""
    stream = SpeechStream(recognizer)
    pcm = np.concatenate([sound.pcm, _SILENCE])
    heard: list[tuple[int, Transcript]] = []
    for first in range(0, len(pcm), CHUNK):
        chunk = AudioChunk(0, first * NS_PER_S // SAMPLE_RATE_HZ, SAMPLE_RATE_HZ, pcm[first : first + CHUNK])
        heard += [(chunk.interval.end_ns, transcript) for transcript in stream.push(chunk)]
    end_ns = len(pcm) * NS_PER_S // SAMPLE_RATE_HZ
    heard += [(end_ns, transcript) for transcript in stream.flush()]
    return tuple(heard)


def spread_words(text: str, speech: Interval, known_ns: int) -> Heard:
    """One final transcript of words written down by a person, their times spread over `speech` by their letters."""
    words = text.split()
    if not words:
        return ()
    letters = [0, *accumulate(len(word) + 1 for word in words)]
    edges = [speech.start_ns + speech.duration_ns * count // letters[-1] for count in letters]
    timed = tuple(Word(word, Interval(edges[i], edges[i + 1]), 1.0, timing="estimated") for i, word in enumerate(words))
    return ((known_ns, Transcript(0, 1, speech, timed, (), final=True)),)

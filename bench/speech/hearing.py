"""A recording in; every transcript the product's speech path shows of it, and when, out.

The audio comes in chunks of 32 ms, each when its last sample has been spoken, followed by a second of silence, as it
would in a room. `heard_s` is that moment of the recording: the delay of the rules alone. `shown_s` adds computing:
either in virtual time, where one worker takes chunk after chunk and each costs what it was measured to cost just now,
or played at real time against the clock. On a machine that does other work beside, `busy` takes what a chunk costs from
the processor time it used, not from the clock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from bench.speech.corpora import Pcm
from encoders.samples import NS_PER_S, AudioChunk, Transcript
from encoders.speech.recognizer import SAMPLE_RATE_HZ, Recognizer
from encoders.speech.stream import SpeechSettings, SpeechStream
from encoders.speech.voice_activity import WINDOW_SAMPLES, VoiceActivity

WINDOW_S = WINDOW_SAMPLES / SAMPLE_RATE_HZ
_SILENCE_AFTER_S = 1.0
_RELIEF_LAG_S = 1.0
"""Further behind than this, the product reads no unfinished utterance (agent/processes/stages.py)."""
BARE_AT_MOST_S = 30.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A transcript, the moment of the recording that made it, and when it could be read, both in seconds."""

    transcript: Transcript
    heard_s: float
    shown_s: float


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the stream made of one recording, and what it took."""

    shown: tuple[Shown, ...]
    audio_s: float
    compute_s: float
    cpu_s: float
    suppressed: dict[str, int]
    """Utterances dropped, by reason."""


def hear(
    recognizer: Recognizer, pcm: Pcm, settings: SpeechSettings, *, real_time: bool = False, busy: bool = False
) -> Hearing:
    """Feed the recording through a new stream, as fast as possible or at real time."""
    silence = np.zeros(round(_SILENCE_AFTER_S * SAMPLE_RATE_HZ) + WINDOW_SAMPLES, np.float32)
    sound = np.concatenate([pcm, silence])
    sound = sound[: len(sound) // WINDOW_SAMPLES * WINDOW_SAMPLES]
    stream = SpeechStream(recognizer, settings)
    ticking = time.process_time if busy else time.perf_counter
    shown: list[Shown] = []
    free_s = compute_s = 0.0
    cpu_began_s, began_s = time.process_time(), time.perf_counter()
    for seq, start in enumerate(range(0, len(sound), WINDOW_SAMPLES)):
        chunk = AudioChunk(
            seq, start * NS_PER_S // SAMPLE_RATE_HZ, SAMPLE_RATE_HZ, sound[start : start + WINDOW_SAMPLES]
        )
        spoken_s = (start + WINDOW_SAMPLES) / SAMPLE_RATE_HZ
        if real_time:
            time.sleep(max(0.0, began_s + spoken_s - time.perf_counter()))
            free_s = time.perf_counter() - began_s
        starts_s = max(spoken_s, free_s)
        before_s = ticking()
        transcripts = stream.push(chunk, partials=not real_time or starts_s - spoken_s <= _RELIEF_LAG_S)
        cost_s = ticking() - before_s
        compute_s += cost_s
        free_s = starts_s + cost_s
        shown += [Shown(transcript, spoken_s, free_s) for transcript in transcripts]
    audio_s = len(sound) / SAMPLE_RATE_HZ
    before_s = ticking()
    last = stream.flush()
    cost_s = ticking() - before_s
    compute_s += cost_s
    free_s = max(free_s, audio_s) + cost_s
    shown += [Shown(transcript, audio_s, free_s) for transcript in last]
    return Hearing(tuple(shown), audio_s, compute_s, time.process_time() - cpu_began_s, stream.counters)


def voiced_windows(pcm: Pcm) -> list[bool]:
    """Voice activity of each whole window of 32 ms, as the stream's own detector hears it."""
    voice = VoiceActivity()
    return [
        voice.push(pcm[start : start + WINDOW_SAMPLES])
        for start in range(0, len(pcm) - WINDOW_SAMPLES + 1, WINDOW_SAMPLES)
    ]


def bare_text(recognizer: Recognizer, pcm: Pcm, *, busy: bool = False) -> tuple[str, float]:
    """The engine's own text of the recording decoded whole, and what that took in seconds: the limit of the stream.

    More than 30 s is cut in the middle of the longest pause of the last half of each 30 s.
    """
    ticking = time.process_time if busy else time.perf_counter
    began_s = ticking()
    words = [word.text for piece in cut_at_pauses(pcm) for word in recognizer.transcribe(piece)]
    return " ".join(words), ticking() - began_s


def cut_at_pauses(pcm: Pcm, *, at_most_s: float = BARE_AT_MOST_S) -> list[Pcm]:
    """Pieces of at most so many seconds that begin and end in pauses, where there are any."""
    whole = int(at_most_s * SAMPLE_RATE_HZ)
    if len(pcm) <= whole:
        return [pcm]
    voiced = voiced_windows(pcm)
    most = whole // WINDOW_SAMPLES
    pieces, first = [], 0
    while (len(voiced) - first) > most:
        cut = _longest_pause(voiced, first + most // 2, first + most)
        pieces.append(pcm[first * WINDOW_SAMPLES : cut * WINDOW_SAMPLES])
        first = cut
    return [*pieces, pcm[first * WINDOW_SAMPLES :]]


def _longest_pause(voiced: list[bool], begin: int, end: int) -> int:
    """The middle of the longest run of unvoiced windows within [begin, end); its end where all is voice."""
    best, run, cut = 0, 0, end
    for window in range(begin, end):
        run = 0 if voiced[window] else run + 1
        if run > best:
            best, cut = run, window + 1 - run // 2
    return cut

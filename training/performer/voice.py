"""A line in, speech out with the time of every word and phone: what the flite synthesizer says and when it says it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.samples import NS_PER_S, Interval, Word
from training.performer.delivery import Delivery, Line

SAMPLE_RATE_HZ = 16_000
VOICES = ("awb", "slt", "rms")
_PAUSE = "pau"
# Kept of the silence around the first and last phone: a stop's closure and a vowel's decay reach beyond their marks.
_MARGIN_S = 0.06
_FADE_S = 0.01
_SPOKEN_RMS = 0.08


class VoiceMissingError(RuntimeError):
    """The synthesizer is not installed."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One sound by its CMU name (`pau` is silence), on the speech's own axis."""

    name: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class Speech:
    """`pcm` is float32 [n] at 16 kHz; times are on the axis whose 0 is its first sample."""

    pcm: NDArray[np.float32]
    words: tuple[Word, ...]
    phones: tuple[Phone, ...]


def speak(line: Line, voice: str = "awb") -> Speech:
    """Say the line. The synthesizer's phone marks say when; its lexicon, asked word by word, says whose they are.

    `rms` ignores pitch. Raises VoiceMissingError without flite, ValueError for an unknown voice and where the phones of
    the line are not its words' phones (a number read differently in context, say): truth is known or nothing is said.
    """
    if voice not in VOICES:
        raise ValueError(f"voice {voice!r} is none of {', '.join(VOICES)}")
    tokens = [token for token in line.text.split() if any(letter.isalnum() for letter in token)]
    counts = [sum(name != _PAUSE for name, _ in _say(token, voice).marks) for token in tokens]
    said = _say(line.text, voice, line.delivery)
    pcm, marks = _lengthen_commas(said.pcm, said.marks, line.delivery.comma_s)
    pcm, marks = _trim(pcm, marks)
    phones = _phones(marks)
    sounds = [phone for phone in phones if phone.name != _PAUSE]
    if sum(counts) != len(sounds):
        raise ValueError(f"cannot time the words of {line.text!r}: {len(sounds)} phones spoken, {sum(counts)} expected")
    return Speech(_level(pcm, line.delivery.gain_db), _words(tokens, counts, sounds), phones)


@dataclass(frozen=True, slots=True)
class _Said:
    pcm: NDArray[np.float32]
    marks: list[tuple[str, float]]
    """Each phone and its end in seconds."""


def _say(text: str, voice: str, delivery: Delivery | None = None) -> _Said:
    flite = shutil.which("flite")
    if flite is None:
        raise VoiceMissingError("the performer speaks with flite, which is not installed: apt-get install flite")
    settings: list[str] = []
    if delivery is not None:
        for name, value in (
            ("int_f0_target_mean", delivery.pitch_hz),
            ("int_f0_target_stddev", delivery.pitch_range_hz),
            ("duration_stretch", delivery.stretch),
        ):
            settings += ["--setf", f"{name}={value:g}"]
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder, "line.wav")
        command = [flite, "-voice", voice, *settings, "-psdur", "-t", text, "-o", str(sound)]
        marks = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        with wave.open(str(sound)) as recording:
            if recording.getframerate() != SAMPLE_RATE_HZ:
                raise ValueError(f"voice {voice!r} speaks at {recording.getframerate()} Hz, not {SAMPLE_RATE_HZ}")
            pcm = np.frombuffer(recording.readframes(recording.getnframes()), np.int16).astype(np.float32) / 32768
    return _Said(pcm, [(name, float(end)) for name, _, end in (mark.partition(":") for mark in marks)])


def _lengthen_commas(
    pcm: NDArray[np.float32], marks: list[tuple[str, float]], comma_s: float
) -> tuple[NDArray[np.float32], list[tuple[str, float]]]:
    """Put silence in the middle of every pause between words."""
    pieces, moved, cut, added = [], [], 0, 0.0
    for i, (name, end) in enumerate(marks):
        if name == _PAUSE and 0 < i < len(marks) - 1 and comma_s > 0:
            middle = round((marks[i - 1][1] + end) / 2 * SAMPLE_RATE_HZ)
            pieces += [pcm[cut:middle], np.zeros(round(comma_s * SAMPLE_RATE_HZ), np.float32)]
            cut, added = middle, added + comma_s
        moved.append((name, end + added))
    return np.concatenate([*pieces, pcm[cut:]]), moved


def _trim(
    pcm: NDArray[np.float32], marks: list[tuple[str, float]]
) -> tuple[NDArray[np.float32], list[tuple[str, float]]]:
    """Drop the silence before the first and after the last sound, but for a margin that fades."""
    spoken = [i for i, (name, _) in enumerate(marks) if name != _PAUSE]
    onset = marks[spoken[0] - 1][1] if spoken[0] else 0.0
    first = max(0, round((onset - _MARGIN_S) * SAMPLE_RATE_HZ))
    last = min(len(pcm), round((marks[spoken[-1]][1] + _MARGIN_S) * SAMPLE_RATE_HZ))
    kept = pcm[first:last].copy()
    fade = np.linspace(0, 1, round(_FADE_S * SAMPLE_RATE_HZ), dtype=np.float32)
    kept[: len(fade)] *= fade
    kept[-len(fade) :] *= fade[::-1]
    shift, end = first / SAMPLE_RATE_HZ, len(kept) / SAMPLE_RATE_HZ
    return kept, [(name, min(mark - shift, end)) for name, mark in marks[: spoken[-1] + 1]]


def _phones(marks: list[tuple[str, float]]) -> tuple[Phone, ...]:
    ends = [max(0, round(end * NS_PER_S)) for _, end in marks]
    return tuple(
        Phone(name, Interval(start, end)) for (name, _), start, end in zip(marks, [0, *ends], ends, strict=False)
    )


def _words(tokens: Sequence[str], counts: Sequence[int], sounds: Sequence[Phone]) -> tuple[Word, ...]:
    words, first = [], 0
    for token, count in zip(tokens, counts, strict=True):
        if count:
            spoken = sounds[first : first + count]
            interval = Interval(spoken[0].interval.start_ns, spoken[-1].interval.end_ns)
            words.append(Word(token, interval, 1.0, "measured"))
        first += count
    return tuple(words)


def _level(pcm: NDArray[np.float32], gain_db: float) -> NDArray[np.float32]:
    """To one loudness whatever the voice made of it, then the delivery's gain; never beyond full scale."""
    rms = float(np.sqrt(np.mean(np.square(pcm))))
    scaled = pcm * np.float32(_SPOKEN_RMS * 10 ** (gain_db / 20) / max(rms, 1e-6))
    peak = float(np.abs(scaled).max())
    return scaled if peak <= 0.99 else scaled * np.float32(0.99 / peak)

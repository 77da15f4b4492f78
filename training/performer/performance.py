"""A script in, a performance out: a pose for every frame, the voice's samples, and the truth about both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.samples import NS_PER_S, Interval, Word
from training.performer.acting import PerformedLine, act
from training.performer.delivery import Line, Script
from training.performer.pose import FacePose
from training.performer.voice import SAMPLE_RATE_HZ, Phone, Speech, speak

_TAIL_S = 1.0
_ROOM_RMS = 10 ** (-66 / 20)  # digital silence is not what a microphone in a room delivers


@dataclass(frozen=True, slots=True)
class Performance:
    """`poses` are one a frame, frame k at k / frame_rate_hz; `pcm` is float32 [n] at 16 kHz; both start at 0."""

    frame_rate_hz: int
    poses: tuple[FacePose, ...]
    pcm: NDArray[np.float32]
    lines: tuple[PerformedLine, ...]
    blinks_ns: tuple[int, ...]

    @property
    def duration_ns(self) -> int:
        return len(self.poses) * NS_PER_S // self.frame_rate_hz

    def truth(self) -> dict[str, Any]:
        """What a recognizer, an aligner or a face tracker should find, ready for JSON."""
        return {
            "duration_ns": self.duration_ns,
            "frame_rate_hz": self.frame_rate_hz,
            "frames": len(self.poses),
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "lines": [
                {
                    "text": line.text,
                    "delivery": line.delivery.name,
                    "start_ns": line.interval.start_ns,
                    "end_ns": line.interval.end_ns,
                    "words": [
                        {"text": w.text, "start_ns": w.interval.start_ns, "end_ns": w.interval.end_ns}
                        for w in line.words
                    ],
                }
                for line in self.lines
            ],
            "deliveries": {line.delivery.name: asdict(line.delivery) for line in self.lines},
            "blinks_ns": list(self.blinks_ns),
        }


def perform(
    script: Script, *, frame_rate_hz: int = 25, seed: int = 0, say: Callable[[Line], Speech] = speak
) -> Performance:
    """Act the script. The same script, rate, seed and voice give the same performance. Raises ValueError if empty."""
    if not script:
        raise ValueError("a script needs at least one line")
    rng = np.random.default_rng(seed)
    pcm, lines, phones = _voice_track(script, frame_rate_hz, say, rng)
    n_frames = len(pcm) * frame_rate_hz // SAMPLE_RATE_HZ
    poses, blinks_ns = act(lines, phones, pcm, np.arange(n_frames) / frame_rate_hz, rng)
    return Performance(frame_rate_hz, poses, pcm, lines, blinks_ns)


def _voice_track(
    script: Script, frame_rate_hz: int, say: Callable[[Line], Speech], rng: np.random.Generator
) -> tuple[NDArray[np.float32], tuple[PerformedLine, ...], list[Phone]]:
    pieces: list[NDArray[np.float32]] = []
    lines: list[PerformedLine] = []
    phones: list[Phone] = []
    n = 0
    for line in script:
        silence = np.zeros(round(line.pause_before_s * SAMPLE_RATE_HZ), np.float32)
        speech = say(line)
        offset_ns = (n + len(silence)) * NS_PER_S // SAMPLE_RATE_HZ
        words = tuple(Word(w.text, _later(w.interval, offset_ns), w.probability, w.timing) for w in speech.words)
        phones += [Phone(p.name, _later(p.interval, offset_ns)) for p in speech.phones]
        spoken = Interval(words[0].interval.start_ns, words[-1].interval.end_ns)
        lines.append(PerformedLine(line.text, line.delivery, spoken, words))
        pieces += [silence, speech.pcm]
        n += len(silence) + len(speech.pcm)
    # A whole number of frames, so that picture and sound end together.
    total_s = n / SAMPLE_RATE_HZ + _TAIL_S
    total = int(np.ceil(total_s * frame_rate_hz)) * SAMPLE_RATE_HZ // frame_rate_hz
    pcm = np.concatenate([*pieces, np.zeros(total - n, np.float32)])
    pcm += rng.normal(0, _ROOM_RMS, total).astype(np.float32)
    return np.clip(pcm, -1, 1), tuple(lines), phones


def _later(interval: Interval, by_ns: int) -> Interval:
    return Interval(interval.start_ns + by_ns, interval.end_ns + by_ns)

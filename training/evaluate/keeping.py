"""Parts of observations that take long to make in; the same from disk ever after, out.

Each part lies under the digest of the files it depends on: a new expression model does not make anybody listen again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from encoders.samples import Interval
from training.clips.hearing import Heard, SpokenSound
from training.clips.observation import Course, Recording
from training.clips.store import FACE_FILES, VOICE_FILES, WORDS_FILES, digest_files
from training.clips.tracks import Track

_COURSE = ("intervals_ns", "vectors", "confidence", "statistics")


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of parts by name (may hold slashes), made of what the encoders are and of `sources`, files relative to
    the project.
    """

    folder: Path
    sources: tuple[str, ...]

    def voice(self, name: str, hear: Callable[[], Course]) -> Course:
        """The voice's course called `name`, heard once."""
        return _keep_course(self._path(f"voice-{digest_files(*VOICE_FILES, *self.sources)}", name), hear)

    def face(self, name: str, watch: Callable[[], Course]) -> Course:
        """The face's course called `name`, watched once."""
        return _keep_course(self._path(f"face-{digest_files(*FACE_FILES, *self.sources)}", name), watch)

    def words(self, name: str, transcribe: Callable[[], Heard]) -> Heard:
        """The words called `name`, recognized once."""
        target = self._path(f"words-{digest_files(*WORDS_FILES, *self.sources)}", name).with_suffix(".json")
        if not target.exists():
            _write(target, msgspec.json.encode(transcribe()))
        return msgspec.json.decode(target.read_bytes(), type=Heard)

    def recording(self, name: str, record: Callable[[], Recording]) -> Recording:
        """A recording with a face, called `name`, made once; it depends on `sources` alone."""
        target = self._path(f"recording-{digest_files(*self.sources)}", name)
        if not target.exists():
            made = record()
            if made.track is None:
                raise ValueError(f"{name} has no face")
            speech = np.array([made.sound.speech.start_ns, made.sound.speech.end_ns])
            track = made.track
            _save(target, pcm=made.sound.pcm, speech=speech, pts_ns=track.pts_ns, landmarks=track.landmarks)
        with np.load(target, allow_pickle=False) as stored:
            landmarks = stored["landmarks"]
            track = Track(stored["pts_ns"], landmarks, np.zeros((len(landmarks), 0), np.float32), ())
            return Recording(SpokenSound(stored["pcm"], Interval(*stored["speech"].tolist())), track)

    def _path(self, kind: str, name: str) -> Path:
        return self.folder / kind / f"{name}.npz"


def _keep_course(target: Path, observe: Callable[[], Course]) -> Course:
    if not target.exists():
        course = observe()
        _save(target, **{field: getattr(course, field) for field in _COURSE})
    with np.load(target, allow_pickle=False) as stored:
        return Course(*(stored[field] for field in _COURSE))


def _save(target: Path, **arrays: np.typing.NDArray[np.generic]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial.npz")
    np.savez_compressed(partial, **arrays)
    partial.replace(target)


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(target)

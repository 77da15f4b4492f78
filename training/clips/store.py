"""Clips in; their observations, computed once and kept on disk, out.

Each part of an observation lies in a folder named after the encoder files it depends on, so that a change of one never
meets stale features, and a new expression model does not make the recognizer listen again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import msgspec
import numpy as np
from rich.progress import track as show_progress

from encoders.prosody import Acquaintance
from encoders.samples import Interval
from encoders.speech.moonshine import MoonshineRecognizer
from training.clips.corpora import Clip
from training.clips.hearing import Heard, SpokenSound, cut_after_speech, transcribe
from training.clips.media import decode_audio
from training.clips.observation import Course, LiveModels, Observation, Observer, Recording, acquaint
from training.clips.paths import CACHE, DATA, ROOT
from training.clips.tracks import Track, read_track

WARM_UP_S = 20.0
LANDMARKER = "models/face_landmarker_v2_with_blendshapes.task"

_HEARING = ("training/clips/hearing.py", "training/clips/media.py")
_COURSES = (*_HEARING, "training/clips/observation.py", "encoders/baseline.py")
ACQUAINTANCE_FILES = (
    *_COURSES,
    *(f"encoders/{name}.py" for name in ("acoustics", "pitch", "prosody", "syllables", "voice_statistics")),
)
VOICE_FILES = (*ACQUAINTANCE_FILES, "encoders/sound.py", "encoders/weights/sound.npz")
FACE_FILES = (
    *_COURSES,
    *(f"encoders/{name}.py" for name in ("expression", "face", "face_statistics")),
    "encoders/weights/face_expression.npz",
    "encoders/weights/face_channels.json",
)
WORDS_FILES = (*_HEARING, "encoders/speech/*.py")


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What is kept of a clip's words."""

    speech: Interval
    transcripts: Heard


class Observations:
    """The clips given, their recordings and observations. What is missing on disk is computed when first asked for.

    Recordings show the faces that `follow` finds in a clip, by default those of its track in the cache; observations
    kept on disk are of the latter.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        *,
        data: Path = DATA,
        cache: Path = CACHE,
        follow: Callable[[Clip], Track] | None = None,
    ) -> None:
        self._clips = {clip.key: clip for clip in clips}
        landmarker, tracks = data / LANDMARKER, cache / "tracks"
        self._follow = follow or (lambda clip: read_track(clip.path, landmarker, tracks / f"{clip.key}.npz"))
        kept = cache / "observations"
        self._sounds = kept / f"sound-{digest_files(*_HEARING)}"
        self._words = kept / f"words-{digest_files(*WORDS_FILES)}"
        self._acquaintances = kept / f"acquaintance-{digest_files(*ACQUAINTANCE_FILES)}"
        self._voices = kept / f"voice-{digest_files(*VOICE_FILES)}"
        self._faces = kept / f"face-{digest_files(*FACE_FILES)}"
        self._models: LiveModels | None = None

    @property
    def models(self) -> LiveModels:
        """What runs live, but for the recognizer, loaded when first needed."""
        self._models = self._models or LiveModels.load()
        return self._models

    def observe(self, key: str) -> Observation:
        """The clip's observation."""
        spoken = self._read_words(key)
        return Observation(
            key,
            self._read_course(key, self._voices / f"{key}.npz", self._hear),
            self._read_course(key, self._faces / f"{key}.npz", self._watch),
            spoken.transcripts,
            spoken.speech.start_ns,
            spoken.speech.end_ns,
        )

    def observe_all(self, jobs: int = 1) -> dict[str, Observation]:
        """All clips', with progress bars; `jobs` processes share the slow part, the recognizer."""
        missing = [key for key in self._clips if not (self._words / f"{key}.json").exists()]
        for key in show_progress(missing, "speech is cut", disable=not missing):
            self.record(key)
        work = [(str(self._sounds / f"{key}.npz"), str(self._words / f"{key}.json")) for key in missing]
        if jobs > 1 and work:
            with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
                for _ in show_progress(pool.map(_transcribe_file, work), "words", total=len(work)):
                    pass
        return {key: self.observe(key) for key in show_progress(list(self._clips), "observations")}

    def record(self, key: str) -> Recording:
        """The clip's sound up to the end of its speech, and its face track."""
        clip = self._clips[key]
        return Recording(self._read_sound(clip), self._follow(clip))

    def warm_up(self, key: str) -> list[Recording]:
        """What the encoders hear and see of the speaker before this clip: other clips, WARM_UP_S at most."""
        return [self.record(other) for other in self._choose_warm_up(key)]

    def _duration_s(self, key: str) -> float:
        return self._read_sound(self._clips[key]).duration_s

    def observer(self, key: str) -> Observer:
        """Encoders that know the speaker of this clip from other clips, for it or what was made of it."""
        others = self._choose_warm_up(key)
        return Observer(self.models, [self.record(other) for other in others], [self._acquaint(o) for o in others])

    def _hear(self, key: str) -> Course:
        return self.observer(key).hear(self.record(key))

    def _watch(self, key: str) -> Course:
        return Observer(self.models, self.warm_up(key)).watch(self.record(key))

    def _choose_warm_up(self, key: str) -> list[str]:
        return choose_warm_up(self._clips[key], self._clips, self._duration_s)

    def _acquaint(self, key: str) -> Acquaintance:
        """What this clip teaches of its speaker, kept too."""
        target = self._acquaintances / f"{key}.npz"
        if not target.exists():
            known = acquaint(self.models, self._read_sound(self._clips[key]))
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".partial.npz")
            np.savez(partial, pitch_st=np.array(known.pitch_st), level=known.level, voiced_s=known.voiced_s)
            partial.replace(target)
        with np.load(target, allow_pickle=False) as stored:
            return Acquaintance(tuple(stored["pitch_st"].tolist()), stored["level"], float(stored["voiced_s"]))

    def _read_course(self, key: str, target: Path, observed: Callable[[str], Course]) -> Course:
        if not target.exists():
            course = observed(key)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".partial.npz")
            np.savez_compressed(
                partial,
                intervals_ns=course.intervals_ns,
                vectors=course.vectors,
                confidence=course.confidence,
                statistics=course.statistics,
            )
            partial.replace(target)
        with np.load(target, allow_pickle=False) as stored:
            return Course(stored["intervals_ns"], stored["vectors"], stored["confidence"], stored["statistics"])

    def _read_words(self, key: str) -> _Spoken:
        target = self._words / f"{key}.json"
        if not target.exists():
            self._read_sound(self._clips[key])
            _transcribe_file((str(self._sounds / f"{key}.npz"), str(target)))
        return msgspec.json.decode(target.read_bytes(), type=_Spoken)

    def _read_sound(self, clip: Clip) -> SpokenSound:
        target = self._sounds / f"{clip.key}.npz"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            sound = cut_after_speech(decode_audio(clip.path).pcm)
            partial = target.with_suffix(".partial.npz")
            np.savez(partial, pcm=sound.pcm, speech=np.array([sound.speech.start_ns, sound.speech.end_ns]))
            partial.replace(target)
        return _load_sound(target)


def choose_warm_up(clip: Clip, clips: Mapping[str, Clip], duration_s: Callable[[str], float]) -> list[str]:
    """Other clips of the same person, WARM_UP_S of them at most, always in the same order; none of a stranger."""
    chosen: list[str] = []
    left_s = WARM_UP_S
    others = [key for key, other in clips.items() if other.person == clip.person and key != clip.key]
    for key in sorted(others, key=lambda key: hashlib.sha256(f"{clip.key} {key}".encode()).digest()):
        if (length_s := duration_s(key)) <= left_s:
            chosen.append(key)
            left_s -= length_s
    return chosen


def digest_files(*patterns: str) -> str:
    """Names a cache after the files its content came from (patterns relative to the project)."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in ROOT.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _load_sound(path: Path) -> SpokenSound:
    with np.load(path, allow_pickle=False) as stored:
        start_ns, end_ns = stored["speech"].tolist()
        return SpokenSound(stored["pcm"], Interval(start_ns, end_ns))


def _transcribe_file(work: tuple[str, str]) -> None:
    sound, target = _load_sound(Path(work[0])), Path(work[1])
    spoken = _Spoken(sound.speech, transcribe(sound, _load_recognizer()))
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_bytes(msgspec.json.encode(spoken))
    partial.replace(target)


@cache
def _load_recognizer() -> MoonshineRecognizer:
    return MoonshineRecognizer()

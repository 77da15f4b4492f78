"""A line and a delivery in; what the live encoders make of the drawn performer saying it, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from encoders.mesh import LANDMARKS, FaceMeshLandmarks
from encoders.samples import NS_PER_S
from encoders.speech.moonshine import MoonshineRecognizer
from training.clips.hearing import transcribe
from training.clips.observation import LiveModels, Observation, Observer, Recording
from training.clips.tracks import Track
from training.evaluate.keeping import Shelf
from training.performer.delivery import DEADPAN, NEUTRAL, WARM, Delivery, Line
from training.performer.face import draw
from training.performer.performance import perform
from training.performer.voice import speak

FRAME_RATE_HZ = 12
PICTURE_PX = (320, 240)
VOICES = {"awb": 1.0, "slt": 1.45}
"""The performer's voices, and how much higher than the deliveries' each one speaks."""
SMALL_TALK = (
    "The meeting starts at nine, and the coffee is in the kitchen.",
    "They moved the printer to the second floor last week.",
    "It takes about twenty minutes to walk to the station.",
    "My sister works in the office next to the bakery.",
    "We have rice, some bread, and two bottles of water.",
    "The train leaves from the other side on Sundays.",
)
"""Said neutrally before any line, so that the encoders know this person's usual way."""

_VOICE = ("pitch_hz", "pitch_range_hz", "stretch", "comma_s", "gain_db")


@dataclass(frozen=True, slots=True)
class Take:
    """One line said in one way by one voice; `name` tells it from all others."""

    name: str
    text: str
    delivery: Delivery
    voice: str


class Stage:
    """The performer, watched and heard by the live encoders."""

    def __init__(self, models: LiveModels, cache: Path) -> None:
        self._models = models
        self._shelf = Shelf(cache / "stage", ("training/performer/*.py", "training/evaluate/stage.py"))
        self._observers: dict[str, Observer] = {}

    def observe(self, take: Take) -> Observation:
        """The take's observation, after small talk by the same voice."""
        name = f"{take.voice}/{take.name}"
        said = self._shelf.recording(
            name, lambda: _record([Line(take.text, _pitched(take.delivery, take.voice))], take.voice)
        )
        return Observation(
            take.name,
            self._shelf.voice(name, lambda: self._observer(take.voice).hear(said)),
            self._shelf.face(name, lambda: self._observer(take.voice).watch(said)),
            self._shelf.words(name, lambda: transcribe(said.sound, MoonshineRecognizer())),
            said.sound.speech.start_ns,
            said.sound.speech.end_ns,
        )

    def _observer(self, voice: str) -> Observer:
        if voice not in self._observers:
            lines = [Line(text, _pitched(NEUTRAL, voice)) for text in SMALL_TALK]
            talk = self._shelf.recording(f"{voice}/small talk", lambda: _record(lines, voice))
            self._observers[voice] = Observer(self._models, [talk])
        return self._observers[voice]


def combine(voice: Delivery, face: Delivery) -> Delivery:
    """The voice of one delivery with the face of another."""
    return replace(face, name=f"{voice.name} voice, {face.name} face", **{f: getattr(voice, f) for f in _VOICE})


BLANK = replace(NEUTRAL, name="blank", blink_rate_hz=0.15, head_sway=0.1, emphasis=0.0)
"""A face that shows nothing."""
FLAT = replace(DEADPAN, name="flat")
SMILING = replace(WARM, name="smiling")


def _pitched(delivery: Delivery, voice: str) -> Delivery:
    return replace(delivery, pitch_hz=delivery.pitch_hz * VOICES[voice])


def _record(lines: Sequence[Line], voice: str) -> Recording:
    """Filmed without a film: the drawn pictures go straight to the landmark mesh."""
    performance = perform(tuple(lines), frame_rate_hz=FRAME_RATE_HZ, say=lambda line: speak(line, voice))
    mesh = FaceMeshLandmarks()
    found = [mesh.locate(draw(pose, PICTURE_PX)) for pose in performance.poses]
    mesh.close()
    missing = np.full((LANDMARKS, 3), np.nan, np.float32)
    landmarks = np.stack([missing if each is None else each for each in found])
    pts_ns = np.arange(len(found), dtype=np.int64) * NS_PER_S // FRAME_RATE_HZ
    track = Track(pts_ns, landmarks, np.zeros((len(found), 0), np.float32), ())
    return Recording.cut(performance.pcm, track)

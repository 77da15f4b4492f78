"""A clip and a way to say it differently in; what the encoders make of it then, kept on disk, out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from encoders.samples import Interval, Transcript, Word
from encoders.speech.moonshine import MoonshineRecognizer
from encoders.speech.recognizer import Recognizer
from training.clips.hearing import Heard, cut_after_speech, transcribe
from training.clips.observation import Observation, Observer, Recording
from training.clips.store import Observations
from training.evaluate.cases import Case
from training.evaluate.keeping import Shelf
from training.evaluate.manipulation import Pcm, Retold

_SOURCES = ("training/evaluate/manipulation.py", "training/evaluate/retelling.py")


@dataclass(frozen=True, slots=True)
class Manipulation:
    """A way to say something differently.

    `heard_anew`: the recognizer listens again; else the words are those heard before, where they have gone in time.
    `throughout`: what the same person said before changes, too, as in another room or at another gain.
    """

    name: str
    change: Callable[[Pcm], Retold]
    heard_anew: bool = False
    throughout: bool = False


class Retellings:
    """Clips said differently. Asked clip by clip, one clip's manipulations share its speaker's warm-up."""

    def __init__(self, store: Observations, cache: Path) -> None:
        self._store, self._shelf = store, Shelf(cache / "retold", _SOURCES)
        self._recognizer: Recognizer | None = None
        self._warm: tuple[str, Observer] | None = None

    def observe(self, case: Case, manipulation: Manipulation) -> Observation:
        """The observation of `case` said differently."""
        before = case.observation
        retold = manipulation.change(self._store.record(case.clip.key).sound.pcm)
        start_ns, end_ns = retold.move(np.array([before.speech_start_ns, before.speech_end_ns])).tolist()
        name, recording = f"{manipulation.name}/{case.clip.key}", self._record(case.clip.key, retold)

        def observer() -> Observer:
            return self._observer(case.clip.key, manipulation)

        return Observation(
            case.clip.key,
            self._shelf.voice(name, lambda: observer().hear(recording)),
            self._shelf.face(name, lambda: observer().watch(recording)) if retold.moved else before.face,
            self._shelf.words(name, lambda: self._transcribe(recording))
            if manipulation.heard_anew
            else move_words(before, retold),
            start_ns,
            end_ns,
        )

    def _record(self, key: str, retold: Retold) -> Recording:
        """What was said differently up to its end, and the face that goes with it."""
        track = self._store.record(key).track
        if track is not None and retold.moved:
            track = replace(track, pts_ns=retold.move(track.pts_ns))
        return Recording(cut_after_speech(retold.pcm), track)

    def _observer(self, key: str, manipulation: Manipulation) -> Observer:
        if manipulation.throughout:
            return Observer(self._store.models, [_change(each, manipulation) for each in self._store.warm_up(key)])
        if self._warm is None or self._warm[0] != key:
            self._warm = key, self._store.observer(key)
        return self._warm[1]

    def _transcribe(self, recording: Recording) -> Heard:
        self._recognizer = self._recognizer or MoonshineRecognizer()
        return transcribe(recording.sound, self._recognizer)


def _change(recording: Recording, manipulation: Manipulation) -> Recording:
    return replace(recording, sound=replace(recording.sound, pcm=manipulation.change(recording.sound.pcm).pcm))


def move_words(observation: Observation, retold: Retold) -> Heard:
    """The same words where they have gone."""

    def move(interval: Interval) -> Interval:
        return Interval(*retold.move(np.array([interval.start_ns, interval.end_ns])).tolist())

    def move_all(words: tuple[Word, ...]) -> tuple[Word, ...]:
        return tuple(replace(word, interval=move(word.interval)) for word in words)

    def retime(told: Transcript) -> Transcript:
        committed, tentative = move_all(told.committed), move_all(told.tentative)
        return replace(told, interval=move(told.interval), committed=committed, tentative=tentative)

    heard = observation.transcripts
    return tuple((int(retold.move(np.array([known_ns]))[0]), retime(told)) for known_ns, told in heard)

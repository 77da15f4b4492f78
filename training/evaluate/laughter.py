"""Clips in; whether what sounds after the words has a say, and what it would be worth, out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from encoders.samples import NS_PER_S
from encoders.speech.recognizer import SAMPLE_RATE_HZ
from training.clips.hearing import SpokenSound
from training.clips.media import decode_audio
from training.clips.observation import Observation, Observer, Recording
from training.evaluate.cases import Case, Cases
from training.evaluate.judges import end_of, read_sarcasm
from training.evaluate.keeping import Shelf
from training.evaluate.manipulation import Pcm, Retold
from training.evaluate.retelling import Manipulation, Retellings
from training.measures import Figure, auc, bootstrap, paired

_FADE = SAMPLE_RATE_HZ // 100


@dataclass(frozen=True, slots=True)
class Laughter:
    """P(sarcasm) [clips]: as judged; with silence after the last word; with all that follows left in, at its end."""

    judged: NDArray[np.float64]
    silenced: NDArray[np.float64]
    left_in: NDArray[np.float64]

    def measure(self, truth: NDArray[np.bool_]) -> dict[str, Figure]:
        """AUC of each, what the others differ by on the same clips, and how far silence moves P(sarcasm)."""
        moved = np.abs(self.silenced - self.judged)
        figures = {"as judged: AUC": _rank(truth, self.judged)}
        for name, p in (("silence after the last word", self.silenced), ("laughter left in", self.left_in)):
            figures[f"{name}: AUC"] = _rank(truth, p)
            figures[f"{name}: AUC, change"] = paired(lambda i, score: auc(truth[i], score[i]), p, self.judged)
        figures["silence after the last word: mean move of P"] = bootstrap(lambda i: float(moved[i].mean()), len(moved))
        return figures


def _rank(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> Figure:
    return bootstrap(lambda i: auc(truth[i], score[i]), len(truth))


def listen_on(cases: Cases, cache: Path) -> Laughter:
    """Judge every clip three times."""
    retellings, shelf = Retellings(cases.store, cache), Shelf(cache / "whole", ("training/evaluate/laughter.py",))
    judged, silenced, left_in = [], [], []
    for case in track(cases.each, "laughter"):
        judged.append(read_sarcasm(case.judge.score(case.embeddings, end_of(case.observation))))
        silenced.append(case.judge.listen(retellings.observe(case, _silence(case.observation))))
        left_in.append(case.judge.listen(_hear_out(case, cases, shelf)))
    return Laughter(np.array(judged), np.array(silenced), np.array(left_in))


def fall_silent(pcm: Pcm, end_s: float) -> Retold:
    """Nothing from `end_s` on, after a short fade; the length stays."""
    end = round(end_s * SAMPLE_RATE_HZ)
    gain = np.clip((end + _FADE - np.arange(len(pcm))) / _FADE, 0.0, 1.0)
    return Retold.in_place((pcm * gain).astype(np.float32))


def _silence(observation: Observation) -> Manipulation:
    """Silence from the end of the last word as the recognizer timed it; from the end of speech where it heard none."""
    ends_ns = [word.interval.end_ns for _, told in observation.transcripts if told.final for word in told.words]
    end_ns = min(observation.speech_end_ns, max(ends_ns, default=observation.speech_end_ns))
    return Manipulation("silenced", partial(fall_silent, end_s=end_ns / NS_PER_S))


def _hear_out(case: Case, cases: Cases, shelf: Shelf) -> Observation:
    """The whole clip, laughter and all, with the words as they were."""

    def whole() -> Recording:
        before = cases.store.record(case.clip.key)
        return Recording(SpokenSound(decode_audio(case.clip.path).pcm, before.sound.speech), before.track)

    def observer() -> Observer:
        return cases.store.observer(case.clip.key)

    voice = shelf.voice(case.clip.key, lambda: observer().hear(whole()))
    face = shelf.face(case.clip.key, lambda: observer().watch(whole()))
    return replace(case.observation, voice=voice, face=face)

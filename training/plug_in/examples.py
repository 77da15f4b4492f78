"""Recordings in; of each finished utterance what f() says, and what a plug-in's modality told with it, out."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.capture.media import probe
from agent.config import Config
from agent.plug_ins.roster import Plugged
from agent.processes.fusing import fuser_settings
from agent.processes.lane import Order, encode
from agent.processes.models import Models
from agent.processes.wire import Bound, Timed
from agent.topology import workers_for
from encoders.samples import Embedding, Modality, Transcript
from fusion.estimate import Scores, Window
from fusion.evidence import Heard
from fusion.fuser import Fuser
from fusion.model import Fusion
from fusion.term import describe
from training.clips.corpora import Clip

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Examples:
    """Utterances in which the modality was there. `offset` [n] is f()'s log odds of sarcasm, `features` [n, k] what
    fusion.term describes, nan where it is not told, `presence` [n] in (0, 1]; `sarcasm` [n] is the label of the
    recording it is of, `recording` [n] its name and `speaker` [n] who speaks.
    """

    offset: Floats
    features: Floats
    presence: Floats
    sarcasm: NDArray[np.bool_]
    recording: NDArray[np.str_]
    speaker: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.offset)


class _Watching:
    """A fusion model that keeps what it last said, and what it last heard of one modality."""

    def __init__(self, fusion: Fusion, modality: Modality) -> None:
        self.name = fusion.name
        self._fusion, self._modality = fusion, modality
        self.sarcasm: float | None = None
        self.heard: Heard | None = None

    def fuse(self, window: Window, /) -> Scores:
        scores = self._fusion.fuse(window)
        self.sarcasm, self.heard = scores.sarcasm, self._fusion.hear(window).get(self._modality)
        return scores


def observe(
    clips: Sequence[Clip], plug: Callable[[Path], Plugged | None], fusion: Fusion, heard: Callable[[Clip], None]
) -> Examples:
    """What the live encoders make of labelled clips, and the plug-in's of what lies beside each; `heard` is told each.

    Clips without a label, or without a file of the plug-in's, are left out. Raises ValueError where none is left.
    """
    rows: list[tuple[float, Floats, float, bool, str, str]] = []
    models = Models()
    for clip in clips:
        plugged = plug(clip.path)
        if clip.sarcasm is None or plugged is None:
            continue
        for offset, told in _utterances(clip.path, plugged, fusion, models):
            rows.append((offset, describe(told), told.presence, clip.sarcasm, clip.key, clip.person))  # as its fields
        heard(clip)
    if not rows:
        raise ValueError("no labelled recording with words in it has a file of the plug-in's beside it")
    columns = zip(*rows, strict=True)
    return Examples(*(np.array(column) for column in columns))


def _utterances(path: Path, plugged: Plugged, fusion: Fusion, models: Models) -> Iterator[tuple[float, Heard]]:
    """f()'s log odds for each utterance of a recording in which the modality was heard, and what of it."""
    config, recording = Config(), probe(str(path))
    workers = workers_for(camera=recording.has_video, microphone=recording.has_audio)
    lanes = [encode(Order(each.name, str(path), config), models) for each in workers if each.modality is not None]
    lanes.append(encode(Order(plugged.name, plugged.location, config, plugged), models))
    modalities = [each.modality for each in workers if each.modality is not None]
    watching = _Watching(fusion, plugged.modality)
    fuser = Fuser(watching, [*modalities, plugged.modality], fuser_settings(config.fusion, [plugged]))
    for timed in heapq.merge(*lanes, key=_moment):
        match timed.value:
            case Embedding():
                fuser.push(timed.value, timed.at_ns)
            case Bound(modality, bound_ns):
                fuser.bound(modality, bound_ns, timed.at_ns)
            case Transcript(final=True, words=words, interval=interval) if words:
                fuser.over(interval)
                if watching.heard is not None and watching.sarcasm is not None:
                    yield math.log(watching.sarcasm / (1 - watching.sarcasm)), watching.heard
        fuser.advance(timed.at_ns)


def _moment(timed: Timed) -> int:
    return timed.at_ns

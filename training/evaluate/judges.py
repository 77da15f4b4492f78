"""A part of the recordings in; the models that have seen nothing of it, and what they say of an observation, out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from encoders.face import FACE_DIMS
from encoders.face_statistics import FACE_STATISTICS
from encoders.head import Head
from encoders.prosody import VOICE_DIMS
from encoders.samples import Embedding, Modality
from encoders.text_model import TextModel
from encoders.voice_statistics import VOICE_STATISTICS
from fusion.estimate import Scores
from fusion.model import Fusion
from fusion.shipped import load
from training.clips.embeddings import embed
from training.clips.observation import Observation
from training.delivery.held_out import HeldOutHeads
from training.fusion.held_out import clip_window, fusion_without
from training.parts import Part
from training.text.folds import model_folder

Embeddings = Mapping[Modality, list[Embedding]]
EVERYTHING = frozenset(Modality)
SUBSETS: tuple[frozenset[Modality], ...] = (
    frozenset({Modality.TEXT}),
    frozenset({Modality.VOICE}),
    frozenset({Modality.FACE}),
    frozenset({Modality.TEXT, Modality.VOICE}),
    frozenset({Modality.TEXT, Modality.FACE}),
    frozenset({Modality.VOICE, Modality.FACE}),
    EVERYTHING,
)
UNKNOWN = 0.5
"""Taken for P(sarcasm) where a model says it does not know."""


@dataclass(frozen=True, slots=True)
class Judge:
    """All that reads one part's observations, trained on the other parts alone."""

    text: TextModel
    voice: Head
    face: Head
    fusion: Fusion

    def embed(self, observation: Observation) -> Embeddings:
        """What the live encoders would have sent."""
        return embed(observation, self.text, self.voice, self.face)

    def score(self, embeddings: Embeddings, end_ns: int, among: Collection[Modality] = EVERYTHING) -> Scores:
        """What fusion says at `end_ns`, with no modality but those of `among`."""
        window = clip_window({m: each for m, each in embeddings.items() if m in among}, end_ns)
        return self.fusion.fuse(window)

    def listen(self, observation: Observation) -> float:
        """P(sarcasm) at the end of the clip by all modalities."""
        return read_sarcasm(self.score(self.embed(observation), end_of(observation)))


def appoint(part: Part, heads: HeldOutHeads) -> Judge:
    """The models that never saw `part`."""
    held_out = heads.of(part).test
    return Judge(TextModel.load(model_folder(part, "")), held_out.voice, held_out.face, fusion_without(part))


def appoint_shipped() -> Judge:
    """The models that ship, for whatever is of none of the recordings they were trained on."""
    return Judge(
        TextModel.load(),
        Head.load(Modality.VOICE, VOICE_STATISTICS, VOICE_DIMS),
        Head.load(Modality.FACE, FACE_STATISTICS, FACE_DIMS),
        load(),
    )


def end_of(observation: Observation) -> int:
    """When a clip is judged: when its voice ends, a quarter of a second after its last speech."""
    course = observation.voice
    return int(course.intervals_ns[-1, 1]) if len(course.intervals_ns) else observation.speech_end_ns


def read_sarcasm(scores: Scores) -> float:
    """P(sarcasm). Fusion says nothing of a face without a voice or words; then it is what the face's own head says."""
    if scores.sarcasm is not None:
        return scores.sarcasm
    face = scores.readings.get(Modality.FACE)
    return UNKNOWN if face is None or face.sarcasm is None else face.sarcasm


def name_subset(among: Collection[Modality]) -> str:
    """For instance `text + voice`."""
    return " + ".join(m.value for m in (Modality.TEXT, Modality.VOICE, Modality.FACE) if m in among)

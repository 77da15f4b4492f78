"""Evidence and the heads' readings in, named reasons out, each with how far it moved the fused probability.

A cue is proposed together with the evidence as it would be without it; f() is asked about both, and the difference is
the cue's effect. A head's own cue is undone by what the head would have said without it. Cues between modalities are
undone by putting the delivery where the words, or this person's usual way of speaking, would lead one to expect it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from encoders.samples import Cue, Modality, Reading
from fusion.estimate import sentiment_of
from fusion.evidence import ORDER, WORD_MARKS, Evidence, Floats, log_odds

CUES = 5
LEAST_EFFECT = 0.005

PRAISE = 0.25  # literal sentiment from which words count as praise
_COLD = 0.3  # how far the delivery's sentiment stays behind the words'
_BLANK = -0.15  # activation below which a face shows less than this person's usual
_LONG_PAUSE_S = 0.35  # before the telling word; within a phrase words follow each other more closely
_USUAL_PAUSE_S = 0.05
_ODDS, _SENTIMENT, _ACTIVATION = range(3)


@dataclass(frozen=True, slots=True)
class ProposedCue:
    """A reason that may have counted: `value` as in Cue, and the evidence without it."""

    name: str
    modality: Modality
    value: float
    undone: Evidence

    def told(self, effect: float) -> Cue:
        """The cue, now that its effect is known."""
        return Cue(self.name, self.modality, self.value, effect)


def propose(evidence: Evidence, readings: Mapping[Modality, Reading]) -> list[ProposedCue]:
    """All that may have counted, in an order of its own that does not depend on how anything arrived."""
    proposed = [
        ProposedCue(cue.name, modality, cue.value, _unsaid(evidence, modality, reading.sarcasm, cue))
        for modality, reading in readings.items()
        if reading.sarcasm is not None
        for cue in reading.cues
    ]
    literal = sentiment_of(readings, Modality.TEXT) or 0.0
    if literal >= PRAISE:
        for modality, name in ((Modality.VOICE, "cold_voice_on_praise"), (Modality.FACE, "cold_face_on_praise")):
            delivered = sentiment_of(readings, modality)
            if delivered is not None and literal - delivered >= _COLD:
                warm = _read_as(evidence, modality, _SENTIMENT, literal)
                proposed.append(ProposedCue(name, modality, delivered - literal, warm))
        face = readings.get(Modality.FACE)
        if face is not None and face.activation is not None and face.activation <= _BLANK:
            lively = _read_as(evidence, Modality.FACE, _ACTIVATION, 0.0)
            proposed.append(ProposedCue("blank_face_on_praise", Modality.FACE, face.activation, lively))
    if Modality.TEXT in readings:
        proposed += _pause(evidence)
    return proposed


def strongest(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """At most CUES of them, of effect LEAST_EFFECT and more, strongest first."""
    told = (cue for cue in cues if abs(cue.effect) >= LEAST_EFFECT)
    return tuple(sorted(told, key=lambda cue: (-abs(cue.effect), cue.modality, cue.name))[:CUES])


def _unsaid(evidence: Evidence, modality: Modality, probability: float, cue: Cue) -> Evidence:
    """What f() would be told if the head had not met `cue`."""
    return _read_as(evidence, modality, _ODDS, log_odds(probability - cue.effect))


def _read_as(evidence: Evidence, modality: Modality, column: int, value: float) -> Evidence:
    readings = evidence.readings.copy()
    readings[ORDER.index(modality), column] = value
    return evidence.retold(readings)


def _pause(evidence: Evidence) -> list[ProposedCue]:
    """A pause before the word that says most of sarcasm."""
    count = int(evidence.word_mask.sum())
    if count < 2:
        return []
    pauses = evidence.word_marks[:count, WORD_MARKS.index("pause_s")]
    telling = int(np.argmax(evidence.word_marks[:count, WORD_MARKS.index("log_odds")]))
    if pauses[telling] < _LONG_PAUSE_S:
        return []
    marks: Floats = evidence.word_marks.copy()
    marks[telling, WORD_MARKS.index("pause_s")] = _USUAL_PAUSE_S
    undone = replace(evidence, word_marks=marks)
    return [ProposedCue("pause_before_telling_word", Modality.VOICE, float(pauses[telling]), undone)]

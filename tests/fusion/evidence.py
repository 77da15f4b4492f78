"""Numbers in, embeddings as the encoders would send them out: what the tests of fusion feed it."""

from __future__ import annotations

import numpy as np

from encoders.samples import Cue, Embedding, Interval, Modality, Reading
from fusion.shipped import load

MS = 1_000_000
HEART = Modality("heart")
"""A modality that nothing here was made for."""
HEART_DIM = 2

_READ = load().function.dims
_WIDTHS = {Modality.TEXT: _READ.text, Modality.VOICE: _READ.voice, Modality.FACE: _READ.face}


def evidence(
    modality: Modality,
    start_ms: int,
    end_ms: int,
    *,
    sarcasm: float = 0.5,
    sentiment: float = 0.0,
    confidence: float = 1.0,
    activation: float | None = None,
    cues: tuple[Cue, ...] = (),
    read: bool = True,
    seq: int = 0,
) -> Embedding:
    """An embedding of one number, as often as the shipped f() reads; without a reading where `read` is off."""
    reading = Reading(sarcasm, sentiment, cues, activation) if read else None
    vector = np.full(max(1, _WIDTHS.get(modality, HEART_DIM)), sarcasm, np.float32)
    return Embedding(seq, modality, Interval(start_ms * MS, end_ms * MS), vector, confidence, reading)

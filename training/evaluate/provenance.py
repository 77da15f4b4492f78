"""Clips in; what kind of file each is, and how much of the label that alone gives away, out.

Corpora are put together from sources: where one yields sarcastic clips and another sincere ones, the codec knows.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.evaluate.cases import Cases

FOLDS = 5


@dataclass(frozen=True, slots=True)
class FileKind:
    """What the container says; 0 for what it has not."""

    width_px: int
    height_px: int
    frame_rate_hz: int
    sample_rate_hz: int
    channels: int

    @classmethod
    def read(cls, path: Path) -> FileKind:
        with av.open(str(path)) as container:
            width = height = rate = sample_rate = channels = 0
            if container.streams.video:
                picture = container.streams.video[0]
                width, height, rate = picture.width, picture.height, round(float(picture.average_rate or 0))
            if container.streams.audio:
                sound = container.streams.audio[0]
                sample_rate, channels = sound.rate, sound.channels
        return cls(width, height, rate, sample_rate, channels)


def kinds_of(cases: Cases) -> list[FileKind]:
    return [FileKind.read(case.clip.path) for case in cases.each]


def group(cases: Cases, kinds: list[FileKind]) -> NDArray[np.str_]:
    """Equal for clips that are held out together and whose pictures are alike."""
    return np.array(
        [f"{c.part} {k.width_px}x{k.height_px} {k.frame_rate_hz}" for c, k in zip(cases.each, kinds, strict=True)]
    )


def guess_by_file(cases: Cases, kinds: list[FileKind]) -> NDArray[np.float64]:
    """P(sarcasm) [clips] by logistic regression on the kind of file alone, cross-validated within each part."""
    features = np.array([astuple(kind) for kind in kinds], float)
    found = np.full(len(kinds), float(cases.truth.mean()))
    for part in np.unique(cases.parts):
        own = np.flatnonzero(cases.parts == part)
        truth = cases.truth[own]
        if min(truth.sum(), (~truth).sum()) < FOLDS:
            continue
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
        found[own] = cross_val_predict(model, features[own], truth, cv=folds, method="predict_proba")[:, 1]
    return found

"""The sentiment corpora and the clips in; literal sentiment from words, felt sentiment from voice and face, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from encoders.samples import Modality
from fusion.estimate import Scores
from training.evaluate.cases import Case, Cases, read_cases
from training.evaluate.judges import end_of
from training.evaluate.material import Material
from training.evaluate.page import Findings, fill, fraction, percent, table
from training.measures import Figure, bootstrap, concordance, pearson
from training.text import baselines
from training.text.corpora import Line
from training.text.measure import score_polarity
from training.text.protocols import Protocols

Floats = NDArray[np.float64]
Rated = tuple[Floats, Floats]
"""Valence as rated, and as read."""


def run(material: Material) -> Findings:
    protocols = Protocols(material.data / "text")
    sst2, said = protocols.sst2()
    accuracies = _polarities(sst2, {"this model": said})
    meld, zero_shot = protocols.meld()
    _, fitted = protocols.meld_fitted()
    names = ("this model, which saw nothing of MELD", "the same network fitted to MELD's training lines (not shipped)")
    weighted = _polarities(meld, dict(zip(names, (zero_shot, fitted), strict=True)))
    lines, read = protocols.valence()
    rated = np.array([line.valence is not None for line in lines])
    on_lines = (
        np.array([line.valence for line in lines if line.valence is not None]),
        np.asarray(read[rated], np.float64),
    )
    cases = read_cases(material)
    correlations = {"words, all lines": _correlate(on_lines), **_correlate_clips(cases)}
    figures = {
        "SST-2 accuracy": accuracies["this model"],
        "MELD weighted F1": weighted[names[1]],
        "MELD weighted F1, zero-shot": weighted[names[0]],
    }
    figures |= {f"valence, {name}: {kind}": f for name, own in correlations.items() for kind, f in own.items()}
    section = fill(
        "sentiment",
        sst2=len(sst2),
        sst2_rows=table(("", "accuracy"), [(name, percent(figure)) for name, figure in accuracies.items()]),
        meld=len(meld),
        meld_rows=table(("", "weighted F1"), [(name, percent(figure)) for name, figure in weighted.items()]),
        valence_rows=table(
            ("", "CCC", "Pearson's r"),
            [(name, fraction(own["CCC"]), fraction(own["Pearson"])) for name, own in correlations.items()],
        ),
    )
    return Findings(section, figures)


def _polarities(lines: list[Line], guesses: Mapping[str, NDArray[np.int64]]) -> dict[str, Figure]:
    every = {"majority class": baselines.most_common(lines), "VADER": baselines.ask_vader(lines), **guesses}
    return {name: score_polarity(lines, guess) for name, guess in every.items()}


def _correlate_clips(cases: Cases) -> dict[str, dict[str, Figure]]:
    """Valence of the clips against what each reads, of all clips and of the sincere ones."""
    rated = [case for case in cases.each if case.clip.valence is not None]
    scores = [_score(case) for case in track(rated, "valence of clips")]
    sincere = [row for row, case in enumerate(rated) if not case.sarcastic]
    found = {}
    for kind, rows in (("clips", range(len(rated))), ("sincere clips", sincere)):
        for name, read in _readings([scores[row] for row in rows]).items():
            valence = np.array([rated[row].clip.valence for row in rows], float)
            known = np.isfinite(read)
            found[f"{name}, {kind}"] = _correlate((valence[known], read[known]))
    return found


def _readings(scores: Sequence[Scores]) -> dict[str, Floats]:
    """Each sentiment of some clips; nan where there is none."""

    def read(modality: Modality) -> Floats:
        return np.array([s.readings[modality].sentiment if modality in s.readings else np.nan for s in scores])

    return {
        "words as recognized": read(Modality.TEXT),
        "voice": read(Modality.VOICE),
        "face": read(Modality.FACE),
        "delivered (voice and face)": np.array([np.nan if s.delivered is None else s.delivered for s in scores]),
        "intended": np.array([np.nan if s.intended is None else s.intended for s in scores]),
    }


def _score(case: Case) -> Scores:
    return case.judge.score(case.embeddings, end_of(case.observation))


def _correlate(rated: Rated) -> dict[str, Figure]:
    valence, read = rated
    return {
        "CCC": bootstrap(lambda i: concordance(valence[i], read[i]), len(valence)),
        "Pearson": bootstrap(lambda i: pearson(valence[i], read[i]), len(valence)),
    }

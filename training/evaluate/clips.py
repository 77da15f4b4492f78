"""Clips in; how well each subset of words, voice and face tells sarcasm on shows never trained on, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from training.clips.observation import with_words
from training.evaluate.cases import Case, Cases, describe, read_cases
from training.evaluate.judges import EVERYTHING, SUBSETS, end_of, name_subset, read_sarcasm
from training.evaluate.material import Material
from training.evaluate.page import Findings, fill, fraction, percent, table
from training.measures import Figure, auc, auc_within, bootstrap, brier, ece, judge, paired

FLOOR = (
    ("words as recognized", 0.583, 0.609),
    ("voice", 0.587, 0.501),
    ("face", 0.609, 0.524),
    ("late average of the three", 0.584, 0.587),
)
"""AUC and AUC within speakers of summary statistics with logistic regression on these clips, measured beforehand."""
_TEXT, _EVERYTHING = "text", name_subset(EVERYTHING)

Scored = Mapping[str, NDArray[np.float64]]
"""P(sarcasm) [clips] by name of the subset."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Where the words come from: the recognizer, or the corpus."""

    title: str
    prefix: str  # of its figures' names
    written: bool = False


WORDINGS = (
    Wording("Words as recognized", ""),
    Wording("Words as written down by the corpus", "written: ", written=True),
)


def run(material: Material) -> Findings:
    cases = read_cases(material)
    figures: dict[str, Figure] = {}
    parts: list[str] = []
    by_part = ""
    for wording in WORDINGS:
        scored = score(cases, wording)
        gains = compare(cases, scored)
        measured = {name: measure(cases, probability) for name, probability in scored.items()}
        figures |= {f"{wording.prefix}gain over text {kind}": gain for kind, gain in gains.items()}
        figures |= {f"{wording.prefix}{name} {kind}": f for name, own in measured.items() for kind, f in own.items()}
        parts += [f"### {wording.title}", _tabulate({"majority class": _majority(cases), **measured}), _tell(gains)]
        by_part = by_part or _tabulate_parts(cases, scored[_EVERYTHING])
    section = fill(
        "clips",
        cases=describe(cases.each),
        wordings="\n\n".join(parts),
        parts=by_part,
        floor=table(("", "AUC", "AUC within speakers"), [(name, f"{a:.3f}", f"{b:.3f}") for name, a, b in FLOOR]),
    )
    return Findings(section, figures)


def score(cases: Cases, wording: Wording) -> Scored:
    """P(sarcasm) of every clip at its end by every subset of modalities."""
    found: dict[str, list[float]] = {name_subset(among): [] for among in SUBSETS}
    for case in track(cases.each, wording.title.lower()):
        for name, probability in _score_case(case, wording).items():
            found[name].append(probability)
    return {name: np.array(each) for name, each in found.items()}


def compare(cases: Cases, scored: Scored) -> dict[str, Figure]:
    """What all three modalities add to the words alone, on the same resampled clips."""
    truth, persons = cases.truth, cases.persons
    both = scored[_EVERYTHING], scored[_TEXT]
    return {
        "AUC": paired(lambda rows, p: auc(truth[rows], p[rows]), *both),
        "AUC within speakers": paired(lambda rows, p: auc_within(truth[rows], p[rows], persons[rows]), *both),
    }


def measure(cases: Cases, probability: NDArray[np.float64]) -> dict[str, Figure]:
    """All figures of one subset, in the order of the table's columns."""
    truth, parts, count = cases.truth, cases.parts, len(cases.each)
    judged = judge(truth, probability, cases.persons)
    found = {"weighted F1": judged.weighted_f1, "macro F1": judged.macro_f1}
    if judged.auc is not None and judged.auc_within is not None:
        found |= {"AUC": judged.auc, "AUC within speakers": judged.auc_within}
        found["AUC within parts"] = bootstrap(lambda i: auc_within(truth[i], probability[i], parts[i]), count)
    return found | {
        "Brier": bootstrap(lambda i: brier(truth[i], probability[i]), count),
        "ECE": bootstrap(lambda i: ece(truth[i], probability[i]), count),
    }


def _score_case(case: Case, wording: Wording) -> dict[str, float]:
    embeddings = case.embeddings
    if wording.written:
        embeddings = case.judge.embed(with_words(case.observation, case.clip.text))
    end_ns = end_of(case.observation)
    return {name_subset(among): read_sarcasm(case.judge.score(embeddings, end_ns, among)) for among in SUBSETS}


def _majority(cases: Cases) -> dict[str, Figure]:
    return measure(cases, np.full(len(cases.each), float(cases.truth.mean() > 0.5)))


def _tabulate(measured: Mapping[str, Mapping[str, Figure]]) -> str:
    columns = ("weighted F1", "macro F1", "AUC", "AUC within speakers", "AUC within parts", "Brier")
    rows = [
        (name, *(percent(own[c]) for c in columns[:2]), *(fraction(own.get(c)) for c in columns[2:]))
        for name, own in measured.items()
    ]
    return table(("", *columns), rows)


def _tabulate_parts(cases: Cases, probability: NDArray[np.float64]) -> str:
    columns = ("weighted F1", "AUC", "AUC within speakers", "Brier", "ECE")
    rows = []
    for part in sorted(set(cases.parts.tolist())):
        own = np.flatnonzero(cases.parts == part)
        found = measure(replace(cases, each=tuple(cases.each[i] for i in own)), probability[own])
        rows.append((part, len(own), percent(found[columns[0]]), *(fraction(found.get(c)) for c in columns[1:])))
    return table(("held out", "clips", *columns), rows)


def _tell(gains: Mapping[str, Figure]) -> str:
    told = [
        f"{kind} {gain.fraction()}, which {'has' if gain.low > 0 else 'has not'} been shown to be more than nothing"
        for kind, gain in gains.items()
    ]
    return f"{_EVERYTHING.capitalize()} less {_TEXT} alone, on the same resampled clips: {'; '.join(told)}."

"""Clips in; how good the estimates are while somebody still speaks, how soon, how steady and how honest, out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
from rich.progress import track

from training.evaluate.cases import Case, Cases, describe, read_cases
from training.evaluate.courses import Played, measure_after, measure_calibration, measure_fraction, measure_steadiness
from training.evaluate.judges import end_of, read_sarcasm
from training.evaluate.material import Material
from training.evaluate.page import Findings, fill, fraction, table
from training.evaluate.replay import replay, time_ticks
from training.measures import Figure, bootstrap

FRACTIONS = (0.25, 0.5, 0.75, 1.0)
SECONDS = (1.0, 2.0, 3.0)
TIMED_CLIPS = 30
_PHASES = (
    ("each estimate as first published", "provisional"),
    ("the same once it was final", "settled"),
    ("the last word on each clip", "final"),
)
_NS_PER_MS = 1e6


def run(material: Material) -> Findings:
    cases = read_cases(material)
    played = [_play(case) for case in track(cases.each, "clips replayed")]
    steadiness, calibration = measure_steadiness(played), measure_calibration(played)
    figures = {**steadiness, **calibration, "ms a tick": _time(cases.each)}
    for share in FRACTIONS:
        figures |= measure_fraction(played, share)
    for seconds in SECONDS:
        figures |= measure_after(played, seconds)
    return Findings(_describe(cases, figures, list(steadiness)), figures)


def _play(case: Case) -> Played:
    observation, fusion = case.observation, case.judge.fusion
    return Played(
        case.sarcastic,
        observation.speech_start_ns,
        observation.speech_end_ns,
        replay(observation, case.embeddings, fusion, observation.speech_end_ns),
        read_sarcasm(case.judge.score(case.embeddings, end_of(observation))),
    )


def _time(cases: Sequence[Case]) -> Figure:
    """The 95th percentile of what a tick of fusion costs, in ms of processor time: others may be busy, too."""
    spent_ms = []
    for case in cases[:: max(1, len(cases) // TIMED_CLIPS)]:
        spent_ns = time_ticks(case.observation, case.embeddings, case.judge.fusion, time.thread_time_ns)
        spent_ms += [each / _NS_PER_MS for each in spent_ns]
    spent = np.array(spent_ms)
    return bootstrap(lambda rows: float(np.percentile(spent[rows], 95)), len(spent))


def _describe(cases: Cases, figures: Mapping[str, Figure], steadiness: Sequence[str]) -> str:
    moments = [f"{share:.0%}" for share in FRACTIONS] + [f"{seconds:g} s" for seconds in SECONDS]
    return fill(
        "rolling",
        cases=describe(cases.each),
        heard=table(
            ("heard", "AUC", "Brier"),
            [(at, *(fraction(figures.get(f"{kind} at {at}")) for kind in ("AUC", "Brier"))) for at in moments],
        ),
        calibration=table(
            ("", "ECE, 15 bins", "ECE of a perfect one", "Brier"),
            [
                (
                    words,
                    fraction(figures[f"ECE {name}"]),
                    f"{figures[f'ECE {name}, if perfect'].value:.3f}",
                    fraction(figures[f"Brier {name}"]),
                )
                for words, name in _PHASES
            ],
        ),
        steadiness=table(("", "figure"), [(name, fraction(figures[name])) for name in steadiness]),
        cost=figures["ms a tick"].fraction(),
    )

"""Splits of clips in; every f() trained the same way on each, and how well it does on what it never saw, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.progress import track as show_progress

from encoders.samples import Modality
from training.fusion.byteformer import BytesSaid
from training.fusion.examples import Examples
from training.fusion.fit import MEMBERS, Fitted, Schedule, fit
from training.fusion.late import Floats
from training.fusion.networks import JOINS
from training.measures import Detection, Figure, auc, auc_within, bootstrap, brier, ece, judge, paired

RUNGS = ("late", *JOINS)
ALONE = {f"{modality.value} alone": frozenset(Modality) - {modality} for modality in Modality}
"""What one modality says by itself, by the late average without the other two, fitted and calibrated anew."""
TEXT_ALONE = f"{Modality.TEXT.value} alone"
BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Held:
    """What one split's f() say of its test clips: calibrated probabilities [n], and each member's [MEMBERS, n]."""

    truth: NDArray[np.bool_]
    people: NDArray[np.str_]
    whole: Mapping[str, Floats]
    members: Mapping[str, Floats]
    parameters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rung:
    """One f() over the test clips of all splits. `spread`: standard deviation of single members' AUC."""

    name: str
    parameters: int
    detection: Detection
    brier: Figure
    ece: Figure
    spread: float
    beyond_text: Figure
    within_beyond_text: Figure
    """AUC, and AUC within a speaker, less that of the text alone, on the same resampled clips."""

    @property
    def criterion(self) -> float:
        """What the winner is chosen by, said beforehand: the mean of the AUC and the AUC within a speaker."""
        found = self.detection
        return (found.auc.value + found.auc_within.value) / 2 if found.auc and found.auc_within else 0.5


def fit_rungs(name: str, training: Examples, schedule: Schedule, rungs: Sequence[str] = RUNGS) -> dict[str, Fitted]:
    """Every f() that encoders' embeddings feed, and what each modality says alone, trained on `training`."""
    fitted = {rung: fit(rung, training, schedule) for rung in show_progress(rungs, f"f(), without {name}")}
    for alone, missing in ALONE.items():
        fitted[alone] = fit("late", training.lacking(missing), schedule)
    return fitted


def hold(fitted: Mapping[str, Fitted], test: Examples, raw: BytesSaid | None) -> Held:
    """What each says of `test` heard to its end; `raw` is what the bytes f() said."""
    whole: dict[str, Floats] = {}
    members: dict[str, Floats] = {}
    parameters: dict[str, int] = {}
    for name, each in fitted.items():
        missing = ALONE.get(name, frozenset())
        whole[name] = each.probability(test, missing)[:, -1]
        members[name] = each.calibration.apply(each.say(test, missing)[:, :, -1])
        parameters[name] = each.parameters
    if raw is not None:
        whole[BYTES] = raw.calibration.apply(raw.odds.mean(axis=0))
        members[BYTES] = raw.calibration.apply(raw.odds)
        parameters[BYTES] = raw.parameters
    return Held(test.sarcasm, test.person, whole, members, parameters)


def judge_all(held: Sequence[Held]) -> list[Rung]:
    """Every f() over all splits, in the order it was trained in."""
    truth = np.concatenate([each.truth for each in held])
    people = np.concatenate([each.people for each in held])
    whole = {name: np.concatenate([each.whole[name] for each in held]) for name in held[0].whole}
    members = {name: np.concatenate([each.members[name] for each in held], axis=1) for name in whole}
    text = whole[TEXT_ALONE]
    return [
        Rung(
            name,
            held[0].parameters[name],
            judge(truth, said, people),
            bootstrap(lambda i, said=said: brier(truth[i], said[i]), len(truth)),  # type: ignore[misc]  # a lambda's default has no type
            bootstrap(lambda i, said=said: ece(truth[i], said[i]), len(truth)),  # type: ignore[misc]  # a lambda's default has no type
            float(np.std([auc(truth, members[name][member]) for member in range(MEMBERS)])),
            paired(lambda i, score: auc(truth[i], score[i]), said, text),
            paired(lambda i, score: auc_within(truth[i], score[i], people[i]), said, text),
        )
        for name, said in whole.items()
    ]


def choose(rungs: Sequence[Rung]) -> Rung:
    """The winner: the best by the criterion among what can run live; of equals the one with the fewest parameters."""
    live = [rung for rung in rungs if rung.name in RUNGS]
    return max(live, key=lambda rung: (round(rung.criterion, 3), -rung.parameters))

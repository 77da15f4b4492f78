"""The performer in; how P(sarcasm) follows words, voice and face that are changed one at a time, out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from rich.progress import track

from training.evaluate.expectations import Outcome
from training.evaluate.judges import Judge, end_of
from training.evaluate.stage import BLANK, FLAT, SMILING, VOICES, Stage, Take, combine
from training.performer.delivery import NEUTRAL, WARM

PRAISE_AND_BLAME = (
    ("Oh wow, that was a wonderful dinner.", "Oh no, that was a horrible dinner."),
    ("I really love this new office.", "I really hate this new office."),
    ("This is the best day of my life.", "This is the worst day of my life."),
    ("You did a fantastic job on the report.", "You did a terrible job on the report."),
    ("What a beautiful song you wrote for us.", "What an awful song you wrote for us."),
)
"""Positive words and, as nearly alike as can be, negative ones."""
LEAST_SENTIMENT = 0.1  # of words whose sign is worth asking about

_CELLS = {
    "warm voice, smile": combine(WARM, SMILING),
    "flat voice, smile": combine(FLAT, SMILING),
    "warm voice, blank face": combine(WARM, BLANK),
    "flat voice, blank face": combine(FLAT, BLANK),
}
_SINCERE, _DEADPAN = "warm voice, smile", "flat voice, blank face"
_MIXED = ("flat voice, smile", "warm voice, blank face")
_CHANGED = {
    "performer: pitch × 0.85": replace(NEUTRAL, name="lower", pitch_hz=0.85 * NEUTRAL.pitch_hz),
    "performer: a third of the pitch range": replace(NEUTRAL, name="flatter", pitch_range_hz=6.0),
    "performer: sounds × 1.3 as long": replace(NEUTRAL, name="longer", stretch=1.3),
}


@dataclass(frozen=True, slots=True)
class Acted:
    """The outcomes, the mean P(sarcasm) of each cell for positive and for negative words, and, of all takes, literal
    and intended sentiment beside P(sarcasm): [takes, 3].
    """

    outcomes: tuple[Outcome, ...]
    cells: dict[str, tuple[float, float]]
    sentiments: np.typing.NDArray[np.float64]


def act_out(stage: Stage, judge: Judge) -> Acted:
    """Have the performer say every line in every way."""
    praise: dict[str, list[float]] = {cell: [] for cell in _CELLS}
    blame: dict[str, list[float]] = {cell: [] for cell in _CELLS}
    sentiments: list[tuple[float, float, float]] = []
    plain: list[float] = []
    changed: dict[str, list[float]] = {name: [] for name in _CHANGED}

    def listen(take: Take) -> float:
        observation = stage.observe(take)
        scores = judge.score(judge.embed(observation), end_of(observation))
        if scores.sarcasm is None:
            raise ValueError(f"nothing was heard of {take.text!r}")
        if scores.literal is not None and scores.intended is not None:
            sentiments.append((scores.literal, scores.intended, scores.sarcasm))
        return scores.sarcasm

    for number, pair in enumerate(track(PRAISE_AND_BLAME, "the performer")):
        for voice in VOICES:
            for kind, text, found in zip(("praise", "blame"), pair, (praise, blame), strict=True):
                for cell, delivery in _CELLS.items():
                    found[cell].append(listen(Take(f"{kind}-{number}-{cell}", text, delivery, voice)))
            plain.append(listen(Take(f"praise-{number}-neutral", pair[0], NEUTRAL, voice)))
            for name, delivery in _CHANGED.items():
                changed[name].append(listen(Take(f"praise-{number}-{delivery.name}", pair[0], delivery, voice)))

    gap, gap_blame = (np.array(found[_DEADPAN]) - np.array(found[_SINCERE]) for found in (praise, blame))
    mixed = [np.array(praise[cell]) for cell in _MIXED]
    outcomes = [Outcome(name, "not lower", np.array(each) - np.array(plain)) for name, each in changed.items()]
    outcomes += [
        Outcome("positive words, flat voice and blank face instead of warm voice and smile", "higher", gap),
        *(
            Outcome(f"positive words, {cell} instead of {_SINCERE}", "not lower", each - np.array(praise[_SINCERE]))
            for cell, each in zip(_MIXED, mixed, strict=True)
        ),
        Outcome("the same difference with negative words, less that with positive ones", "lower", gap_blame - gap),
    ]
    cells = {cell: (float(np.mean(praise[cell])), float(np.mean(blame[cell]))) for cell in _CELLS}
    return Acted(tuple(outcomes), cells, np.array(sentiments).reshape(-1, 3))

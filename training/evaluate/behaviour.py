"""The performer and real clips said differently in; whether the answers change as they should, out.

After CheckList (Ribeiro et al. 2020, arXiv 2005.04118): directions and invariances, not accuracies.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from training.evaluate.acting import LEAST_SENTIMENT, PRAISE_AND_BLAME, Acted, act_out
from training.evaluate.cases import Case, Cases, read_cases
from training.evaluate.expectations import ENOUGH, HEADER, SAME, TOLERANCE, Outcome, rows_of
from training.evaluate.judges import appoint_shipped, end_of
from training.evaluate.manipulation import (
    Pcm,
    Retold,
    add_noise,
    amplify,
    chain,
    flatten_pitch,
    make_room,
    move_pitch,
    stretch,
)
from training.evaluate.material import Material
from training.evaluate.page import Findings, fill, table
from training.evaluate.removal import MOST_LOSS, Removed, remove_each
from training.evaluate.retelling import Manipulation, Retellings
from training.evaluate.stage import VOICES, Stage
from training.measures import Figure, bootstrap

SAMPLE = 30
"""Of the real clips, as many of them sarcastic as sincere, drawn once by the seed below."""
SEED = 0
PITCH, FLATTENING, LONGER, GAIN_DB, SNR_DB = 0.85, 0.5, 1.3, 6.0, 20.0


def _lower(pcm: Pcm) -> Retold:
    return move_pitch(pcm, PITCH)


def _flatten(pcm: Pcm) -> Retold:
    return flatten_pitch(pcm, FLATTENING)


def _lengthen(pcm: Pcm) -> Retold:
    return stretch(pcm, LONGER)


def _deaden(pcm: Pcm) -> Retold:
    return chain(pcm, _lower, _flatten, _lengthen)


def _quieten(pcm: Pcm) -> Retold:
    return Retold.in_place(make_room(pcm, GAIN_DB))


def _raise_gain(pcm: Pcm) -> Retold:
    return Retold.in_place(amplify(make_room(pcm, GAIN_DB), GAIN_DB))


def _add_noise(pcm: Pcm) -> Retold:
    return Retold.in_place(add_noise(pcm, SNR_DB))


_DIRECTIONS = {
    f"clips: pitch × {PITCH}": Manipulation("lower", _lower),
    f"clips: pitch contour {FLATTENING:.0%} flatter": Manipulation("flatter", _flatten),
    f"clips: × {LONGER} as long": Manipulation("longer", _lengthen),
    "clips: lower, flatter and longer": Manipulation("deadened", _deaden),
}
"""Words and the person's usual way stay as they were."""
_QUIET = Manipulation("quiet", _quieten, heard_anew=True, throughout=True)
_LOUD = Manipulation("loud", _raise_gain, heard_anew=True, throughout=True)
_NOISY = Manipulation("noisy", _add_noise, heard_anew=True, throughout=True)


def run(material: Material) -> Findings:
    cases, kept = read_cases(material), material.cache / "evaluate"
    outcomes = _retell_clips(cases, Retellings(cases.store, kept))
    acted = act_out(Stage(cases.store.models, kept), appoint_shipped())
    signs = _check_signs(cases, acted)
    removed = remove_each(cases)
    every = [*outcomes, *acted.outcomes]
    figures = {f"{each.done}, as expected": each.rate for each in every}
    figures |= {f"{each.done}, mean change": each.mean for each in every}
    figures |= {f"without {each.cue}, AUC": each.loss for each in removed} | {"intended sentiment's sign": signs}
    section = fill(
        "behaviour",
        tolerance=TOLERANCE,
        same=SAME,
        enough=f"{ENOUGH:.0%}",
        sample=SAMPLE,
        pairs=len(PRAISE_AND_BLAME),
        voices=len(VOICES),
        expectations=table(HEADER, rows_of(every)),
        met=sum(each.met for each in every),
        asked=len(every),
        cells=table(
            ("", "positive words", "negative words"),
            [(cell, f"{praise:.3f}", f"{blame:.3f}") for cell, (praise, blame) in acted.cells.items()],
        ),
        least=LEAST_SENTIMENT,
        signs=f"{signs.percent()} %: {'pass' if signs.value >= ENOUGH else '**fail**'}",
        most=MOST_LOSS,
        removed=table(("without", "AUC, change", "mean move of P", "largest", ""), [_row(each) for each in removed]),
    )
    return Findings(section, figures)


def _retell_clips(cases: Cases, retellings: Retellings) -> list[Outcome]:
    sample = draw(cases.each, SAMPLE, SEED)
    found: dict[str, list[float]] = {name: [] for name in (*_DIRECTIONS, "gain", "noise")}
    for case in track(sample, "clips said differently"):
        plain = case.judge.listen(case.observation)
        for name, manipulation in _DIRECTIONS.items():
            found[name].append(case.judge.listen(retellings.observe(case, manipulation)) - plain)
        loud, quiet = (case.judge.listen(retellings.observe(case, each)) for each in (_LOUD, _QUIET))
        found["gain"].append(loud - quiet)
        found["noise"].append(case.judge.listen(retellings.observe(case, _NOISY)) - plain)
    return [
        *(Outcome(name, "not lower", np.array(found[name])) for name in _DIRECTIONS),
        Outcome(f"clips: {GAIN_DB:+g} dB throughout", "the same", np.array(found["gain"])),
        Outcome(f"clips: noise at {SNR_DB:g} dB SNR throughout", "not higher", np.array(found["noise"])),
    ]


def draw(cases: Sequence[Case], count: int, seed: int) -> list[Case]:
    """Half of `count` sarcastic, half sincere, or as many as there are."""
    rng = np.random.default_rng(seed)
    kinds = [[case for case in cases if case.sarcastic is kind] for kind in (True, False)]
    drawn = [kind[i] for kind in kinds for i in rng.permutation(len(kind))[: count // 2]]
    return sorted(drawn, key=lambda case: case.clip.key)


def _check_signs(cases: Cases, acted: Acted) -> Figure:
    """How often intended sentiment of positive words is positive just when P(sarcasm) is below one half."""
    rows = [acted.sentiments]
    for case in cases.each:
        scores = case.judge.score(case.embeddings, end_of(case.observation))
        if scores.sarcasm is not None and scores.literal is not None and scores.intended is not None:
            rows.append(np.array([[scores.literal, scores.intended, scores.sarcasm]]))
    return _share_of_signs(np.concatenate(rows))


def _share_of_signs(sentiments: NDArray[np.float64]) -> Figure:
    literal, intended, sarcasm = sentiments[sentiments[:, 0] >= LEAST_SENTIMENT].T
    right = (intended > 0) == (sarcasm < 0.5)
    return bootstrap(lambda rows: float(right[rows].mean()), len(literal))


def _row(removed: Removed) -> tuple[str, ...]:
    moved = np.abs(removed.moved)
    return (
        removed.cue,
        f"{removed.loss.value:+.3f} [{removed.loss.low:+.3f}, {removed.loss.high:+.3f}]",
        f"{moved.mean():.3f}",
        f"{moved.max():.3f}",
        "pass" if removed.graceful else "**fail**",
    )

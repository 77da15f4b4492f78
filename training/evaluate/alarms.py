"""Sincere speech in; how often it is taken for sarcastic, as it is and said more expressively, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scipy.stats import chi2

from encoders.samples import NS_PER_S
from encoders.speech.moonshine import MoonshineRecognizer
from training.clips.media import decode_audio
from training.clips.observation import Observation, observe
from training.evaluate.cases import Case, Cases, read_cases
from training.evaluate.judges import SUBSETS, Judge, end_of, name_subset, read_sarcasm
from training.evaluate.manipulation import Pcm, Retold, chain, find_pauses, lengthen_pauses, move_pitch
from training.evaluate.material import Material
from training.evaluate.page import Findings, fill, percent, table
from training.evaluate.replay import replay
from training.evaluate.retelling import Manipulation, Retellings
from training.measures import Figure, bootstrap
from training.parts import Part

PITCH, PAUSES = 1.088, 1.49
PUBLISHED = (("Qwen-Omni models", "33.6 to 60.5 %"), ("Gemini", "14.3 to 17.1 %"))
"""Flips on 95 sincere English clips of MUStARD++, Chen et al. 2026, "When Models Hear What They Expect"."""
WITHOUT_FACE = {
    "read and public speech, no face": ("speech/librivox/*.wav", "speech/jfk.flac"),
    "free speech with two ironic turns, no face": ("speech/silero_test.wav",),
}


def speak_expressively(pcm: Pcm) -> Retold:
    """Pitch and pauses moved as published: expressive, and no more sarcastic than before."""
    return chain(pcm, lambda sound: lengthen_pauses(sound, PAUSES), lambda sound: move_pitch(sound, PITCH))


EXPRESSIVE = Manipulation("expressive", speak_expressively, heard_anew=True)


@dataclass(frozen=True, slots=True)
class Talk:
    """A stretch of sincere talk: how long somebody speaks in it, and how often it set off an alarm."""

    duration_s: float
    alarms: int


def run(material: Material) -> Findings:
    cases = read_cases(material)
    sincere = [case for case in cases.each if not case.sarcastic]
    before = np.array([_score_subsets(case, case.observation) for case in track(sincere, "sincere clips")])
    retellings = Retellings(cases.store, material.cache / "evaluate")
    retold = [retellings.observe(case, EXPRESSIVE) for case in track(sincere, "the same, expressive")]
    after = np.array([_score_subsets(case, each) for case, each in zip(sincere, retold, strict=True)])
    names = [name_subset(among) for among in SUBSETS]
    flips = {name: _count_flips(before[:, i], after[:, i]) for i, name in enumerate(names)}
    everything = len(names) - 1
    talk = {
        "sincere clips": [_listen(case.observation, case.judge) for case in sincere],
        "the same, expressive": [_listen(o, case.judge) for case, o in zip(sincere, retold, strict=True)],
        **{name: _listen_to_files(patterns, material, cases) for name, patterns in WITHOUT_FACE.items()},
    }
    rates = {name: rate(stretches) for name, stretches in talk.items()}
    figures = {"flips": flips[names[everything]]}
    figures |= {f"flips, {name}": figure for name, figure in flips.items()}
    figures |= {f"alarms an hour, {name}": rate for name, rate in rates.items()}
    figures["mean change"] = bootstrap(
        lambda i: float((after[i, everything] - before[i, everything]).mean()), len(sincere)
    )
    section = fill(
        "alarms",
        pitch=PITCH,
        pauses=PAUSES,
        flips=table(
            ("", "read as sincere", "flip to sarcastic"),
            [
                *((name, int((before[:, i] < 0.5).sum()), percent(flips[name])) for i, name in enumerate(names)),
                *((f"{name} (published)", "", share) for name, share in PUBLISHED),
            ],
        ),
        sincere=len(sincere),
        paused=sum(bool(find_pauses(cases.store.record(case.clip.key).sound.pcm)) for case in sincere),
        change=figures["mean change"].fraction(),
        alarms=table(
            ("", "minutes", "alarms", "an hour"),
            [(name, *_describe(stretches), _write(rates[name])) for name, stretches in talk.items()],
        ),
    )
    return Findings(section, figures)


def _score_subsets(case: Case, observation: Observation) -> list[float]:
    embeddings, end_ns = case.judge.embed(observation), end_of(observation)
    return [read_sarcasm(case.judge.score(embeddings, end_ns, among)) for among in SUBSETS]


def _count_flips(before: NDArray[np.float64], after: NDArray[np.float64]) -> Figure:
    """Of what was read as sincere, the share that is not any more."""
    flipped = after[before < 0.5] >= 0.5
    return bootstrap(lambda rows: float(flipped[rows].mean()), len(flipped))


def _listen(observation: Observation, judging: Judge) -> Talk:
    course = replay(observation, judging.embed(observation), judging.fusion, end_of(observation))
    turned_on = int(np.count_nonzero(course.on & ~np.concatenate([[False], course.on[:-1]])))
    return Talk((observation.speech_end_ns - observation.speech_start_ns) / NS_PER_S, turned_on)


def _listen_to_files(patterns: Sequence[str], material: Material, cases: Cases) -> list[Talk]:
    """By the weights that ship: those that never saw Friends."""
    paths = sorted(path for pattern in patterns for path in material.data.glob(pattern))
    models = replace(cases.store.models, recognizer=MoonshineRecognizer())
    return [
        _listen(observe(decode_audio(path).pcm, None, models=models), cases.judges[Part.FRIENDS])
        for path in track(paths, "speech without a face")
    ]


def rate(stretches: Sequence[Talk]) -> Figure:
    """Alarms an hour, with the exact interval of a Poisson count (Garwood 1936): none in few minutes is not never."""
    alarms = sum(each.alarms for each in stretches)
    hours = sum(each.duration_s for each in stretches) / 3600
    low = float(chi2.ppf(0.025, 2 * alarms)) / 2 if alarms else 0.0
    return Figure(alarms / hours, low / hours, float(chi2.ppf(0.975, 2 * alarms + 2)) / 2 / hours)


def _describe(stretches: Sequence[Talk]) -> tuple[str, int]:
    return f"{sum(each.duration_s for each in stretches) / 60:.1f}", sum(each.alarms for each in stretches)


def _write(rate: Figure) -> str:
    return f"{rate.value:.1f} [{rate.low:.1f}, {rate.high:.1f}]"

"""Sincere speech in; how often it is taken for sarcastic, as it is and said more expressively, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from scipy.stats import chi2

from agent.config import FusionConfig
from encoders.samples import NS_PER_S
from encoders.speech.moonshine import MoonshineRecognizer
from training.clips.media import decode_audio
from training.clips.observation import Observation, observe
from training.evaluate.cases import Case, Cases, read_cases
from training.evaluate.judges import SUBSETS, Judge, appoint_shipped, end_of, name_subset, read_sarcasm
from training.evaluate.manipulation import Pcm, Retold, chain, find_pauses, lengthen_pauses, move_pitch
from training.evaluate.material import Material
from training.evaluate.page import Findings, fill, percent, table
from training.evaluate.replay import replay
from training.evaluate.retelling import Manipulation, Retellings
from training.measures import Figure, bootstrap

PITCH, PAUSES = 1.088, 1.49
CLIPS_RATE, SHIPPED_RATE, EVERYDAY_RATE = 0.5, FusionConfig().base_rate, 0.1
"""How much of speech is sarcastic: on the clips, by the agent's own configuration, and at a guess in everyday talk."""
BASE_RATES = (CLIPS_RATE, SHIPPED_RATE, EVERYDAY_RATE)
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


Heard = tuple[Observation, Judge]


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
        "sincere clips": [(case.observation, case.judge) for case in sincere],
        "the same, expressive": [(o, case.judge) for case, o in zip(sincere, retold, strict=True)],
        **{name: _observe_files(patterns, material, cases) for name, patterns in WITHOUT_FACE.items()},
    }
    sarcastic = [(case.observation, case.judge) for case in cases.each if case.sarcastic]
    heard = {base: {name: _listen(each, base) for name, each in talk.items()} for base in BASE_RATES}
    rates = {base: {name: rate(each) for name, each in own.items()} for base, own in heard.items()}
    found = {base: _share_found(_listen(sarcastic, base)) for base in BASE_RATES}
    figures = {"flips": flips[names[everything]]}
    figures |= {f"flips, {name}": figure for name, figure in flips.items()}
    figures |= {f"alarms an hour, {name}, base rate {b:g}": r for b, own in rates.items() for name, r in own.items()}
    figures |= {f"sarcastic clips found, base rate {base:g}": figure for base, figure in found.items()}
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
        shipped=f"{SHIPPED_RATE:g}",
        alarms=table(
            ("", "minutes", *(f"alarms an hour, base rate {base:g}" for base in BASE_RATES)),
            [
                *(
                    (name, _minutes(heard[CLIPS_RATE][name]), *(_write(rates[b][name]) for b in BASE_RATES))
                    for name in talk
                ),
                ("sarcastic clips that set it off, %", "", *(percent(found[base]) for base in BASE_RATES)),
            ],
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


def _listen(stretches: Sequence[Heard], base_rate: float) -> list[Talk]:
    found = []
    for observation, judging in stretches:
        fusion = judging.fusion.expecting(base_rate)
        course = replay(observation, judging.embed(observation), fusion, end_of(observation))
        turned_on = int(np.count_nonzero(course.on & ~np.concatenate([[False], course.on[:-1]])))
        found.append(Talk((observation.speech_end_ns - observation.speech_start_ns) / NS_PER_S, turned_on))
    return found


def _observe_files(patterns: Sequence[str], material: Material, cases: Cases) -> list[Heard]:
    """To be judged by the weights that ship, which saw nothing of them."""
    paths = sorted(path for pattern in patterns for path in material.data.glob(pattern))
    models = replace(cases.store.models, recognizer=MoonshineRecognizer())
    shipped = appoint_shipped()
    return [
        (observe(decode_audio(path).pcm, None, models=models), shipped)
        for path in track(paths, "speech without a face")
    ]


def _share_found(talk: Sequence[Talk]) -> Figure:
    found = np.array([each.alarms > 0 for each in talk])
    return bootstrap(lambda rows: float(found[rows].mean()), len(found))


def rate(stretches: Sequence[Talk]) -> Figure:
    """Alarms an hour, with the exact interval of a Poisson count (Garwood 1936): none in few minutes is not never."""
    alarms = sum(each.alarms for each in stretches)
    hours = sum(each.duration_s for each in stretches) / 3600
    low = float(chi2.ppf(0.025, 2 * alarms)) / 2 if alarms else 0.0
    return Figure(alarms / hours, low / hours, float(chi2.ppf(0.975, 2 * alarms + 2)) / 2 / hours)


def _minutes(stretches: Sequence[Talk]) -> str:
    return f"{sum(each.duration_s for each in stretches) / 60:.1f}"


def _write(figure: Figure) -> str:
    return f"{figure.value:.1f} [{figure.low:.1f}, {figure.high:.1f}]"

"""Clips as they went by in; figures of their estimates while they lasted out, every interval over clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.samples import NS_PER_S
from training.evaluate.replay import Course
from training.measures import Figure, auc, bootstrap, brier, count_flips, detection_time, ece, edit_overhead

Booleans = NDArray[np.bool_]
Floats = NDArray[np.float64]
_SIMULATIONS = 200


@dataclass(frozen=True, slots=True)
class Played:
    """A clip as it went by: its truth, its estimates while somebody spoke, and the last word on all of it.

    `onset_ns` and `offset_ns` are when the speech begins and ends.
    """

    sarcastic: bool
    onset_ns: int
    offset_ns: int
    course: Course
    end: float

    @property
    def duration_s(self) -> float:
        return (self.offset_ns - self.onset_ns) / NS_PER_S

    @property
    def detected_s(self) -> float:
        """Seconds from the onset to the first tick that says sarcastic; nan where none does."""
        return detection_time(self.course.on, self.course.at_ns / NS_PER_S, self.onset_ns / NS_PER_S)

    def heard(self, share: float) -> float:
        """P(sarcasm) as first published once `share` of the speech was over."""
        return self.course.at(self.onset_ns + share * (self.offset_ns - self.onset_ns))


def measure_fraction(played: Sequence[Played], share: float) -> dict[str, Figure]:
    """AUC and Brier of what was said once `share` of each clip's speech was over."""
    return _judge(f"at {share:.0%}", played, [p.heard(share) for p in played])


def measure_after(played: Sequence[Played], seconds: float) -> dict[str, Figure]:
    """AUC and Brier of what was said that long after the onset, over the clips that go on for longer."""
    longer = [p for p in played if p.duration_s > seconds]
    heard = [p.course.at(p.onset_ns + seconds * NS_PER_S) for p in longer]
    return _judge(f"at {seconds:g} s", longer, heard)


def _judge(moment: str, played: Sequence[Played], heard: Sequence[float]) -> dict[str, Figure]:
    truth, probability = np.array([p.sarcastic for p in played]), np.array(heard)
    return {
        f"AUC {moment}": bootstrap(lambda i: auc(truth[i], probability[i]), len(played)),
        f"Brier {moment}": bootstrap(lambda i: brier(truth[i], probability[i]), len(played)),
    }


def measure_calibration(played: Sequence[Played]) -> dict[str, Figure]:
    """ECE and Brier of every estimate as first published, of the same once settled, and of each clip's last word."""
    figures = {}
    for name, courses in (
        ("provisional", [p.course.first for p in played]),
        ("settled", [p.course.final for p in played]),
        ("final", [np.array([p.end]) for p in played]),
    ):
        figures[f"ECE {name}"] = _pooled(ece, played, courses)
        figures[f"ECE {name}, if perfect"] = _if_perfect(courses)
        figures[f"Brier {name}"] = _pooled(brier, played, courses)
    return figures


def measure_steadiness(played: Sequence[Played]) -> dict[str, Figure]:
    """How often the published state changes, how much of that for nothing, and how soon sarcasm is found."""
    sincere = [p for p in played if not p.sarcastic]
    sarcastic = [p for p in played if p.sarcastic]
    delays_s = np.array([p.detected_s for p in sarcastic])
    found = np.isfinite(delays_s)
    figures = {
        "flips a minute": _flips(played),
        "flips a minute, sincere clips": _flips(sincere),
        "unnecessary flips among all flips": bootstrap(
            lambda i: edit_overhead([played[k].course.on for k in i]), len(played)
        ),
        "sarcastic clips found before their end": bootstrap(lambda i: float(found[i].mean()), len(sarcastic)),
        "sincere clips taken for sarcastic meanwhile": bootstrap(
            lambda i: float(np.mean([sincere[k].course.on.any() for k in i])), len(sincere)
        ),
    }
    if found.any():
        soon_s = delays_s[found]
        figures["seconds from onset to detection, median"] = bootstrap(
            lambda i: float(np.median(soon_s[i])), len(soon_s)
        )
        figures["seconds from onset to detection, 90th percentile"] = bootstrap(
            lambda i: float(np.percentile(soon_s[i], 90)), len(soon_s)
        )
    return figures


def _flips(played: Sequence[Played]) -> Figure:
    flips = np.array([count_flips(p.course.on) for p in played])
    minutes = np.array([p.duration_s / 60 for p in played])
    return bootstrap(lambda i: float(flips[i].sum() / minutes[i].sum()), len(played))


def _pooled(measure: Callable[[Booleans, Floats], float], played: Sequence[Played], courses: list[Floats]) -> Figure:
    """A measure of all ticks of all clips, resampled by clip: ticks of one clip are not independent."""
    labels = [np.full(len(course), p.sarcastic) for p, course in zip(played, courses, strict=True)]

    def pool(rows: NDArray[np.intp]) -> float:
        return measure(np.concatenate([labels[i] for i in rows]), np.concatenate([courses[i] for i in rows]))

    return bootstrap(pool, len(courses))


def _if_perfect(courses: list[Floats]) -> Figure:
    """ECE of these probabilities if each clip were sarcastic as often as they say on average: what few clips cost."""
    rng = np.random.default_rng(0)
    probability = np.concatenate(courses)
    lengths, means = [len(course) for course in courses], np.array([course.mean() for course in courses if len(course)])
    lengths = [length for length in lengths if length]
    drawn = [ece(np.repeat(rng.random(len(means)) < means, lengths), probability) for _ in range(_SIMULATIONS)]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Figure(float(np.mean(drawn)), float(low), float(high))

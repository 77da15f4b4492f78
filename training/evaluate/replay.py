"""A clip's observation in, the estimates that a subscriber would have had while it lasted out, by the live Fuser.

Everything arrives when it would have: a hop of voice when it ends, a frame when it is taken, a revision of the words
when the recognizer had it; each with its watermark, in media time (what computing takes is not in it).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.samples import Embedding, Modality
from fusion.estimate import Estimate, FusionModel
from fusion.fuser import Fuser, FuserSettings
from training.clips.observation import Observation
from training.evaluate.judges import UNKNOWN, Embeddings

SETTINGS = FuserSettings()
CHUNK_NS = 100_000_000
LISTENING_NS = 370_000_000
"""How far the watermark of the words stays behind while nobody speaks: so long after it an onset may still be found."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A moment, what arrives, and the watermark of its modality from then on; None where the watermark comes alone."""

    at_ns: int
    modality: Modality
    embedding: Embedding | None
    bound_ns: int


@dataclass(frozen=True, slots=True)
class Course:
    """A clip's estimates tick by tick, from the first whole one on: ends of ticks, P(sarcasm) and state as first
    published, and P(sarcasm) as finally published. All [ticks]; UNKNOWN where fusion did not know.
    """

    at_ns: NDArray[np.int64]
    first: NDArray[np.float64]
    on: NDArray[np.bool_]
    final: NDArray[np.float64]

    def at(self, moment_ns: float) -> float:
        """P(sarcasm) as first published at the last tick that had ended by `moment_ns`."""
        known = int(np.searchsorted(self.at_ns, moment_ns, "right")) - 1
        return float(self.first[known]) if known >= 0 else UNKNOWN


def replay(observation: Observation, embeddings: Embeddings, fusion: FusionModel, until_ns: int) -> Course:
    """Run a clip through a Fuser of its own; its ticks up to `until_ns`. Nothing is known before the clip."""
    # Words are final only some time after they are spoken, and final estimates wait for them.
    horizon_ns = max([until_ns, *(known_ns for known_ns, _ in observation.transcripts)])
    fuser = Fuser(fusion, list(Modality), SETTINGS)
    estimates: list[Estimate] = []
    for arrival in _arrivals(observation, embeddings, horizon_ns):
        estimates += fuser.advance(arrival.at_ns)
        _take(fuser, arrival)
    for modality in Modality:
        fuser.close(modality)
    estimates += fuser.advance(horizon_ns)
    return _tabulate([each for each in estimates if each.interval.end_ns <= until_ns])


def time_ticks(
    observation: Observation, embeddings: Embeddings, fusion: FusionModel, clock_ns: Callable[[], int]
) -> list[int]:
    """What an estimate costs in nanoseconds by `clock_ns`, window and all, at each moment that makes one or more."""
    fuser = Fuser(fusion, list(Modality), SETTINGS)
    spent_ns = []
    for arrival in _arrivals(observation, embeddings, observation.speech_end_ns):
        _take(fuser, arrival)
        before_ns = clock_ns()
        if made := fuser.advance(arrival.at_ns):
            spent_ns.append((clock_ns() - before_ns) // len(made))
    return spent_ns


def _take(fuser: Fuser, arrival: Arrival) -> None:
    if arrival.embedding is not None:
        fuser.push(arrival.embedding, arrival.at_ns)
    fuser.bound(arrival.modality, arrival.bound_ns, arrival.at_ns)


def _arrivals(observation: Observation, embeddings: Embeddings, until_ns: int) -> list[Arrival]:
    """Everything up to `until_ns` in the order of its coming."""
    arrivals = [
        Arrival(e.interval.end_ns, Modality.VOICE, e, e.interval.end_ns) for e in embeddings.get(Modality.VOICE, ())
    ]
    arrivals += [
        Arrival(e.interval.start_ns, Modality.FACE, e, e.interval.end_ns) for e in embeddings.get(Modality.FACE, ())
    ]
    words = zip(observation.transcripts, embeddings.get(Modality.TEXT, ()), strict=False)
    arrivals += [Arrival(at_ns, Modality.TEXT, e, _settled(observation, at_ns)) for (at_ns, _), e in words]
    ticks = range(CHUNK_NS, until_ns + 1, CHUNK_NS)
    arrivals += [Arrival(at_ns, Modality.TEXT, None, _settled(observation, at_ns)) for at_ns in ticks]
    return sorted((each for each in arrivals if each.at_ns <= until_ns), key=lambda arrival: arrival.at_ns)


def _settled(observation: Observation, at_ns: int) -> int:
    """The watermark of the words: they are settled up to the utterance in progress, if there is one."""
    spans = {transcript.utterance_id: transcript.interval.start_ns for _, transcript in observation.transcripts}
    ended = {t.utterance_id for known_ns, t in observation.transcripts if t.final and known_ns <= at_ns}
    running = [start_ns for utterance, start_ns in spans.items() if utterance not in ended and start_ns < at_ns]
    return max(0, min([at_ns - LISTENING_NS, *running]))


def _tabulate(estimates: list[Estimate]) -> Course:
    def known(estimate: Estimate) -> float:
        return UNKNOWN if estimate.scores.sarcasm is None else estimate.scores.sarcasm

    first = {each.seq: each for each in estimates if each.revision == 0}
    final = {each.seq: each for each in estimates if each.final}
    ticks = sorted(first.keys() & final.keys())
    return Course(
        np.array([first[tick].interval.end_ns for tick in ticks], np.int64),
        np.array([known(first[tick]) for tick in ticks], np.float64),
        np.array([first[tick].state == "on" for tick in ticks], bool),
        np.array([known(final[tick]) for tick in ticks], np.float64),
    )

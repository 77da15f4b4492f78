"""What encoders say and when it reaches fusion in, what fusion publishes and when out; and random sessions of it.

An honest session keeps what fusion asks of it: voice and face come within `MAX_WAIT_MS`, words within the lateness of
every tick they bear on, and no watermark overtakes what it speaks of. Within that everything may happen: gaps, streams
that stop, repetitions, disorder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from encoders.samples import Cue, Embedding, Modality
from fusion.estimate import Estimate, Scores, Window
from fusion.fuser import Fuser, FuserSettings
from tests.fusion.evidence import HEART, MS, evidence

PERIOD_MS = 200
MAX_WAIT_MS = 150
LATENESS_MS = 3000
WINDOW_MS = 8000
IDLE_MS = {Modality.FACE: 1000, Modality.VOICE: 1000, Modality.TEXT: 3000, HEART: 6000}
_STEP_MS = 500  # between two signs of life of the words
_LATEST_MS = LATENESS_MS - _STEP_MS
_DELAY_MS = {Modality.FACE: MAX_WAIT_MS, Modality.VOICE: MAX_WAIT_MS, Modality.TEXT: _LATEST_MS, HEART: _LATEST_MS}


@dataclass(frozen=True, slots=True)
class Told:
    """An embedding, a watermark in ms or the end of a modality's stream, and when it reaches fusion."""

    at_ms: int
    what: Embedding | tuple[Modality, int] | Modality


class Naming:
    """A fusion model that only names what it was shown, so that two windows score alike only if they are alike."""

    name = "naming"

    def fuse(self, window: Window, /) -> Scores:
        every = dict.fromkeys([*Modality, *window.embeddings])
        shown = [embedding for modality in every for embedding in window.embeddings.get(modality, ())]
        cues = tuple(Cue(named(embedding), embedding.modality, 0.0, 0.0) for embedding in shown)
        newest = [e.reading.sarcasm for e in shown if e.reading is not None]
        return Scores(newest[-1] if newest else None, None, None, None, float(len(shown)), {}, {}, cues)


def named(embedding: Embedding) -> str:
    interval = embedding.interval
    return f"{embedding.modality} {interval.start_ns // MS}-{interval.end_ns // MS} no {embedding.seq}"


def tell(fuser: Fuser, told: Told, now_ms: int) -> None:
    match told.what:
        case Embedding():
            fuser.push(told.what, now_ms * MS)
        case Modality():
            fuser.close(told.what)
        case modality, bound_ms:
            fuser.bound(modality, bound_ms * MS, now_ms * MS)


def live(fuser: Fuser, every: Iterable[Told], until_ms: int) -> list[tuple[int, Estimate]]:
    """Run as the fusion process does: wake for what arrives and for each deadline. When, and what was published."""
    published: list[tuple[int, Estimate]] = []

    def advance(now_ns: int) -> None:
        published.extend((now_ns, estimate) for estimate in fuser.advance(now_ns))

    for told in sorted(every, key=lambda told: told.at_ms):
        while fuser.next_deadline_ns < told.at_ms * MS:
            advance(fuser.next_deadline_ns)
        tell(fuser, told, told.at_ms)
        advance(told.at_ms * MS)
    while fuser.next_deadline_ns <= until_ms * MS:
        advance(fuser.next_deadline_ns)
    return published


def finals(published: Iterable[tuple[int, Estimate]], until_ms: int) -> list[Estimate]:
    """The final estimates of the ticks up to a moment, but for which revision each was."""
    return [
        replace(estimate, revision=0)
        for _, estimate in published
        if estimate.final and estimate.interval.end_ns <= until_ms * MS
    ]


@dataclass(frozen=True, slots=True)
class Said:
    """What one modality says in a session, in order of its own time; `closes` when its stream ends for all to know."""

    modality: Modality
    embeddings: tuple[Embedding, ...]
    bounds_ms: tuple[int, ...]
    closes: bool

    @property
    def end_ms(self) -> int:
        return max([0, *self.bounds_ms, *(e.interval.end_ns // MS for e in self.embeddings)])

    def until(self, cut_ms: int) -> Said:
        """The same stream broken off: what speaks of the time up to `cut_ms`, and nothing after."""
        kept: list[Embedding] = []
        covered: set[int] = set()  # utterances of which a revision reaches to the cut
        for embedding in self.embeddings:
            start_ns, end_ns = embedding.interval.start_ns, embedding.interval.end_ns
            if self.modality is not Modality.TEXT:
                if end_ns <= cut_ms * MS:
                    kept.append(embedding)
            elif start_ns < cut_ms * MS and start_ns not in covered:
                kept.append(embedding)
                if end_ns >= cut_ms * MS:
                    covered.add(start_ns)
        return replace(
            self, embeddings=tuple(kept), bounds_ms=tuple(b for b in self.bounds_ms if b <= cut_ms), closes=False
        )

    def delayed(self, delays: Sequence[int], twice: Sequence[bool] = (False,)) -> list[Told]:
        """On its way to fusion: each by its own delay, which may take one past another, some of them twice."""
        longest = _DELAY_MS[self.modality]
        arrivals: list[Told] = []
        latest_ms = 0
        every: list[tuple[int, Embedding | tuple[Modality, int]]] = [
            *((e.interval.end_ns // MS, e) for e in self.embeddings),
            *((bound_ms, (self.modality, bound_ms)) for bound_ms in self.bounds_ms),
        ]
        every.sort(key=lambda each: (each[0], isinstance(each[1], tuple)))
        for number, (own_ms, what) in enumerate(every):
            at_ms = own_ms + delays[number % len(delays)] % (longest + 1)
            if isinstance(what, tuple):
                at_ms = max(at_ms, latest_ms)  # no watermark overtakes what it speaks of
            latest_ms = max(latest_ms, at_ms)
            arrivals += [Told(at_ms, what)] * (1 + twice[number % len(twice)])
        if self.closes:
            arrivals.append(Told(latest_ms, self.modality))
        return arrivals


_probabilities = st.sampled_from([0.05, 0.3, 0.45, 0.5, 0.55, 0.7, 0.95])
_sentiments = st.sampled_from([-0.9, -0.2, 0.0, 0.4, 1.0])


@st.composite
def steady(draw: st.DrawFn, modality: Modality) -> Said:
    """Voice, face or a sensor: a stretch after another with jitter, now and then a long gap, looks that saw nothing."""
    embeddings: list[Embedding] = []
    bounds_ms: list[int] = []
    start_ms = draw(st.integers(0, 2500))
    hops = st.tuples(st.integers(1, 240), st.sampled_from([0, 0, 0, 0, 30, 900, 1400, 2600]))
    for seq, (length_ms, gap_ms) in enumerate(draw(st.lists(hops, max_size=40))):
        start_ms += gap_ms if seq else 0  # never silent for longer than its idle time, at the beginning either
        confidence = draw(st.sampled_from([0.0, 0.5, 1.0, 1.0]))
        probability, sentiment = draw(_probabilities), draw(_sentiments)
        embeddings.append(
            evidence(
                modality,
                start_ms,
                start_ms + length_ms,
                sarcasm=probability,
                sentiment=sentiment,
                confidence=confidence,
                read=confidence > 0,
                seq=seq,
            )
        )
        start_ms += length_ms
        bounds_ms.append(start_ms)
    return Said(modality, tuple(embeddings), tuple(bounds_ms), draw(st.booleans()))


@st.composite
def spoken(draw: st.DrawFn) -> Said:
    """Words: utterances that grow by revisions, and watermarks through the silence between them."""
    embeddings: list[Embedding] = []
    bounds_ms: list[int] = []
    at_ms = 0
    for _ in range(draw(st.integers(0, 4))):
        for pause_ms in draw(st.lists(st.integers(1, _STEP_MS), max_size=6)):
            at_ms += pause_ms
            bounds_ms.append(at_ms)
        start_ms = at_ms
        for step_ms in draw(st.lists(st.integers(1, _STEP_MS), min_size=1, max_size=6)):
            at_ms += step_ms
            probability, sentiment = draw(_probabilities), draw(_sentiments)
            embeddings.append(
                evidence(Modality.TEXT, start_ms, at_ms, sarcasm=probability, sentiment=sentiment, seq=len(embeddings))
            )
            bounds_ms.append(at_ms)
    return Said(Modality.TEXT, tuple(embeddings), tuple(bounds_ms), draw(st.booleans()))


sessions = st.tuples(steady(Modality.FACE), steady(Modality.VOICE), spoken())
delays = st.lists(st.integers(0, LATENESS_MS), min_size=1, max_size=7)
repetitions = st.lists(st.booleans(), min_size=1, max_size=5)


def fuser_of(model: object, modalities: Iterable[Modality] = tuple(Modality)) -> Fuser:
    settings = FuserSettings(idle_ns={modality: idle_ms * MS for modality, idle_ms in IDLE_MS.items()})
    return Fuser(model, list(modalities), settings)  # type: ignore[arg-type]  # a stand-in

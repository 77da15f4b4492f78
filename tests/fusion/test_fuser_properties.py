"""What fusion promises, over random sessions: honest ones agree on every final word, broken ones break nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders.samples import Embedding, Interval, Modality
from fusion.estimate import Estimate, Standing
from fusion.fuser import Fuser, FuserSettings
from fusion.shipped import load
from tests.fusion.evidence import MS, evidence
from tests.fusion.sessions import (
    IDLE_MS,
    LATENESS_MS,
    MAX_WAIT_MS,
    PERIOD_MS,
    WINDOW_MS,
    Naming,
    Said,
    Told,
    delays,
    finals,
    fuser_of,
    live,
    named,
    repetitions,
    sessions,
    tell,
)

Session = tuple[Said, ...]
three_delays = st.tuples(delays, delays, delays)
SHIPPED = load()


def _end_ms(session: Session) -> int:
    return max(said.end_ms for said in session)


def _arrivals(session: Session, ways: Sequence[Sequence[int]], twice: Sequence[bool] = (False,)) -> list[Told]:
    return [told for said, way in zip(session, ways, strict=True) for told in said.delayed(way, twice)]


def _finals(model: object, session: Session, arrivals: list[Told]) -> list[Estimate]:
    until_ms = _end_ms(session) + 10_000
    return finals(live(fuser_of(model), arrivals, until_ms + LATENESS_MS), until_ms)


# What is final.


@given(sessions, three_delays, three_delays)
@settings(max_examples=60)
def test_finals_do_not_depend_on_the_order_of_arrival(
    session: Session, one: Sequence[Sequence[int]], other: Sequence[Sequence[int]]
) -> None:
    told = [_finals(SHIPPED, session, _arrivals(session, ways)) for ways in (one, other)]
    assert told[0] == told[1]


@given(sessions, three_delays, repetitions)
@settings(max_examples=40)
def test_finals_say_what_was_said_up_to_their_tick_and_of_each_modality_how_it_stood(
    session: Session, ways: Sequence[Sequence[int]], twice: Sequence[bool]
) -> None:
    """Against the same worked out from the whole session at once, without arrival, waiting or watermarks of others."""
    for estimate in _finals(Naming(), session, _arrivals(session, ways, twice)):
        end_ms = estimate.interval.end_ns // MS
        shown: list[str] = []
        for said in session:
            known = _known(said, end_ms)
            standing = _standing(said, known, end_ms)
            assert estimate.standings[said.modality] == standing
            shown += [named(embedding) for embedding in known] if standing.status == "ok" else []
        assert [cue.name for cue in estimate.scores.cues] == shown


def _known(said: Said, end_ms: int) -> list[Embedding]:
    since_ns, end_ns = max(0, end_ms - WINDOW_MS) * MS, end_ms * MS
    if said.modality is not Modality.TEXT:
        return [e for e in said.embeddings if since_ns < e.interval.end_ns <= end_ns]
    utterances: dict[int, Embedding] = {}
    for revision in said.embeddings:
        start_ns = revision.interval.start_ns
        if start_ns < end_ns and (start_ns not in utterances or utterances[start_ns].interval.end_ns < end_ns):
            utterances[start_ns] = revision
    return [revision for revision in utterances.values() if revision.interval.end_ns > since_ns]


def _standing(said: Said, known: Sequence[Embedding], end_ms: int) -> Standing:
    seen = [e.interval.end_ns for e in known if e.confidence > 0]
    if not seen:
        return Standing("absent", None)
    told_ns = max(known[-1].interval.end_ns, *(b * MS for b in said.bounds_ms if b <= end_ms), -1)
    silent_ns = end_ms * MS - told_ns
    return Standing("stale" if silent_ns > IDLE_MS[said.modality] * MS else "ok", max(0, end_ms * MS - seen[-1]))


@given(sessions, three_delays, st.integers(1, 60))
@settings(max_examples=50)
def test_later_input_never_changes_a_final(session: Session, ways: Sequence[Sequence[int]], ticks: int) -> None:
    cut_ms = ticks * PERIOD_MS
    broken_off = tuple(said.until(cut_ms) for said in session)
    whole, part = (_finals(SHIPPED, each, _arrivals(each, ways)) for each in (session, broken_off))
    count = min(len(whole), ticks)
    assert whole[:count] == part[:count]


@given(sessions, three_delays)
@settings(max_examples=25)
def test_how_often_the_clock_calls_changes_no_final(session: Session, ways: Sequence[Sequence[int]]) -> None:
    arrivals = sorted(_arrivals(session, ways), key=lambda told: told.at_ms)
    until_ms = _end_ms(session) + 10_000
    fuser = fuser_of(SHIPPED)
    published: list[Estimate] = []
    for number, told in enumerate(arrivals):
        tell(fuser, told, told.at_ms)
        if number % 9 == 8:
            published += fuser.advance(told.at_ms * MS)
    published += fuser.advance((until_ms + LATENESS_MS) * MS)
    assert finals(((0, estimate) for estimate in published), until_ms) == _finals(SHIPPED, session, arrivals)


@given(sessions, three_delays, repetitions)
@settings(max_examples=30)
def test_what_was_pushed_was_used_or_is_counted(
    session: Session, ways: Sequence[Sequence[int]], twice: Sequence[bool]
) -> None:
    arrivals = _arrivals(session, ways, twice)
    fuser = fuser_of(Naming())
    until_ms = _end_ms(session) + PERIOD_MS
    used = {
        cue.name
        for estimate in finals(live(fuser, arrivals, until_ms + LATENESS_MS), until_ms)
        for cue in estimate.scores.cues
    }
    repeated = 0
    for said in session:
        pushed = [named(t.what) for t in arrivals if isinstance(t.what, Embedding) and t.what.modality is said.modality]
        repeated += len(pushed) - len(set(pushed))
        if said.modality is not Modality.TEXT and all(e.confidence > 0 for e in said.embeddings):
            assert set(pushed) == {name for name in used if name.startswith(said.modality)}
    assert sum(fuser.losses.values()) == repeated


# Whatever happens.


class Watched:
    """A fuser whose promises are checked with every call, whatever it is told and whatever the clock does."""

    def __init__(self, modalities: Iterable[Modality] = tuple(Modality)) -> None:
        self.fuser = fuser_of(Naming(), modalities)
        self.pushed = 0
        self.now_ms = 0
        self._latest_ms = 0
        self._revisions: dict[int, int] = {}
        self._final: list[int] = []
        self._bounds = dict.fromkeys(self.fuser._timelines, -1)

    def tell(self, what: Embedding | tuple[Modality, int] | Modality) -> None:
        tell(self.fuser, Told(self.now_ms, what), self.now_ms)
        self.pushed += isinstance(what, Embedding)
        for modality, timeline in self.fuser._timelines.items():
            assert timeline.bound_ns >= self._bounds[modality]
            self._bounds[modality] = timeline.bound_ns
            assert len(timeline) <= 2000
            assert len(timeline._bounds) <= 2000

    def advance(self) -> None:
        self._latest_ms = max(self._latest_ms, self.now_ms)
        for estimate in self.fuser.advance(self.now_ms * MS):
            self._note(estimate)
        begun, settled = len(self._revisions), len(self._final)
        assert begun >= (self._latest_ms - MAX_WAIT_MS) // PERIOD_MS
        assert settled >= (self._latest_ms - LATENESS_MS) // PERIOD_MS
        assert len(self.fuser._pending) == begun - settled <= LATENESS_MS // PERIOD_MS
        assert self.fuser.next_deadline_ns > self.now_ms * MS

    def _note(self, estimate: Estimate) -> None:
        assert estimate.interval.end_ns == (estimate.seq + 1) * PERIOD_MS * MS <= self.now_ms * MS
        assert estimate.seq not in self._final
        assert estimate.revision == self._revisions.get(estimate.seq, -1) + 1
        if estimate.revision == 0:
            assert estimate.seq == len(self._revisions)
        if estimate.final:
            assert estimate.seq == len(self._final)
            self._final.append(estimate.seq)
        assert estimate.final or estimate.revision == 0
        self._revisions[estimate.seq] = estimate.revision


near = st.integers(-6000, 6000)
lengths = st.integers(0, 3000)
turns = st.one_of(
    st.tuples(st.just("embedding"), st.sampled_from(Modality), near, lengths),
    st.tuples(st.just("bound"), st.sampled_from(Modality), near, lengths),
    st.tuples(st.just("close"), st.sampled_from(Modality), near, lengths),
    st.tuples(st.just("flood"), st.sampled_from(Modality), near, lengths),
    st.tuples(st.just("clock"), st.sampled_from(Modality), st.just(0), st.sampled_from([1, 40, 160, 700, 10_000])),
    st.tuples(st.just("back"), st.sampled_from(Modality), st.just(0), st.sampled_from([1, 200, 5_000])),
)


@given(st.lists(turns, max_size=60))
@settings(max_examples=60)
def test_a_session_in_which_everything_goes_wrong_keeps_its_grid_and_its_size(
    script: list[tuple[str, Modality, int, int]],
) -> None:
    watched = Watched()
    for deed, modality, offset_ms, length_ms in script:
        end_ms = max(1, watched.now_ms + offset_ms)
        match deed:
            case "embedding":
                watched.tell(evidence(modality, max(0, end_ms - length_ms), end_ms))
            case "bound":
                watched.tell((modality, end_ms))
            case "close":
                watched.tell(modality)
            case "flood":
                for number in range(40):
                    watched.tell(evidence(modality, end_ms, end_ms + number))
                    watched.tell((modality, end_ms - 40 + number))
            case "clock":
                watched.now_ms += length_ms
            case "back":
                watched.now_ms = max(0, watched.now_ms - length_ms)
        watched.advance()
    held = sum(len(timeline) for timeline in watched.fuser._timelines.values())
    assert held <= watched.pushed - sum(watched.fuser.losses.values())


@given(st.integers(1, 400), st.integers(200, 30_000))
@settings(max_examples=20)
def test_a_clock_that_leaps_publishes_every_tick_it_leapt_over_in_order(before_ms: int, leap_ms: int) -> None:
    fuser = fuser_of(Naming())
    before = fuser.advance(before_ms * MS)
    now_ms = before_ms + leap_ms
    published = fuser.advance(now_ms * MS)
    first = [estimate.seq for estimate in [*before, *published] if estimate.revision == 0]
    assert first == list(range(len(first)))
    assert (now_ms - MAX_WAIT_MS) // PERIOD_MS <= len(first) <= now_ms // PERIOD_MS
    settled = [estimate.seq for estimate in published if estimate.final]
    assert settled == list(range(len(settled)))
    assert len(settled) >= max(0, (now_ms - LATENESS_MS) // PERIOD_MS)
    for earlier, later in pairwise(published):
        assert earlier.seq <= later.seq or later.final


def test_a_clock_that_leaps_and_comes_back_publishes_nothing_twice_and_goes_on_when_its_time_has_come() -> None:
    fuser = fuser_of(Naming(), [Modality.VOICE])
    assert len([e for e in fuser.advance(10_000 * MS) if e.revision == 0]) == 50
    assert [estimate for at_ms in range(0, 10_000, 100) for estimate in fuser.advance(at_ms * MS)] == []
    (after,) = [e for e in fuser.advance(10_200 * MS) if e.revision == 0]
    assert after.seq == 50


@pytest.mark.parametrize("modality", list(Modality))
def test_a_modality_a_hundred_times_too_fast_is_bounded_and_its_newest_is_still_heard(modality: Modality) -> None:
    fuser = fuser_of(Naming(), [modality])
    newest: list[str] = []
    for end_ms in range(1, 12_000):
        fuser.push(evidence(modality, end_ms - 1, end_ms, seq=end_ms), end_ms * MS)
        fuser.bound(modality, end_ms * MS, end_ms * MS)
        for estimate in fuser.advance(end_ms * MS):
            newest.append(estimate.scores.cues[-1].name)
            assert len(fuser._timelines[modality]) <= 2000
    assert newest == [f"{modality} {end - 1}-{end} no {end}" for end in range(PERIOD_MS, 12_000, PERIOD_MS)]
    assert fuser.losses == {f"{modality}_overflow": 11_999 - 2000}


def test_what_is_ahead_of_the_clock_drives_out_nothing_that_was_said() -> None:
    fuser = fuser_of(Naming(), [Modality.VOICE])
    fuser.push(evidence(Modality.VOICE, 0, 100, seq=7), 110 * MS)
    for number in range(3000):
        fuser.push(evidence(Modality.VOICE, 60_000, 60_001 + number), 120 * MS)
    fuser.bound(Modality.VOICE, 200 * MS, 210 * MS)
    (estimate,) = fuser.advance(210 * MS)
    assert [cue.name for cue in estimate.scores.cues] == ["voice 0-100 no 7"]
    assert fuser.losses == {"voice_overflow": 1001}


# Who is waited for.


@given(st.sampled_from([Modality.FACE, Modality.VOICE]), st.integers(0, 3000), st.integers(0, MAX_WAIT_MS))
@settings(max_examples=30)
def test_a_modality_that_wakes_is_in_the_final_of_its_tick_however_late_within_max_wait(
    waking: Modality, silent_ms: int, delay_ms: int
) -> None:
    """Idle or not: the first revision need not wait for it, the final one gives it the time it may take."""
    (talking,) = {Modality.FACE, Modality.VOICE} - {waking}
    wakes_ms = 1000 + silent_ms
    hops = [Told(end + 5, evidence(talking, end - 50, end)) for end in range(50, 6000, 50)]
    hops += [Told(told.at_ms, (talking, told.at_ms - 5)) for told in hops]
    wake = [
        Told(900, evidence(waking, 800, 900)),
        Told(900, (waking, 900)),
        Told(wakes_ms + delay_ms, evidence(waking, wakes_ms - 100, wakes_ms, seq=1)),
        Told(wakes_ms + delay_ms, (waking, wakes_ms)),
    ]
    published = live(fuser_of(Naming(), [Modality.FACE, Modality.VOICE]), [*hops, *wake], 6000)
    tick_ms = -(-wakes_ms // PERIOD_MS) * PERIOD_MS
    (final,) = [e for _, e in published if e.final and e.interval.end_ns == tick_ms * MS]
    assert f"{waking} {wakes_ms - 100}-{wakes_ms} no 1" in [cue.name for cue in final.scores.cues]


@pytest.mark.parametrize("silent", list(Modality))
def test_a_modality_that_died_holds_up_no_first_revision_and_a_final_one_by_max_wait(silent: Modality) -> None:
    talking = [modality for modality in Modality if modality is not silent]
    hops = [Told(end + 5, evidence(m, end - 50, end)) for m in talking for end in range(50, 8000, 50)]
    hops += [Told(t.at_ms, (t.what.modality, t.at_ms - 5)) for t in hops if isinstance(t.what, Embedding)]
    published = live(fuser_of(Naming()), hops, 7900)
    waited = [(e, (now_ns - e.interval.end_ns) // MS) for now_ns, e in published if e.interval.end_ns > 3200 * MS]
    assert {wait for estimate, wait in waited if estimate.revision == 0} == {5}
    assert {wait for estimate, wait in waited if estimate.final} == {MAX_WAIT_MS}


@given(sessions, three_delays)
@settings(max_examples=30)
def test_first_revisions_come_in_time_and_final_ones_within_lateness(
    session: Session, ways: Sequence[Sequence[int]]
) -> None:
    for now_ns, estimate in live(fuser_of(SHIPPED), _arrivals(session, ways), _end_ms(session) + 5000):
        waited_ms = (now_ns - estimate.interval.end_ns) / MS
        assert 0 <= waited_ms <= (LATENESS_MS if estimate.revision else MAX_WAIT_MS)


# The state.


def _said(fuser: Fuser, tick: int, probability: float) -> None:
    """A tick's voice, its words still out."""
    end_ms = (tick + 1) * PERIOD_MS
    fuser.push(evidence(Modality.VOICE, end_ms - PERIOD_MS, end_ms, sarcasm=probability), end_ms * MS)
    fuser.bound(Modality.VOICE, end_ms * MS, end_ms * MS)


def test_a_first_revision_s_state_goes_on_from_the_last_final_one_and_what_was_said_since() -> None:
    fuser = fuser_of(Naming(), [Modality.VOICE, Modality.TEXT])
    states: list[tuple[int, bool, str]] = []
    for tick, probability in enumerate([0.9, 0.5, 0.5]):
        _said(fuser, tick, probability)
        states += [(e.seq, e.final, e.state) for e in fuser.advance((tick + 1) * PERIOD_MS * MS)]
    assert states == [(0, False, "on"), (1, False, "on"), (2, False, "on")]
    fuser.push(evidence(Modality.TEXT, 0, 600, sarcasm=0.5), 610 * MS)  # words unmake what began it
    fuser.bound(Modality.TEXT, 600 * MS, 610 * MS)
    assert [(e.seq, e.state) for e in fuser.advance(610 * MS)] == [(0, "off"), (1, "off"), (2, "off")]
    _said(fuser, 3, 0.5)
    assert [e.state for e in fuser.advance(800 * MS)] == ["off"]


def test_an_estimate_over_a_stretch_leaves_the_state_alone() -> None:
    fuser = Fuser(Naming(), [Modality.VOICE], FuserSettings())
    _said(fuser, 0, 0.9)
    assert [e.state for e in fuser.advance(200 * MS)] == ["on"]
    assert fuser.over(Interval(300 * MS, 400 * MS)).state == "unknown"
    _said(fuser, 1, 0.5)
    assert [e.state for e in fuser.advance(400 * MS)] == ["on"]

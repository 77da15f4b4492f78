from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders.samples import Embedding, Interval, Modality
from fusion.estimate import Scores, Window
from fusion.fuser import Fuser, FuserSettings
from tests.fusion.evidence import MS, evidence
from tests.fusion.sessions import LATENESS_MS, MAX_WAIT_MS, PERIOD_MS, Told, live, tell

LIVE = (Modality.FACE, Modality.VOICE)


class Spelled:
    """A fusion model that only says what it was shown, so that two windows score alike only if they are alike."""

    name = "spelled"

    def fuse(self, window: Window, /) -> Scores:
        seen = {m: tuple(e.interval.end_ns // MS for e in every) for m, every in window.embeddings.items()}
        heard = seen.get(Modality.VOICE)
        return Scores(
            sarcasm=(sum(heard) % 97) / 97 if heard else None,
            literal=None,
            delivered=None,
            intended=None,
            confidence=float(sum(len(ends) for ends in seen.values())),
            readings={},
            contributions={m: float(hash(ends) % 1009) for m, ends in sorted(seen.items())},
            cues=(),
        )


def _fuser(modalities: Iterable[Modality] = tuple(Modality), window_ns: int = 8000 * MS) -> Fuser:
    return Fuser(Spelled(), list(modalities), FuserSettings(window_ns=window_ns))


def _steady(modality: Modality, hop_ms: int, delay_ms: int, until_ms: int) -> list[Told]:
    """An encoder that reports every hop, each time with the watermark, and the same delay."""
    every: list[Told] = []
    for end_ms in range(hop_ms, until_ms + 1, hop_ms):
        at_ms = end_ms + delay_ms
        every.append(Told(at_ms, evidence(modality, end_ms - hop_ms, end_ms)))
        every.append(Told(at_ms, (modality, end_ms)))
    return every


arrivals = st.lists(
    st.builds(
        lambda modality, end, length, delay, is_bound: Told(
            end * 10 + delay * 10,
            (modality, end * 10) if is_bound else evidence(modality, max(0, end - length) * 10, end * 10),
        ),
        st.sampled_from(Modality),
        st.integers(0, 500),
        st.integers(1, 50),
        st.integers(0, 500),
        st.booleans(),
    ),
    max_size=60,
)


@given(arrivals)
@settings(max_examples=30)
def test_whatever_arrives_every_tick_has_one_revision_0_in_order_and_in_time(every: list[Told]) -> None:
    published = live(_fuser(), every, until_ms=10_000)
    first = [(now_ns, estimate) for now_ns, estimate in published if estimate.revision == 0]
    assert [estimate.seq for _, estimate in first] == list(range(len(first)))
    assert len(first) >= (10_000 - MAX_WAIT_MS) // PERIOD_MS
    for now_ns, estimate in first:
        assert estimate.interval.end_ns == (estimate.seq + 1) * PERIOD_MS * MS
        assert 0 <= now_ns - estimate.interval.end_ns <= MAX_WAIT_MS * MS


@given(arrivals)
@settings(max_examples=30)
def test_whatever_arrives_every_tick_is_final_once_and_then_silent(every: list[Told]) -> None:
    published = live(_fuser(), every, until_ms=10_000)
    settled: set[int] = set()
    revisions: dict[int, int] = {}
    for now_ns, estimate in published:
        assert estimate.seq not in settled
        assert estimate.revision == revisions.get(estimate.seq, -1) + 1
        assert now_ns - estimate.interval.end_ns <= LATENESS_MS * MS
        revisions[estimate.seq] = estimate.revision
        if estimate.final:
            settled.add(estimate.seq)
    assert settled >= set(range((10_000 - LATENESS_MS) // PERIOD_MS))
    assert [e.seq for _, e in published if e.final] == sorted(settled)


@given(arrivals)
@settings(max_examples=30)
def test_the_next_deadline_is_when_something_is_published_and_not_before(every: list[Told]) -> None:
    fuser = _fuser()
    for told in sorted(every, key=lambda told: told.at_ms):
        tell(fuser, told, told.at_ms)
        fuser.advance(told.at_ms * MS)
        assert fuser.next_deadline_ns > told.at_ms * MS
    assert fuser.advance(fuser.next_deadline_ns)


def test_with_every_watermark_passed_the_first_revision_is_the_final_one() -> None:
    fuser = _fuser()
    for modality in Modality:
        fuser.bound(modality, 200 * MS, 210 * MS)
    (estimate,) = fuser.advance(210 * MS)
    assert (estimate.revision, estimate.final) == (0, True)


def test_it_does_not_wait_for_words_and_revises_once_they_are_in() -> None:
    fuser = _fuser()
    for modality in LIVE:
        fuser.bound(modality, 200 * MS, 210 * MS)
    (provisional,) = fuser.advance(210 * MS)
    assert (provisional.revision, provisional.final) == (0, False)
    fuser.push(evidence(Modality.TEXT, 0, 150), 700 * MS)
    fuser.bound(Modality.TEXT, 200 * MS, 700 * MS)
    revised = [estimate for estimate in fuser.advance(340 * MS) if estimate.seq == 0]
    assert [(estimate.revision, estimate.final) for estimate in revised] == [(1, True)]
    assert Modality.TEXT in revised[0].scores.contributions
    assert Modality.TEXT not in provisional.scores.contributions


@pytest.mark.parametrize("word_ms", [None, 150])
def test_the_model_is_asked_again_only_where_the_final_revision_is_told_something_else(word_ms: int | None) -> None:
    asked: list[Window] = []

    class Counting(Spelled):
        def fuse(self, window: Window, /) -> Scores:
            asked.append(window)
            return super().fuse(window)

    fuser = Fuser(Counting(), list(Modality))
    for modality in LIVE:
        fuser.push(evidence(modality, 0, 100), 110 * MS)
        fuser.bound(modality, 200 * MS, 210 * MS)
    (first,) = fuser.advance(210 * MS)
    if word_ms is not None:
        fuser.push(evidence(Modality.TEXT, 0, word_ms), 300 * MS)
    fuser.push(evidence(Modality.VOICE, 200, 300), 300 * MS)  # beyond its end, and so not of it
    fuser.bound(Modality.TEXT, 200 * MS, 300 * MS)
    (final,) = fuser.advance(300 * MS)
    assert (final.seq, final.revision) == (first.seq, 1)
    assert len(asked) == (1 if word_ms is None else 2)
    assert (final.scores == first.scores) == (word_ms is None)


def test_nothing_is_published_before_the_stretch_is_over() -> None:
    fuser = _fuser()
    for modality in Modality:
        fuser.close(modality)
    assert fuser.advance(199 * MS) == []
    assert len(fuser.advance(200 * MS)) == 1


@pytest.mark.parametrize("silent", LIVE)
def test_a_modality_that_never_speaks_costs_at_most_max_wait_until_it_is_idle_and_nothing_after(
    silent: Modality,
) -> None:
    (talking,) = set(LIVE) - {silent}
    published = live(_fuser(LIVE), _steady(talking, 50, 20, 4000), until_ms=4000)
    waited_ms = {e.seq: (now_ns - e.interval.end_ns) // MS for now_ns, e in published if e.revision == 0}
    assert waited_ms[0] == MAX_WAIT_MS
    assert {waited for seq, waited in waited_ms.items() if (seq + 1) * PERIOD_MS > 1000} == {20}
    assert {estimate.standings[silent].status for _, estimate in published} == {"absent"}


def test_a_modality_that_dies_becomes_stale_with_a_growing_age_and_then_absent() -> None:
    every = _steady(Modality.FACE, 50, 20, 14_000) + _steady(Modality.VOICE, 50, 20, 2000)
    published = live(_fuser(LIVE), every, until_ms=14_000)
    standings = {e.interval.end_ns // MS: e.standings[Modality.VOICE] for _, e in published if e.revision == 0}
    assert standings[2000].status == "ok"
    assert standings[2000].age_ns == 0
    assert (standings[4000].status, standings[4000].age_ns) == ("stale", 2000 * MS)
    assert (standings[11_000].status, standings[11_000].age_ns) == ("absent", None)
    assert all(e.standings[Modality.FACE].status == "ok" for _, e in published)


def test_a_modality_that_comes_back_is_waited_for_and_used_again() -> None:
    back = [
        Told(told.at_ms + 4000, evidence(Modality.VOICE, 4000, told.what.interval.end_ns // MS + 4000))
        for told in _steady(Modality.VOICE, 50, 20, 1000)
        if isinstance(told.what, Embedding)
    ]
    every = _steady(Modality.FACE, 50, 20, 5000) + _steady(Modality.VOICE, 50, 20, 1000) + back
    published = live(_fuser(LIVE), every, until_ms=5000)
    standings = {e.interval.end_ns // MS: e.standings[Modality.VOICE].status for _, e in published if e.revision == 0}
    assert [standings[at_ms] for at_ms in (1000, 3000, 4400)] == ["ok", "stale", "ok"]


def test_a_modality_not_in_use_is_off_and_pushing_it_is_an_error() -> None:
    fuser = _fuser([Modality.VOICE])
    fuser.bound(Modality.VOICE, 200 * MS, 200 * MS)
    (estimate,) = fuser.advance(200 * MS)
    assert {m: standing.status for m, standing in estimate.standings.items()} == {
        Modality.FACE: "off",
        Modality.VOICE: "absent",
        Modality.TEXT: "off",
    }
    with pytest.raises(KeyError):
        fuser.push(evidence(Modality.FACE, 0, 100), 200 * MS)


def test_looking_and_seeing_nothing_is_absent_but_alive() -> None:
    fuser = _fuser([Modality.FACE])
    fuser.push(evidence(Modality.FACE, 0, 200, confidence=0.0, read=False), 210 * MS)
    fuser.bound(Modality.FACE, 200 * MS, 210 * MS)
    (estimate,) = fuser.advance(210 * MS)
    assert estimate.standings[Modality.FACE].status == "absent"
    assert estimate.final


def test_what_comes_after_the_final_revision_is_counted_and_not_used() -> None:
    fuser = _fuser([Modality.VOICE])
    fuser.bound(Modality.VOICE, 400 * MS, 400 * MS)
    fuser.advance(400 * MS)
    fuser.push(evidence(Modality.VOICE, 0, 100), 410 * MS)
    fuser.push(evidence(Modality.VOICE, 0, 400), 410 * MS)
    fuser.bound(Modality.VOICE, 600 * MS, 600 * MS)
    (estimate,) = fuser.advance(600 * MS)
    assert estimate.scores.confidence == 0.0
    assert fuser.losses == {"voice_late": 2}


def test_a_repeated_embedding_is_counted_and_used_once() -> None:
    fuser = _fuser([Modality.VOICE])
    for _ in range(3):
        fuser.push(evidence(Modality.VOICE, 0, 100), 110 * MS)
    fuser.close(Modality.VOICE)
    (estimate,) = fuser.advance(200 * MS)
    assert estimate.scores.confidence == 1.0
    assert fuser.losses == {"voice_repeated": 2}


def test_nothing_later_than_the_tick_is_used_for_it() -> None:
    fuser = _fuser([Modality.VOICE])
    fuser.push(evidence(Modality.VOICE, 0, 201), 205 * MS)
    fuser.bound(Modality.VOICE, 201 * MS, 205 * MS)
    (estimate,) = fuser.advance(205 * MS)
    assert estimate.scores.confidence == 0.0


def test_the_window_begins_with_the_session_and_then_moves_along() -> None:
    fuser = _fuser([Modality.VOICE], window_ns=500 * MS)
    fuser.close(Modality.VOICE)
    intervals = [(e.interval.start_ns // MS, e.interval.end_ns // MS) for e in fuser.advance(800 * MS)]
    assert intervals == [(0, 200), (0, 400), (100, 600), (300, 800)]


def test_a_session_taken_over_begins_with_the_first_whole_tick() -> None:
    fuser = Fuser(Spelled(), [Modality.VOICE], start_ns=4_900 * MS)
    published = live(fuser, [], until_ms=5500)
    assert [e.seq for _, e in published] == [25]
    assert published[0][1].interval.end_ns == 5200 * MS


def test_after_its_end_a_stream_holds_nothing_up() -> None:
    fuser = _fuser()
    for modality in Modality:
        fuser.close(modality)
    assert [e.final for e in fuser.advance(1000 * MS)] == [True] * 5


def test_what_is_due_can_be_had_one_by_one_and_is_made_no_sooner() -> None:
    fuser, other = _fuser(), _fuser()
    for modality in Modality:
        fuser.close(modality)
        other.close(modality)
    due = fuser.due(1000 * MS)
    first = next(due)
    assert fuser.next_end_ns == 400 * MS
    assert [first, *due] == other.advance(1000 * MS)


def test_an_estimate_over_a_stretch_of_its_own_leaves_the_grid_alone() -> None:
    fuser, alone = _fuser([Modality.VOICE]), _fuser([Modality.VOICE])
    for each in (fuser, alone):
        each.push(evidence(Modality.VOICE, 0, 100), 110 * MS)
        each.close(Modality.VOICE)
    over = fuser.over(Interval(50 * MS, 150 * MS))
    assert over.interval == Interval(50 * MS, 150 * MS)
    assert over.final
    assert fuser.advance(1000 * MS) == alone.advance(1000 * MS)


def test_memory_does_not_grow_with_time_nor_with_what_is_pushed() -> None:
    def held(seconds: int) -> int:
        fuser = _fuser(LIVE)
        every = [told for modality in LIVE for told in _steady(modality, 50, 20, seconds * 1000)]
        live(fuser, every, until_ms=seconds * 1000)
        return sum(len(timeline) for timeline in fuser._timelines.values())

    assert held(24) == held(12)


def test_a_flood_from_the_future_is_bounded_and_counted() -> None:
    fuser = _fuser([Modality.VOICE])
    for number in range(2500):
        fuser.push(evidence(Modality.VOICE, 10_000, 10_001 + number), 0)
    assert fuser.losses == {"voice_overflow": 500}


@pytest.mark.parametrize(
    "wrong",
    [
        {"period_ns": 50 * MS},
        {"period_ns": 501 * MS},
        {"max_wait_ns": -1},
        {"max_wait_ns": 4000 * MS},
        {"window_ns": 100 * MS},
    ],
)
def test_a_grid_that_cannot_be_kept_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="fusion"):
        replace(FuserSettings(), **wrong)

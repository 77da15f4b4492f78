from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.samples import Embedding, Modality
from fusion.timeline import Timeline
from tests.fusion.evidence import MS, evidence

stretches = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: (pair[0] * 20, (pair[0] + pair[1]) * 20))


def _timeline(*embeddings: Embedding, growing: bool = False) -> Timeline:
    timeline = Timeline(growing=growing)
    for embedding in embeddings:
        timeline.push(embedding, settled_ns=-1, now_ns=0)
    return timeline


def _ends_ms(embeddings: tuple[Embedding, ...]) -> list[int]:
    return [embedding.interval.end_ns // MS for embedding in embeddings]


@given(st.lists(stretches, unique=True).flatmap(lambda every: st.tuples(st.just(every), st.permutations(every))))
def test_what_is_known_does_not_depend_on_the_order_of_arrival(
    orders: tuple[list[tuple[int, int]], list[tuple[int, int]]],
) -> None:
    for growing in (False, True):
        told = [
            _ends_ms(
                _timeline(*(evidence(Modality.VOICE, *stretch) for stretch in order), growing=growing).known(
                    200 * MS, 900 * MS
                )
            )
            for order in orders
        ]
        assert told[0] == told[1]


@given(st.lists(stretches), st.integers(0, 1000), st.integers(0, 1000))
def test_what_is_known_of_a_window_ended_in_it_and_is_in_order_of_time(
    every: list[tuple[int, int]], since_ms: int, length_ms: int
) -> None:
    timeline = _timeline(*(evidence(Modality.VOICE, *stretch) for stretch in every))
    ends_ms = _ends_ms(timeline.known(since_ms * MS, (since_ms + length_ms) * MS))
    assert ends_ms == sorted(ends_ms)
    assert sorted(ends_ms) == sorted(end for _, end in set(every) if since_ms < end <= since_ms + length_ms)


@given(st.lists(stretches, max_size=60), st.integers(1, 10))
def test_it_never_holds_more_than_its_limit_and_counts_every_embedding_it_let_go(
    every: list[tuple[int, int]], limit: int
) -> None:
    timeline = Timeline(growing=False, limit=limit)
    for stretch in every:
        timeline.push(evidence(Modality.VOICE, *stretch), settled_ns=300 * MS, now_ns=1000 * MS)
    assert len(timeline) <= limit
    assert len(timeline) + sum(timeline.losses.values()) == len(every)


def test_a_repeated_embedding_is_counted_and_the_first_one_kept() -> None:
    first, again = evidence(Modality.FACE, 0, 100, sarcasm=0.1), evidence(Modality.FACE, 0, 100, sarcasm=0.9)
    timeline = _timeline(first, again)
    assert timeline.known(0, 200 * MS) == (first,)
    assert timeline.losses == {"repeated": 1, "late": 0, "overflow": 0}


@pytest.mark.parametrize(("growing", "kept"), [(False, 3), (True, 8)])
@pytest.mark.parametrize("order", [(3, 8), (8, 3)])
def test_of_two_for_one_stretch_the_same_one_stays_whichever_came_first(
    growing: bool, kept: int, order: tuple[int, int]
) -> None:
    timeline = _timeline(*(evidence(Modality.TEXT, 0, 100, seq=seq) for seq in order), growing=growing)
    assert [embedding.seq for embedding in timeline.known(0, 200 * MS)] == [kept]
    assert timeline.losses["repeated"] == 1


@given(st.lists(st.integers(-5, 60), max_size=40), st.integers(0, 60), st.integers(0, 60))
def test_a_watermark_never_goes_back_and_its_past_is_known_as_far_back_as_is_asked_for(
    bounds: list[int], until: int, forgotten: int
) -> None:
    timeline = Timeline(growing=False)
    for bound in bounds:
        timeline.bound(bound)
    assert timeline.bound_ns == max([-1, *bounds])
    timeline.forget_before(min(forgotten, until))
    risen = [bound for n, bound in enumerate(bounds) if bound > max([-1, *bounds[:n]])]
    assert timeline.bound_by(until) == max([-1, *(bound for bound in risen if bound <= until)])


def test_a_flood_of_watermarks_is_bounded_and_the_last_one_counts() -> None:
    timeline = Timeline(growing=False, limit=10)
    for bound in range(1000):
        timeline.bound(bound)
    assert len(timeline._bounds) == 10
    assert timeline.bound_ns == timeline.bound_by(999) == 999


def test_when_there_are_too_many_one_ahead_of_the_clock_goes_first() -> None:
    timeline = Timeline(growing=False, limit=2)
    for end_ms in (100, 900, 200):
        timeline.push(evidence(Modality.FACE, 0, end_ms), settled_ns=-1, now_ns=250 * MS)
    assert _ends_ms(timeline.known(0, 1000 * MS)) == [100, 200]


def test_an_embedding_of_a_settled_stretch_is_counted_as_late() -> None:
    timeline = Timeline(growing=False)
    timeline.push(evidence(Modality.FACE, 0, 100), settled_ns=100 * MS, now_ns=1000 * MS)
    timeline.push(evidence(Modality.FACE, 0, 101), settled_ns=100 * MS, now_ns=1000 * MS)
    assert len(timeline) == 1
    assert timeline.losses["late"] == 1


def test_the_oldest_embedding_goes_when_there_are_too_many() -> None:
    timeline = Timeline(growing=False, limit=2)
    for end_ms in (300, 100, 200):
        timeline.push(evidence(Modality.FACE, 0, end_ms), settled_ns=-1, now_ns=300 * MS)
    assert _ends_ms(timeline.known(0, 1000 * MS)) == [200, 300]
    assert timeline.losses["overflow"] == 1


def test_forgetting_lets_go_of_what_ended_by_then_and_of_nothing_else() -> None:
    timeline = _timeline(*(evidence(Modality.FACE, 0, end_ms) for end_ms in (100, 200, 300)))
    timeline.forget_before(200 * MS)
    assert _ends_ms(timeline.known(0, 1000 * MS)) == [300]


def test_of_a_growing_stretch_the_latest_revision_is_known() -> None:
    timeline = _timeline(*(evidence(Modality.TEXT, 0, end_ms) for end_ms in (500, 1000)), growing=True)
    assert _ends_ms(timeline.known(0, 2000 * MS)) == [1000]


def test_of_a_growing_stretch_that_goes_on_the_revision_that_had_just_heard_enough_is_known() -> None:
    timeline = _timeline(*(evidence(Modality.TEXT, 0, end_ms) for end_ms in (500, 1000, 1500)), growing=True)
    assert _ends_ms(timeline.known(0, 700 * MS)) == [1000]


def test_two_utterances_in_a_window_are_both_known() -> None:
    timeline = _timeline(evidence(Modality.TEXT, 0, 500), evidence(Modality.TEXT, 900, 1400), growing=True)
    assert _ends_ms(timeline.known(0, 2000 * MS)) == [500, 1400]


@given(
    st.lists(st.integers(1, 40), min_size=1, unique=True),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=20),
    st.integers(1, 40),
)
def test_what_is_known_of_a_moment_does_not_change_with_what_is_said_after_it(
    revision_ends: list[int], later: list[tuple[int, int]], moment: int
) -> None:
    """Once a revision has heard all up to the moment, nothing longer, and no utterance begun later, replaces it."""
    heard_all = max(*revision_ends, moment)
    said = [evidence(Modality.TEXT, 0, end) for end in {*revision_ends, heard_all}]
    timeline = _timeline(*said, growing=True)
    before = _ends_ms(timeline.known(0, moment * MS))
    for start, longer in later:
        begun = 0 if start < moment else start
        timeline.push(evidence(Modality.TEXT, begun, max(begun, heard_all) + longer), settled_ns=-1, now_ns=0)
    assert _ends_ms(timeline.known(0, moment * MS)) == before

"""What every evaluation shares: cases whose answer is known, and what holds for all cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.measures import (
    Figure,
    auc,
    auc_matched,
    auc_within,
    auc_within_frequent,
    bootstrap,
    brier,
    concordance,
    count_flips,
    detection_time,
    ece,
    edit_overhead,
    f1,
    frequent,
    judge,
    paired,
    pearson,
)

labelled = st.lists(st.tuples(st.booleans(), st.integers(0, 100)), min_size=2, max_size=60)
"""Truth and a score in hundredths, so that ties occur."""


def _split(rows: list[tuple[bool, int]]) -> tuple[np.typing.NDArray[np.bool_], np.typing.NDArray[np.float64]]:
    return np.array([truth for truth, _ in rows]), np.array([score / 100 for _, score in rows])


def _mean_of(count: int) -> Figure:
    values = np.arange(count) % 2
    return bootstrap(lambda rows: float(values[rows].mean()), count, resamples=1000)


def test_auc_counts_ordered_pairs_and_halves_ties() -> None:
    truth = np.array([True, True, False, False])
    assert auc(truth, np.array([0.9, 0.5, 0.5, 0.1])) == pytest.approx(3.5 / 4)


@pytest.mark.parametrize("kind", [True, False])
def test_auc_of_one_kind_alone_is_not_a_number(kind: bool) -> None:
    assert np.isnan(auc(np.array([kind, kind]), np.array([0.1, 0.2], np.float32)))


@given(labelled)
def test_auc_is_the_share_of_pairs_in_order_and_turns_round_with_the_score(rows: list[tuple[bool, int]]) -> None:
    truth, score = _split(rows)
    pairs = [(t, f) for t in score[truth] for f in score[~truth]]
    if not pairs:
        return
    assert auc(truth, score) == pytest.approx(np.mean([(t > f) + (t == f) / 2 for t, f in pairs]))
    assert auc(truth, -score) == pytest.approx(1 - auc(truth, score))
    assert auc_within(truth, score, np.full(len(rows), "ONE")) == pytest.approx(auc(truth, score))


def test_knowing_who_speaks_earns_nothing_within_speakers() -> None:
    truth = np.array([i % 10 < 8 for i in range(50)] + [i % 10 < 2 for i in range(50)])
    speakers = np.repeat(["WAG", "SAINT"], 50)
    knows_the_speaker = np.repeat([0.8, 0.1], 50)
    assert auc(truth, knows_the_speaker) > 0.75
    assert auc_within(truth, knows_the_speaker, speakers) == 0.5
    assert auc_within_frequent(truth, knows_the_speaker, speakers, frequent(speakers)) == 0.5


@given(labelled)
def test_matched_by_everything_a_size_tells_nothing(rows: list[tuple[bool, int]]) -> None:
    truth, size = _split(rows)
    one = np.full(len(rows), "ONE")
    anything_goes = auc_matched(truth, size, one, size, np.inf)
    if truth.any() and not truth.all():
        assert anything_goes == pytest.approx(auc(truth, size))
    same_only = auc_matched(truth, size, one, size, 0.005)
    assert np.isnan(same_only) or same_only == 0.5


def test_rare_speakers_and_those_of_one_kind_do_not_count_within() -> None:
    speakers = np.repeat(["OFTEN", "RARE", "ALWAYS"], [20, 19, 20])
    truth = np.concatenate([np.arange(39) % 2 == 0, np.ones(20, bool)])
    right, wrong = truth.astype(float), 1.0 - truth
    score = np.where(speakers == "OFTEN", right, wrong)
    assert frequent(speakers) == {"OFTEN", "ALWAYS"}
    assert auc_within_frequent(truth, score, speakers, frequent(speakers)) == 1.0


def test_f1_is_the_textbooks() -> None:
    truth, guess = np.array([1, 1, 1, 0]), np.array([1, 1, 0, 0])
    assert f1(truth, guess, "macro") == pytest.approx((0.8 + 2 / 3) / 2)
    assert f1(truth, guess, "weighted") == pytest.approx(0.75 * 0.8 + 0.25 * 2 / 3)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
def test_f1_is_scikit_learns(rows: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    truth, guess = (np.array(column) for column in zip(*rows, strict=True))
    for average in ("macro", "weighted"):
        theirs = metrics.f1_score(truth, guess, average=average, zero_division=0)
        assert f1(truth, guess, "macro" if average == "macro" else "weighted") == pytest.approx(theirs)


def test_brier_and_calibration_error_of_a_constant() -> None:
    truth, half = np.arange(100) % 4 == 0, np.full(100, 0.5)
    assert brier(truth, half) == pytest.approx(0.25)
    assert ece(truth, half) == pytest.approx(0.25)


@given(labelled)
def test_calibration_error_lies_between_the_gap_of_the_means_and_the_mean_gap(rows: list[tuple[bool, int]]) -> None:
    truth, score = _split(rows)
    error = ece(truth, score)
    assert abs(float((score - truth).mean())) - 1e-12 <= error <= float(np.abs(score - truth).mean()) + 1e-12
    assert ece(truth, truth.astype(float)) == 0


def test_pearson_and_concordance_of_a_constant_are_zero() -> None:
    assert pearson(np.array([1.0, 2.0]), np.array([3.0, 3.0])) == 0.0
    assert concordance(np.array([3.0, 3.0]), np.array([3.0, 3.0])) == 0.0


@given(
    st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=3, max_size=30), st.floats(0.1, 3), st.floats(-1, 1)
)
def test_concordance_asks_for_level_and_spread_where_pearson_does_not(
    values: list[float], spread: float, level: float
) -> None:
    truth = np.array(values)
    if truth.std() < 0.01:
        return
    moved = spread * truth + level
    assert pearson(truth, moved) == pytest.approx(1)
    assert concordance(truth, truth) == pytest.approx(1)
    assert concordance(truth, moved) <= 1 + 1e-9
    assert concordance(truth, -truth + 2 * truth.mean()) == pytest.approx(-1)


def test_the_interval_holds_the_figure_and_narrows_with_more_rows() -> None:
    few, many = _mean_of(100), _mean_of(1000)
    assert few.low < few.value == 0.5 < few.high
    assert many.high - many.low < few.high - few.low
    assert _mean_of(100) == few


def test_resamples_without_the_measure_are_left_out() -> None:
    figure = bootstrap(lambda rows: 1.0 if 0 in rows else float("nan"), 3, resamples=50)
    assert (figure.value, figure.low, figure.high) == (1, 1, 1)
    assert np.isnan(bootstrap(lambda _: float("nan"), 3, resamples=5).low)


def test_a_paired_gain_is_certain_where_two_separate_intervals_overlap() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 1, 300)
    worse = rng.normal(0, 1, 300)
    better = worse + 0.2

    def mean(rows: np.typing.NDArray[np.intp], score: np.typing.NDArray[np.float64]) -> float:
        return float((score[rows] + truth[rows]).mean())

    gain = paired(mean, better, worse)
    assert gain.value == pytest.approx(0.2)
    assert gain.certain
    assert bootstrap(lambda rows: mean(rows, better), 300).low < bootstrap(lambda rows: mean(rows, worse), 300).high


def test_a_way_without_a_ranking_has_no_auc() -> None:
    truth, speakers = np.arange(40) % 2 == 0, np.full(40, "WAG")
    assert judge(truth, np.zeros(40), speakers).auc is None
    ranked = judge(truth, np.linspace(0, 1, 40), speakers)
    assert ranked.auc is not None
    assert ranked.auc_within_frequent is not None
    assert judge(truth[:19], np.linspace(0, 1, 19), speakers[:19]).auc_within_frequent is None


def test_flips_and_their_overhead() -> None:
    steady, hasty, mistaken = ([False, True, True], [True, False, True], [False, True, False])
    assert [count_flips(np.array(course)) for course in (steady, hasty, mistaken)] == [1, 3, 2]
    assert edit_overhead([np.array(steady)]) == 0
    assert edit_overhead([np.array(hasty)]) == pytest.approx(2 / 3)
    assert edit_overhead([np.array(mistaken)]) == 1
    assert np.isnan(edit_overhead([np.array([False, False])]))


@given(st.lists(st.lists(st.booleans(), max_size=12), min_size=1, max_size=5))
def test_overhead_is_a_share(courses: list[list[bool]]) -> None:
    overhead = edit_overhead([np.array(course, bool) for course in courses])
    assert np.isnan(overhead) or 0 <= overhead <= 1


def test_detection_is_timed_from_the_onset() -> None:
    at_s = np.array([0.2, 0.4, 0.6])
    assert detection_time(np.array([False, True, True]), at_s, 0.1) == pytest.approx(0.3)
    assert np.isnan(detection_time(np.array([False] * 3), at_s, 0.1))


def test_what_is_not_defined_is_a_dash() -> None:
    nowhere = Figure(math.nan, math.nan, math.nan)
    assert nowhere.percent() == nowhere.fraction() == "–"
    assert Figure(0.5, 0.25, 0.75).percent() == "50.0 [25.0, 75.0]"

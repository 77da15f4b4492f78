from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.hysteresis import Hysteresis

probabilities = st.one_of(st.none(), st.floats(0, 1))


def _states(*probabilities: float | None) -> list[str]:
    hysteresis = Hysteresis()
    return [hysteresis.push(probability) for probability in probabilities]


def test_it_is_off_until_the_upper_threshold_is_reached() -> None:
    assert _states(0.5, 0.59, 0.6) == ["off", "off", "on"]


def test_it_stays_on_until_the_lower_threshold_is_reached() -> None:
    assert _states(0.7, 0.5, 0.41, 0.4, 0.5) == ["on", "on", "on", "off", "off"]


def test_without_a_probability_it_is_unknown_and_forgets_that_it_was_on() -> None:
    assert _states(0.9, None, 0.5) == ["on", "unknown", "off"]


@given(st.lists(st.floats(0.41, 0.59)))
def test_it_never_changes_while_the_probability_stays_between_the_thresholds(between: list[float]) -> None:
    assert set(_states(*between)) <= {"off"}
    assert set(_states(0.9, *between)) == {"on"}


@given(st.lists(probabilities))
def test_it_is_unknown_exactly_where_there_is_no_probability(told: list[float | None]) -> None:
    assert [state == "unknown" for state in _states(*told)] == [probability is None for probability in told]


@pytest.mark.parametrize(("on", "off"), [(0.4, 0.6), (1.1, 0.4), (0.6, -0.1)])
def test_thresholds_in_the_wrong_order_or_outside_a_probability_are_refused(on: float, off: float) -> None:
    with pytest.raises(ValueError, match="0 <= off <= on <= 1"):
        Hysteresis(on, off)


@given(st.lists(probabilities), st.lists(probabilities), probabilities)
def test_what_would_be_said_is_what_is_said_and_asking_changes_nothing(
    before: list[float | None], between: list[float | None], probability: float | None
) -> None:
    asked, told = Hysteresis(), Hysteresis()
    for each in before:
        asked.push(each)
        told.push(each)
    foreseen = [asked.after(between, probability) for _ in range(2)]
    assert foreseen == [[told.push(each) for each in [*between, probability]][-1]] * 2

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadpan.bridge.queries import QueryError, Wanted, read_query
from deadpan.messages import MESSAGE_TYPES


def test_nothing_asked_for_is_everything() -> None:
    assert read_query([]) == Wanted(types=None, stream=None)


def test_types_may_be_listed_and_repeated() -> None:
    asked = read_query([("types", "estimate,utterance"), ("types", "event"), ("stream", "kitchen")])
    assert asked == Wanted(frozenset({"estimate", "utterance", "event"}), "kitchen")


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("types", "estimat", "no such message type: 'estimat'; did you mean estimate?"),
        ("types", "mood", "no such message type: 'mood'; there are estimate, utterance"),
        ("types", "", "no such message type: ''; there are"),
        ("types", "estimate,", "no such message type: ''"),
        ("types", "Estimate", "did you mean estimate?"),
        ("type", "estimate", "unknown parameter 'type'; there are types and stream"),
        ("stream", "", "no stream can be called ''"),
        ("stream", "a/b", "no stream can be called 'a/b'"),
        ("stream", "x" * 65, "no stream can be called"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(name: str, value: str, complaint: str) -> None:
    with pytest.raises(QueryError) as refused:
        read_query([(name, value)])
    assert complaint in str(refused.value)


def test_two_streams_are_refused() -> None:
    with pytest.raises(QueryError, match="two streams asked for"):
        read_query([("stream", "a"), ("stream", "b")])


_NAMES = st.sampled_from(["types", "stream", "Types", ""]) | st.text()
_VALUES = st.sampled_from(["estimate", "estimate,welcome", "default"]) | st.text()


@given(st.lists(st.tuples(_NAMES, _VALUES)))
def test_any_query_is_answered_or_refused_in_one_short_line(pairs: list[tuple[str, str]]) -> None:
    complaint = ""
    try:
        asked = read_query(pairs)
    except QueryError as refused:
        complaint = str(refused)
    else:
        assert asked.types is None or asked.types <= MESSAGE_TYPES.keys()
    assert len(complaint) < 600
    assert complaint == "" or complaint.isprintable()

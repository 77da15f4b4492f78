from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.stream.doorman import Doorman, Limits

S = 1_000_000_000
LIMITS = Limits(connections=3, topics=4, topic_bytes=10, held_bytes=24, burst=20, requests_per_s=10, refused_s=5)


@pytest.fixture
def doorman() -> Doorman:
    doorman = Doorman(LIMITS)
    doorman.arrive(7, "", 0)
    return doorman


def _asked(doorman: Doorman, *requests: bytes, connection: int = 7, now_ns: int = 0) -> list[list[int]]:
    return [doorman.ask(connection, "", request, now_ns) for request in requests]


def test_who_asks_for_little_stays(doorman: Doorman) -> None:
    assert not any(_asked(doorman, b"\x01a", b"\x01b", b"\x00a", b"\x01deadpan/1/"))
    assert doorman.counters == {"connections": 1, "cut_off": 0, "turned_away": 0, "refused": 0}


def test_too_many_topics_too_long_a_topic_or_too_much_in_all_is_cut(doorman: Doorman) -> None:
    assert _asked(doorman, b"\x01a", b"\x01b", b"\x01c", b"\x01d", b"\x01e")[-2:] == [[], [7]]
    doorman.arrive(8, "", 0)
    assert doorman.ask(8, "", b"\x01" + b"x" * 11, 0) == [8]
    doorman.arrive(9, "", 0)
    assert _asked(doorman, b"\x01" + b"x" * 10, b"\x01" + b"y" * 10, b"\x01" + b"z" * 10, connection=9)[-1] == [9]
    assert doorman.counters["cut_off"] == 3
    assert doorman.counters["connections"] == 0


def test_the_same_topic_again_and_a_topic_given_up_take_no_room(doorman: Doorman) -> None:
    for topic in (b"a", b"b", b"c", b"d", b"e", b"f"):
        assert not any(_asked(doorman, b"\x01" + topic, b"\x01" + topic, b"\x00" + topic))


def test_a_storm_of_requests_is_cut_and_a_steady_trickle_is_not(doorman: Doorman) -> None:
    for second in range(100):
        assert not any(_asked(doorman, *[b"\x01a", b"\x00a"] * 5, now_ns=second * S))
    assert _asked(doorman, *[b"\x01a", b"\x00a"] * 11, now_ns=100 * S)[-3:] == [[], [7], []]


def test_garbage_counts_as_asking(doorman: Doorman) -> None:
    assert _asked(doorman, *[b"", b"\x02", b"\xff" * 9] * 7)[-1] == [7]


def test_one_that_was_cut_is_not_heard_any_more(doorman: Doorman) -> None:
    doorman.ask(7, "", b"\x01" + b"x" * 11, 0)
    assert _asked(doorman, *[b"\x01a"] * 100) == [[]] * 100
    assert doorman.counters["cut_off"] == 1


def test_a_full_house_sends_the_oldest_silent_one_away(doorman: Doorman) -> None:
    assert doorman.arrive(8, "", 0) == []
    assert doorman.arrive(9, "", 0) == []
    doorman.ask(7, "", b"\x01a", 0)
    assert doorman.arrive(10, "", 0) == [8]
    assert doorman.counters == {"connections": 3, "cut_off": 0, "turned_away": 1, "refused": 0}


def test_a_house_full_of_subscribers_lets_nobody_else_in(doorman: Doorman) -> None:
    for connection in (7, 8, 9):
        doorman.arrive(connection, "", 0)
        doorman.ask(connection, "", b"\x01a", 0)
    assert doorman.arrive(10, "", 0) == [10]
    doorman.leave(8)
    assert doorman.arrive(11, "", 0) == []


def test_all_connections_of_a_peer_that_misbehaves_go_and_it_is_refused_for_a_while() -> None:
    doorman = Doorman(Limits(topics=1))
    for connection, peer in ((1, "process 5"), (2, "process 6"), (3, "process 5")):
        assert doorman.arrive(connection, peer, 0) == []
    _asked(doorman, b"\x01a", connection=1)
    assert doorman.ask(1, "", b"\x01b", S) == [1, 3]
    assert doorman.arrive(4, "process 5", 2 * S) == [4]
    assert not doorman.admit("process 5", 10 * S)
    assert doorman.admit("process 6", 2 * S)
    assert doorman.admit("process 5", 11 * S)
    assert doorman.arrive(5, "process 5", 11 * S) == []
    assert doorman.counters["cut_off"] == 2


def test_a_peer_known_only_from_what_it_says_is_known_from_then_on() -> None:
    doorman = Doorman()
    doorman.arrive(1, "", 0)
    doorman.arrive(2, "", 0)
    doorman.ask(1, "KEY", b"\x01a", 0)
    doorman.ask(2, "OTHER", b"\x01a", 0)
    assert doorman.expel(lambda peer: peer == "OTHER") == [1]
    assert doorman.expel(lambda peer: peer == "OTHER") == []
    assert doorman.counters["cut_off"] == 1


def test_a_number_that_is_used_again_is_somebody_else(doorman: Doorman) -> None:
    _asked(doorman, b"\x01a", b"\x01b", b"\x01c", b"\x01d")
    doorman.arrive(7, "", 0)
    assert _asked(doorman, b"\x01e") == [[]]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["arrive", "leave", "ask", "expel"]),
            st.integers(0, 6),
            st.sampled_from(["", "process 1", "process 2"]),
            st.binary(max_size=14),
        ),
        max_size=200,
    )
)
def test_whatever_comes_it_is_bounded_and_who_is_cut_was_there(steps: list[tuple[str, int, str, bytes]]) -> None:
    doorman = Doorman(LIMITS)
    for now_ns, (step, connection, peer, request) in enumerate(steps):
        match step:
            case "arrive":
                assert set(doorman.arrive(connection, peer, now_ns)) <= set(range(7))
            case "leave":
                doorman.leave(connection)
            case "ask":
                doorman.ask(connection, peer, request, now_ns)
            case _:
                doorman.expel(lambda known, peer=peer: known == peer)  # type: ignore[misc]  # of this step's peer
        assert doorman.counters["connections"] <= LIMITS.connections
        assert all(
            each.held_bytes == sum(map(len, each.held)) <= LIMITS.held_bytes for each in doorman._visitors.values()
        )

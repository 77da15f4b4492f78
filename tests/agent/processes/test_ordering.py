"""What several encoders say comes in one order, whichever of them is the faster."""

from __future__ import annotations

import heapq

from hypothesis import given
from hypothesis import strategies as st

from agent.config import FusionConfig
from agent.processes.fusing import FusingStage
from agent.processes.ordering import Ordering, Playback
from agent.processes.wire import Bound, Ended, Timed
from deadpan.messages import Estimate, Event, Message
from encoders.samples import Modality

MS = 1_000_000
VOICE = Modality.VOICE

streams = st.lists(st.lists(st.integers(0, 20), max_size=8).map(sorted), min_size=1, max_size=4)


def numbered(streams: list[list[int]]) -> list[list[Timed]]:
    """Values that tell apart who sent them, and as which."""
    return [
        [Timed(at_ns, Bound(VOICE, 1000 * sender + n)) for n, at_ns in enumerate(stream)]
        for sender, stream in enumerate(streams)
    ]


@given(streams=streams, data=st.data())
def test_the_order_is_that_of_time_then_of_the_senders_whoever_comes_first(
    streams: list[list[int]], data: st.DataObject
) -> None:
    sent = numbered(streams)
    ordering = Ordering(len(sent))
    left = [list(stream) for stream in sent]
    open_senders = set(range(len(sent)))
    given_out: list[Timed] = []
    while open_senders:
        sender = data.draw(st.sampled_from(sorted(open_senders)))
        if left[sender]:
            ordering.push(sender, left[sender].pop(0))
        else:
            ordering.close(sender)
            open_senders.discard(sender)
        given_out += ordering.certain()
    assert given_out == list(heapq.merge(*sent, key=lambda timed: timed.at_ns))
    assert ordering.awaited is None


@given(streams=streams)
def test_hearing_of_whom_it_waits_for_is_enough(streams: list[list[int]]) -> None:
    sent = numbered(streams)
    ordering = Ordering(len(sent))
    left = [iter(stream) for stream in sent]
    given_out: list[Timed] = []
    while (sender := ordering.awaited) is not None:
        timed = next(left[sender], None)
        if timed is None:
            ordering.close(sender)
        else:
            ordering.push(sender, timed)
        given_out += ordering.certain()
    assert given_out == list(heapq.merge(*sent, key=lambda timed: timed.at_ns))


def test_a_sender_s_bound_lets_the_others_go_on() -> None:
    ordering = Ordering(2)
    early, late = Timed(10, Bound(VOICE, 1)), Timed(30, Bound(VOICE, 2))
    ordering.push(0, early)
    ordering.push(0, late)
    assert list(ordering.certain()) == []
    assert ordering.awaited == 1
    ordering.bound(1, 20)
    assert list(ordering.certain()) == [early]
    ordering.bound(1, 30)
    assert list(ordering.certain()) == [late]


def test_of_the_same_moment_the_first_sender_comes_first() -> None:
    ordering = Ordering(2)
    of_second = Timed(10, Bound(VOICE, 2))
    ordering.push(1, of_second)
    ordering.bound(0, 10)
    assert list(ordering.certain()) == []  # the first may yet say something of that moment
    ordering.bound(0, 11)
    assert list(ordering.certain()) == [of_second]


def test_what_was_due_before_a_value_comes_before_it() -> None:
    playback = Playback(FusingStage(FusionConfig(), [VOICE], "session", "default"))
    messages: list[Message] = list(playback.push(Timed(900 * MS, Bound(VOICE, 900 * MS))))
    assert [m.end_ns for m in messages if isinstance(m, Estimate) and m.revision == 0] == [
        200 * MS,
        400 * MS,
        600 * MS,
        800 * MS,
    ]
    *_, last = [*playback.push(Timed(900 * MS, Ended(VOICE.value))), *playback.finish()]
    assert isinstance(last, Event)
    assert last.name == "source_ended"

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deadpan.messages import Estimate, Message, Sarcasm, SpokenWord, Transcript, Utterance, type_name
from deadpan.timeline import Timeline
from tests.deadpan.sent import S, estimate, every_type, utterance

HOUR = 3600 * S
TICK = S // 5
MS = 1_000_000


def tick(seq: int, revision: int = 0, *, final: bool | None = None, session: str = "s1", **rest: object) -> Estimate:
    """The estimate of tick `seq` of a grid of 5 Hz, published when it ends."""
    end_ns = (seq + 1) * TICK
    told = estimate(seq, revision, session=session)
    times = {"start_ns": max(0, end_ns - 8 * S), "end_ns": end_ns, "published_ns": end_ns}
    return msgspec.structs.replace(told, final=revision > 0 if final is None else final, **(times | rest))


def said(number: int, start_s: float, end_s: float, **rest: object) -> Utterance:
    times = {"start_ns": round(start_s * S), "end_ns": round(end_s * S), "published_ns": round(end_s * S) + 300 * MS}
    return msgspec.structs.replace(utterance(number), utterance_id=number, **(times | rest))


def heard(
    number: int, revision: int, start_s: float, end_s: float, *, final: bool = False, words: int = 1
) -> Transcript:
    word = SpokenWord(text="Oh", start_ns=0, end_ns=S, probability=0.9, timing="estimated")
    return Transcript(
        session="s1",
        stream="default",
        seq=number * 100 + revision,
        start_ns=round(start_s * S),
        end_ns=round(end_s * S),
        created_ns=0,
        published_ns=round(end_s * S),
        model="m",
        utterance_id=number,
        revision=revision,
        final=final,
        committed=(word,) * words,
        tentative=(),
    )


def remembered(*messages: Message, offset_ns: int = 0, keep_s: float = 120.0) -> Timeline:
    """A timeline that received each message as it was published, on a clock that is `offset_ns` ahead."""
    timeline = Timeline(keep_s)
    for message in messages:
        timeline.add(message, message.published_ns + offset_ns)
    return timeline


# What is lost, repeated and revised


@dataclass
class Publisher:
    """Numbers messages as an agent does, and knows the last one of each type."""

    session: str = "s1"
    counts: dict[str, int] = field(default_factory=dict)
    last: dict[str, Message] = field(default_factory=dict)
    at_ns: int = 0

    def next(self, name: str) -> Message:
        self.at_ns += 10 * MS
        seq = self.counts.get(name, 0)
        self.counts[name] = seq + 1
        model = next(message for message in every_type() if type_name(message) == name)
        return self._sent(msgspec.structs.replace(model, session=self.session, seq=seq, published_ns=self.at_ns))

    def revise(self, back: int) -> Message | None:
        """The final revision of an estimate that was first published `back` ticks ago."""
        self.at_ns += 10 * MS
        seq = self.counts.get("estimate", 0) - 1 - back
        return None if seq < 0 else self._sent(tick(seq, 1, session=self.session, published_ns=self.at_ns))

    def _sent(self, message: Message) -> Message:
        self.last[type_name(message)] = message
        return message


NAMES = ("estimate", "utterance", "transcript", "event", "health", "welcome")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from(NAMES), st.booleans()),
        st.tuples(st.just("revise"), st.integers(0, 4), st.booleans()),
        st.tuples(st.just("repeat"), st.sampled_from(NAMES), st.booleans()),
    ),
    max_size=80,
)


@given(STEPS)
def test_losses_are_exactly_what_was_not_received_between_two_that_were(
    steps: list[tuple[str, str | int, bool]],
) -> None:
    publisher, timeline = Publisher(), Timeline()
    received: dict[str, set[int]] = {name: set() for name in NAMES}
    for kind, about, lost in steps:
        if kind == "publish":
            message: Message | None = publisher.next(str(about))
        elif kind == "revise":
            message = publisher.revise(int(about))
        else:
            message = publisher.last.get(str(about))
        if message is not None and not lost:
            timeline.add(message, publisher.at_ns)
            if getattr(message, "revision", 0) == 0 or not isinstance(message, Estimate):
                received[type_name(message)].add(message.seq)
    expected = {name: max(seqs) - min(seqs) + 1 - len(seqs) for name, seqs in received.items() if seqs}
    assert dict(timeline.losses) == {name: count for name, count in expected.items() if count}


@given(STEPS)
def test_a_message_is_new_once_and_never_again(steps: list[tuple[str, str | int, bool]]) -> None:
    publisher, timeline = Publisher(), Timeline()
    for kind, about, _ in steps:
        if kind == "repeat":
            repeated = publisher.last.get(str(about))
            assert repeated is None or not timeline.add(repeated, publisher.at_ns)
        elif kind == "publish":
            assert timeline.add(publisher.next(str(about)), publisher.at_ns)
        elif (revised := publisher.revise(int(about))) is not None:
            timeline.add(revised, publisher.at_ns)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_new_session_has_new_numbers_and_a_new_axis(before: int, after: int) -> None:
    timeline = remembered(tick(before))
    again = tick(after, session="s2")
    timeline.add(again, 5 * HOUR)
    assert not timeline.losses
    assert (timeline.session, timeline.sessions_seen) == ("s2", 2)
    assert timeline.session_ns(5 * HOUR) == again.published_ns
    old = timeline.at(0, (before + 1) * TICK, 5 * HOUR)
    assert not old.utterances


@given(st.integers(1, 1000), st.integers(0, 1000))
def test_numbers_that_go_back_within_a_session_are_no_loss(before: int, after: int) -> None:
    """As after a restart of the fusion process alone."""
    first = msgspec.structs.replace(utterance(before), published_ns=S)
    again = msgspec.structs.replace(utterance(min(before, after)), published_ns=2 * S)
    timeline = remembered(first, again)
    assert not timeline.losses
    assert timeline.latest("utterance") == again
    assert timeline.sessions_seen == 1


# Time


@given(
    st.integers(-10 * HOUR, 10 * HOUR),
    st.lists(st.tuples(st.integers(0, 40 * MS), st.booleans()), min_size=1, max_size=60),
)
def test_clocks_are_told_apart_by_the_messages_alone(offset_ns: int, delays: list[tuple[int, bool]]) -> None:
    """Whatever the local clock shows: an hour off, or another machine's."""
    timeline, least = Timeline(), min(delay for delay, _ in delays)
    old = msgspec.structs.replace(utterance(), published_ns=0)
    for number, (delay_ns, repeats) in enumerate(delays):
        told = tick(number)
        timeline.add(told, told.published_ns + delay_ns + offset_ns)
        assert timeline.lag_ms == pytest.approx(
            (delay_ns - min(delay for delay, _ in delays[: number + 1])) / MS, abs=1e-3
        )
        if repeats and number:  # for the sake of a newcomer, long after it was published
            lag_ms = timeline.lag_ms
            timeline.add(msgspec.structs.replace(old, seq=number), told.published_ns + delay_ns + offset_ns)
            assert timeline.lag_ms == lag_ms
    assert timeline.session_ns(77 * S + offset_ns) == 77 * S - least


def test_last_values_do_not_spoil_the_time_of_a_newcomer() -> None:
    """The welcome comes first and is of now, what follows is old; without a welcome the first live message tells."""
    welcome = msgspec.structs.replace(every_type()[-1], published_ns=300 * S)
    old: list[Message] = [msgspec.structs.replace(utterance(), published_ns=20 * S), tick(1000)]
    for greeting in ([welcome, *old], old):
        timeline = Timeline()
        for message in greeting:
            timeline.add(message, 300 * S + HOUR)
        timeline.add(tick(1600), 1601 * TICK + HOUR)
        assert timeline.session_ns(HOUR + 330 * S) == 330 * S
        assert timeline.lag_ms == 0.0


def test_a_clock_that_drifts_is_followed_within_a_minute() -> None:
    timeline = Timeline()
    for number in range(5 * 600):
        told = tick(number)
        timeline.add(told, round(told.published_ns * 1.0001))  # a tenth of a second in a thousand
    assert timeline.lag_ms is not None
    assert timeline.lag_ms < 7
    assert abs(timeline.session_ns(round(600 * S * 1.0001)) - 600 * S) < 7 * MS


def test_before_the_first_message_nothing_is_known_and_nothing_invented() -> None:
    timeline = Timeline()
    assert timeline.latest() is None
    assert (timeline.session, timeline.lag_ms, timeline.age_ms(5)) == (None, None, None)
    assert timeline.session_ns(5) == 5
    stretch = timeline.at(0, S, 5)
    assert (stretch.reason, stretch.complete, stretch.sarcasm.probability) == ("never_connected", False, None)


def test_its_age_is_the_time_since_the_last_message() -> None:
    assert remembered(tick(4)).age_ms(tick(4).published_ns + 40 * MS) == 40.0


# Stretches


def test_a_turn_is_answered_by_its_utterance() -> None:
    messages: list[Message] = [*(tick(number) for number in range(15)), said(0, 1.0, 2.0)]
    turn = remembered(*messages).at(S, 2 * S, 3 * S)
    assert (turn.complete, turn.reason, turn.text, turn.rcs) == (True, "", "Oh great…", utterance().rcs)
    assert (turn.sarcasm, turn.sentiment, turn.cues) == (utterance().sarcasm, utterance().sentiment, utterance().cues)


def test_what_follows_an_utterance_is_finished_with_when_a_final_estimate_covers_it() -> None:
    messages: list[Message] = [*(tick(number) for number in range(15)), said(0, 1.0, 1.8)]
    timeline = remembered(*messages)
    turn = timeline.at(S, 2 * S, 3 * S)
    assert (turn.complete, turn.reason, turn.text) == (False, "", "Oh great…")
    timeline.add(tick(8, 1), 4 * S)
    assert not timeline.at(S, 2 * S, 4 * S).complete
    timeline.add(tick(9, 1), 4 * S)
    assert timeline.at(S, 2 * S, 4 * S).complete


def test_an_utterance_still_spoken_holds_its_stretch_open() -> None:
    """Words that are settled in the middle of it let final estimates pass."""
    spoken = [tick(number, final=True) for number in range(15)]
    timeline = remembered(*spoken, heard(0, 1, 1.0, 2.5))
    assert not timeline.at(S, 2 * S, 3 * S).complete
    assert timeline.at(0, S, 3 * S).complete
    timeline.add(heard(0, 2, 1.0, 2.5, final=True), 3 * S)
    assert not timeline.at(S, 2 * S, 3 * S).complete  # its words are known, the answer comes with the utterance
    timeline.add(said(0, 1.0, 2.5), 3 * S)
    assert timeline.at(S, 2 * S, 3 * S).complete


def test_an_utterance_whose_recognizer_died_does_not_hold_it_for_ever() -> None:
    spoken = [tick(number, final=True) for number in range(28)]
    timeline = remembered(*spoken, heard(0, 1, 1.0, 2.5))
    turn = timeline.at(S, 2 * S, 6 * S)
    assert (turn.complete, turn.reason) == (True, "nothing_said")


def test_speech_without_a_word_understood_is_said_to_be_that() -> None:
    spoken = [tick(number, final=True) for number in range(15)]
    turn = remembered(*spoken, heard(0, 1, 1.0, 2.0), heard(0, 2, 1.0, 2.0, final=True, words=0)).at(S, 2 * S, 3 * S)
    assert (turn.complete, turn.reason, turn.text, turn.rcs) == (True, "not_understood", "", "")


def test_silence_is_said_to_be_that_and_keeps_what_voice_and_face_tell() -> None:
    turn = remembered(*(tick(number, final=True) for number in range(15))).at(S, 2 * S, 3 * S)
    assert (turn.complete, turn.reason) == (True, "nothing_said")
    assert turn.sarcasm == Sarcasm(probability=None, state="unknown", reason="nothing_said")
    assert (turn.sentiment.literal, turn.sentiment.delivered, turn.sentiment.intended) == (None, -0.5, -0.5)


def test_why_the_agent_does_not_know_is_passed_on() -> None:
    unknown = Sarcasm(probability=None, state="unknown", reason="source_silent")
    turn = remembered(*(tick(n, final=True, sarcasm=unknown) for n in range(15))).at(S, 2 * S, 3 * S)
    assert (turn.reason, turn.sarcasm.reason) == ("source_silent", "source_silent")


def test_without_a_recognizer_the_last_estimate_answers() -> None:
    deaf = estimate().modalities | {"text": estimate().modalities["face"]}
    turn = remembered(*(tick(n, final=True, modalities=deaf) for n in range(15))).at(S, 2 * S, 3 * S)
    assert (turn.complete, turn.reason) == (True, "")
    assert (turn.sarcasm, turn.sentiment) == (estimate().sarcasm, estimate().sentiment)


def test_of_several_utterances_the_most_sarcastic_speaks_and_feelings_are_weighed_by_time() -> None:
    plain = Sarcasm(probability=0.1, state="off")
    calm = msgspec.structs.replace(utterance().sentiment, delivered=0.5, literal=None)
    both = [said(1, 4.0, 7.0, text="It rains.", sarcasm=plain, sentiment=calm), said(0, 1.0, 2.0)]
    turn = remembered(tick(0), *both).at(0, 10 * S, 10 * S)
    assert [each.utterance_id for each in turn.utterances] == [0, 1]
    assert turn.text == "Oh great… It rains."
    assert (turn.sarcasm, turn.cues) == (utterance().sarcasm, utterance().cues)
    assert turn.sentiment.delivered == pytest.approx((-0.5 * 1 + 0.5 * 3) / 4)
    assert turn.sentiment.literal == 0.8
    assert turn.rcs == "([sentiment value=0.25],[sarcasm value=0.82]) Oh great… It rains."


def test_a_stretch_not_reached_yet_is_not_finished_and_later_silent() -> None:
    timeline = remembered(*(tick(number, final=True) for number in range(10)))
    assert timeline.at(S, 4 * S, 3 * S).reason == "not_finished"
    assert timeline.at(S, 4 * S, 9 * S).reason == "silent_stream"


def test_the_end_of_a_recording_finishes_every_stretch() -> None:
    ended = msgspec.structs.replace(every_type()[3], name="source_ended", published_ns=3 * S)
    turn = remembered(tick(0), ended).at(S, 9 * S, 4 * S)
    assert (turn.complete, turn.reason) == (True, "nothing_said")


def test_what_was_before_this_subscriber_came_is_too_long_ago() -> None:
    late = remembered(*(tick(number, final=True) for number in range(500, 510)))
    assert late.at(98 * S, 99 * S, 102 * S).reason == "too_long_ago"
    assert late.at(98 * S, 99 * S, 102 * S).complete
    old = remembered(*(tick(number, final=True) for number in range(100)), keep_s=5)
    assert old.at(S, 2 * S, 20 * S).reason == "too_long_ago"


def test_several_streams_have_no_common_answer() -> None:
    kitchen = msgspec.structs.replace(tick(0), stream="kitchen")
    timeline = remembered(tick(0), kitchen)
    assert timeline.at(0, S, S).reason == "several_streams"
    timeline.add(tick(700), 701 * TICK)  # the other has long been silent
    assert timeline.at(0, S, 701 * TICK).reason != "several_streams"


def test_a_stretch_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="a stretch ends after it starts"):
        Timeline().at(2, 1, 0)


def test_a_type_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="no such message type: mood"):
        Timeline().latest("mood")


@pytest.mark.parametrize("keep_s", [0, -1, float("nan"), float("inf")])
def test_a_timeline_that_keeps_nothing_or_all_is_refused(keep_s: float) -> None:
    with pytest.raises(ValueError, match="a positive number of seconds"):
        Timeline(keep_s)


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 30)), max_size=20),
    st.integers(0, 60 * S),
    st.integers(0, 60 * S),
    st.lists(st.integers(0, 300), max_size=20),
)
def test_a_stretch_holds_nothing_that_was_not_published_about_it(
    spoken: list[tuple[int, int]], start_ns: int, length_ns: int, finals: list[int]
) -> None:
    published = [said(number, at / 2, at / 2 + length / 10) for number, (at, length) in enumerate(spoken)]
    timeline = remembered(*published, *(tick(number, final=True) for number in sorted(finals)))
    turn = timeline.at(start_ns, start_ns + length_ns, 100 * S)
    assert all(each in published for each in turn.utterances)
    assert all(each.start_ns < turn.end_ns and each.end_ns > turn.start_ns for each in turn.utterances)
    assert (turn.sarcasm.probability is None) == (turn.reason != "")
    if not turn.utterances:
        assert (turn.text, turn.rcs, turn.sentiment.literal, turn.cues) == ("", "", None, ())
    assert bool(finals) or bool(turn.utterances) or not turn.complete


def test_memory_is_bounded_whatever_is_published() -> None:
    timeline = Timeline(keep_s=10)
    for number in range(3000):
        timeline.add(said(number, number / 1000, number / 1000 + 0.001), number)  # a flood: none of it grows old
        timeline.add(heard(number, 1, 0, 0.1, final=True, words=0), number)
        timeline.add(tick(number % 40), number)
        timeline.add(msgspec.structs.replace(tick(number), stream=f"s{number}"), number)
    assert len(timeline._sessions) <= 64
    for session in timeline._sessions.values():
        assert all(len(kept._kept) <= 100 for kept in (session._estimates, session._utterances))
        assert len(session._not_understood._kept) <= 100
        assert len(session.clock._least) <= 60

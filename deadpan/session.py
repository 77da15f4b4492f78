"""The messages of one session of one stream in; what is known of any stretch of it out."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from deadpan.clocks import ClockOffset
from deadpan.messages import Estimate, Event, Message, Transcript, Utterance
from deadpan.numbering import Numbering
from deadpan.stretch import Stretch, spoken, wordless

_S = 1_000_000_000
_MOST_PER_S = 10  # estimates, by the specification; so memory is bounded whatever is published
_SILENT_NS = 3 * _S  # three heartbeats
_ABANDONED_NS = 3 * _S  # an utterance in progress is told of at least twice as often

_Timed = TypeVar("_Timed", Estimate, Utterance, Transcript)


class _Recent(Generic[_Timed]):
    """The newest messages of one kind by a key of theirs, each key once, at most `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Hashable, _Timed] = {}

    def put(self, key: Hashable, message: _Timed) -> None:
        self._kept[key] = message
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def forget_before(self, horizon_ns: int) -> None:
        while self._kept and self._kept[oldest := next(iter(self._kept))].end_ns <= horizon_ns:
            del self._kept[oldest]

    def get(self, key: Hashable) -> _Timed | None:
        return self._kept.get(key)

    def over(self, start_ns: int, end_ns: int) -> list[_Timed]:
        """Those that overlap a stretch, in order of time."""
        found = [each for each in self._kept.values() if each.start_ns < end_ns and each.end_ns > start_ns]
        return sorted(found, key=lambda each: each.start_ns)

    def last_within(self, start_ns: int, end_ns: int) -> _Timed | None:
        """The last one that ends within a stretch."""
        ends = [each for each in self._kept.values() if start_ns < each.end_ns <= end_ns]
        return max(ends, key=lambda each: each.end_ns, default=None)


class Session:
    """What was published of one session, for `keep_s` back from its newest estimate."""

    def __init__(self, name: str, keep_s: float) -> None:
        self.name = name
        self.clock = ClockOffset()
        self.heard_ns = 0
        """When its last message was received, on the local clock."""
        self._numbering = Numbering()
        self._keep_ns, most = round(keep_s * _S), max(1, round(keep_s * _MOST_PER_S))
        self._estimates: _Recent[Estimate] = _Recent(most)
        self._utterances: _Recent[Utterance] = _Recent(most)
        self._not_understood: _Recent[Transcript] = _Recent(most)
        self._in_progress: Transcript | None = None
        self._known_from_ns: int | None = None
        self._newest_ns = self._final_until_ns = -1
        self._ended = False

    def take(self, message: Message, received_ns: int) -> int | None:
        """Remember a message. How many were lost before it; None when it had come before."""
        lost = self._numbering.take(message)
        self.heard_ns = received_ns
        if lost is None:
            return None
        self.clock.take(message.published_ns, received_ns)
        match message:
            case Estimate():
                self._take_estimate(message)
            case Utterance():
                self._utterances.put((message.utterance_id, message.start_ns), message)
                self._finish(message.utterance_id)
            case Transcript():
                self._take_transcript(message)
            case Event(name="source_ended"):
                self._ended = True
            case _:
                pass
        return lost

    def at(self, start_ns: int, end_ns: int, now_ns: int) -> Stretch:
        """What is known of a stretch; `now_ns` is the local clock's."""
        complete = self._is_complete(start_ns, end_ns)
        utterances = self._utterances.over(start_ns, end_ns)
        if utterances:
            return spoken(start_ns, end_ns, tuple(utterances), complete=complete)
        if complete and self._known_from_ns is not None and start_ns < self._known_from_ns:
            return wordless(start_ns, end_ns, None, "too_long_ago", complete=True)
        last = self._estimates.last_within(start_ns, end_ns)
        if complete:
            return wordless(start_ns, end_ns, last, self._why_wordless(start_ns, end_ns, last), complete=True)
        silent = now_ns - self.heard_ns > _SILENT_NS
        return wordless(start_ns, end_ns, last, "silent_stream" if silent else "not_finished", complete=False)

    def _is_complete(self, start_ns: int, end_ns: int) -> bool:
        if self._ended or (self._known_from_ns is not None and end_ns <= self._known_from_ns):
            return True
        if self._utterances.over(end_ns - 1, end_ns):
            return True  # utterances come in order of time: all that was said before it is known too
        return self._final_until_ns >= end_ns and not self._is_being_spoken(start_ns, end_ns)

    def _is_being_spoken(self, start_ns: int, end_ns: int) -> bool:
        """Whether an utterance that is in progress overlaps a stretch. One whose recognizer has died is not."""
        said = self._in_progress
        return (
            said is not None
            and said.start_ns < end_ns
            and said.end_ns > start_ns
            and self._final_until_ns < said.end_ns + _ABANDONED_NS
        )

    def _why_wordless(self, start_ns: int, end_ns: int, last: Estimate | None) -> str:
        """Why there is no utterance in a stretch that the agent has finished with."""
        if self._not_understood.over(start_ns, end_ns):
            return "not_understood"
        return last.sarcasm.reason if last is not None and last.sarcasm.reason else "nothing_said"

    def _take_estimate(self, estimate: Estimate) -> None:
        if self._known_from_ns is None:
            self._known_from_ns = estimate.start_ns if estimate.seq == 0 else estimate.end_ns
        held = self._estimates.get(estimate.end_ns)
        if held is None or held.revision <= estimate.revision:
            self._estimates.put(estimate.end_ns, estimate)
        if estimate.final:
            self._final_until_ns = max(self._final_until_ns, estimate.end_ns)
        self._newest_ns = max(self._newest_ns, estimate.end_ns)
        horizon_ns = self._newest_ns - self._keep_ns
        for kept in (self._estimates, self._utterances, self._not_understood):
            kept.forget_before(horizon_ns)
        self._known_from_ns = max(self._known_from_ns, horizon_ns)

    def _take_transcript(self, transcript: Transcript) -> None:
        if not transcript.final:
            self._in_progress = transcript
        elif not transcript.committed:  # with words, its utterance comes next
            self._not_understood.put((transcript.utterance_id, transcript.start_ns), transcript)
            self._finish(transcript.utterance_id)

    def _finish(self, utterance_id: int) -> None:
        if self._in_progress is not None and self._in_progress.utterance_id == utterance_id:
            self._in_progress = None

"""Messages as they come in; the newest of each type, the answer for any stretch of speech, losses and lag out.

A memory without a socket and without a clock: whoever holds one tells it when each message was received and what time
it is, on any clock that only goes forward (time.monotonic_ns()). Use it from one thread or one event loop.
"""

from __future__ import annotations

from collections import Counter

from deadpan.messages import MESSAGE_TYPES, Message, Sarcasm, type_name
from deadpan.session import Session
from deadpan.stretch import NOTHING_KNOWN, Stretch

__all__ = ["Stretch", "Timeline"]

_MOST_STREAMS = 64


class Timeline:
    """What was published of late, for `keep_s` seconds back. Its memory is bounded, whatever is published."""

    def __init__(self, keep_s: float = 120.0) -> None:
        if not 0 < keep_s < float("inf"):
            raise ValueError(f"a timeline keeps a positive number of seconds, not {keep_s}")
        self._keep_s = keep_s
        self._sessions: dict[str, Session] = {}  # by stream, the one heard last at the end
        self._latest: dict[str, Message] = {}
        self.losses: Counter[str] = Counter()
        """Messages lost on the way, by type (of estimates: first revisions)."""
        self.sessions_seen = 0
        """Runs of an agent so far. More than one where there is one agent: it was restarted."""

    def add(self, message: Message, received_ns: int) -> bool:
        """Take a message received at `received_ns` on the local clock. False when it had come before (a last value)."""
        session = self._sessions.pop(message.stream, None)
        if session is None or session.name != message.session:
            session = Session(message.session, self._keep_s)
            self.sessions_seen += 1
        self._sessions[message.stream] = session
        lost = session.take(message, received_ns)
        self._forget_streams(received_ns)
        if lost is None:
            return False
        if lost:
            self.losses[type_name(message)] += lost
        self._latest[type_name(message)] = message
        return True

    def latest(self, message_type: str = "estimate") -> Message | None:
        """The newest message of a type; None before the first. Raises ValueError for a type there is none of."""
        if message_type not in MESSAGE_TYPES:
            raise ValueError(f"no such message type: {message_type}; there are {', '.join(MESSAGE_TYPES)}")
        return self._latest.get(message_type)

    @property
    def session(self) -> str | None:
        """The session heard last; None before the first message."""
        return None if self._newest is None else self._newest.name

    @property
    def lag_ms(self) -> float | None:
        """How much later than usual the newest message came, from 0; None before the first."""
        return None if self._newest is None else self._newest.clock.lag_ms

    def age_ms(self, now_ns: int) -> float | None:
        """How long ago, at `now_ns` on the local clock, the last message was received; None before the first."""
        return None if self._newest is None else (now_ns - self._newest.heard_ns) / 1e6

    def session_ns(self, local_ns: int) -> int:
        """A time of the local clock on the session's axis; unchanged before the first message.

        Right to within the shortest time that a message of the last minute took, some milliseconds where messages are
        received as they come.
        """
        offset_ns = None if self._newest is None else self._newest.clock.offset_ns
        return local_ns if offset_ns is None else local_ns - offset_ns

    def at(self, start_ns: int, end_ns: int, now_ns: int) -> Stretch:
        """The answer for [start_ns, end_ns) on the session's axis, as known at `now_ns` on the local clock.

        It says only what was published about the stretch: what is not known is null, with a reason. Raises ValueError
        when the stretch ends before it starts.
        """
        if end_ns < start_ns:
            raise ValueError(f"a stretch ends after it starts, not {start_ns - end_ns} ns before")
        if self._newest is None:
            return _unknown(start_ns, end_ns, "never_connected")
        if len(self._sessions) > 1:
            return _unknown(start_ns, end_ns, "several_streams")
        return self._newest.at(start_ns, end_ns, now_ns)

    @property
    def _newest(self) -> Session | None:
        return next(reversed(self._sessions.values()), None)

    def _forget_streams(self, now_ns: int) -> None:
        horizon_ns = now_ns - round(self._keep_s * 1e9)
        for stream, session in list(self._sessions.items()):
            if session.heard_ns >= horizon_ns and len(self._sessions) <= _MOST_STREAMS:
                return
            del self._sessions[stream]


def _unknown(start_ns: int, end_ns: int, reason: str) -> Stretch:
    sarcasm = Sarcasm(probability=None, state="unknown", reason=reason)
    return Stretch(start_ns, end_ns, (), "", sarcasm, NOTHING_KNOWN, (), "", complete=False, reason=reason)

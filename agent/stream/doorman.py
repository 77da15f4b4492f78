"""Who comes to the public socket and what they ask in; whose connection is to be cut, out. Told the time, touches none.

libzmq keeps every subscription of every peer in one tree, as long as its peer stays connected, and walks all of it when
a connection ends: a subscriber that asks for a million topics would be everybody's trouble. So what one connection may
hold is limited, and one that goes beyond is cut off, with all others of the same peer, which is refused for a while.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What a subscriber may do. The Python client holds six topics at most, and asks once."""

    connections: int = 500
    """In all. When one more comes, the oldest that has not subscribed goes; if all have, the newcomer."""
    topics: int = 200
    """Held by one connection at a time."""
    topic_bytes: int = 100
    """Of one topic: those of this stream have 88 at most."""
    held_bytes: int = 4096
    """Of all topics that one connection holds."""
    burst: int = 1000
    """Requests (to subscribe, or no longer to) that one connection may make at once..."""
    requests_per_s: float = 100.0
    """...and then this many a second: a proxy asks again for each of its own newcomers."""
    refused_s: float = 10.0
    """How long a peer that was cut off is refused."""


@dataclass(slots=True)
class Visitor:
    """One connection. `peer` is who is behind it, as far as it is known: a process, or a key; else empty."""

    connection: int
    peer: str
    asked_ns: int
    allowance: float
    held: set[bytes] = field(default_factory=set)
    held_bytes: int = 0
    has_asked: bool = False


class Doorman:
    """Keeps the visitors of one socket. Methods return the connections to cut."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._visitors: dict[int, Visitor] = {}
        self._refused_until_ns: dict[str, int] = {}
        self._counts: Counter[str] = Counter()

    @property
    def counters(self) -> dict[str, int]:
        """How many are connected now (`connections`), and so far: cut off for asking too much, or for a key taken away
        (`cut_off`); sent away because the place was full (`turned_away`); failed at the handshake (`refused`).
        """
        counted = {name: self._counts[name] for name in ("cut_off", "turned_away", "refused")}
        return {"connections": len(self._visitors)} | counted

    def arrive(self, connection: int, peer: str, now_ns: int) -> list[int]:
        """Somebody has connected. A number that was in use before is another's now."""
        self._visitors.pop(connection, None)
        if self._is_refused(peer, now_ns):
            return [connection]
        self._visitors[connection] = Visitor(connection, peer, now_ns, self.limits.burst)
        if len(self._visitors) <= self.limits.connections:
            return []
        self._counts["turned_away"] += 1
        idle = next((each.connection for each in self._visitors.values() if not each.has_asked), connection)
        return self._dismissed([idle])

    def leave(self, connection: int) -> None:
        """A connection has ended."""
        self._visitors.pop(connection, None)

    def admit(self, peer: str, now_ns: int) -> bool:
        """Whether a handshake may succeed, as far as past behaviour goes."""
        return not self._is_refused(peer, now_ns)

    def refuse(self) -> None:
        """Count a handshake that failed."""
        self._counts["refused"] += 1

    def ask(self, connection: int, peer: str, request: bytes, now_ns: int) -> list[int]:
        """A connection has sent something: 1 and a topic to subscribe, 0 and a topic to do so no longer."""
        visitor = self._visitors.get(connection)
        if visitor is None:  # its last words, come after its end
            return []
        visitor.peer = peer or visitor.peer
        visitor.has_asked = True
        return [] if self._is_acceptable(visitor, request, now_ns) else self._cut_off(visitor, now_ns)

    def is_held(self, prefix: bytes) -> bool:
        """Whether anybody holds a topic that begins so."""
        return any(topic.startswith(prefix) for visitor in self._visitors.values() for topic in visitor.held)

    def expel(self, is_welcome: Callable[[str], bool]) -> list[int]:
        """Whoever has come in and is welcome no more."""
        gone = [each.connection for each in self._visitors.values() if each.peer and not is_welcome(each.peer)]
        self._counts["cut_off"] += len(gone)
        return self._dismissed(gone)

    def _is_acceptable(self, visitor: Visitor, request: bytes, now_ns: int) -> bool:
        limits = self.limits
        earned = (now_ns - visitor.asked_ns) / _S * limits.requests_per_s
        visitor.allowance = min(limits.burst, visitor.allowance + earned) - 1
        visitor.asked_ns = now_ns
        topic = request[1:]
        if request[:1] == b"\x01" and topic not in visitor.held:
            visitor.held.add(topic)
            visitor.held_bytes += len(topic)
        elif request[:1] == b"\x00" and topic in visitor.held:
            visitor.held.discard(topic)
            visitor.held_bytes -= len(topic)
        return (
            visitor.allowance >= 0
            and len(topic) <= limits.topic_bytes
            and len(visitor.held) <= limits.topics
            and visitor.held_bytes <= limits.held_bytes
        )

    def _cut_off(self, visitor: Visitor, now_ns: int) -> list[int]:
        """All connections of the same peer, or this one alone where it is not known who is behind it."""
        if not visitor.peer:
            gone = [visitor.connection]
        else:
            gone = [each.connection for each in self._visitors.values() if each.peer == visitor.peer]
            self._forget(now_ns)
            self._refused_until_ns[visitor.peer] = now_ns + round(self.limits.refused_s * _S)
        self._counts["cut_off"] += len(gone)
        return self._dismissed(gone)

    def _dismissed(self, connections: list[int]) -> list[int]:
        for connection in connections:
            del self._visitors[connection]
        return connections

    def _is_refused(self, peer: str, now_ns: int) -> bool:
        return bool(peer) and now_ns < self._refused_until_ns.get(peer, now_ns)

    def _forget(self, now_ns: int) -> None:
        """Drop the grudges that have run out, so that they do not add up."""
        self._refused_until_ns = {peer: until for peer, until in self._refused_until_ns.items() if until > now_ns}

"""Bodies as they were published in, the same bytes out to any number of readers: the last values first, a queue each.

Without socket and clock: whoever has those brings frames and the time. Nothing here waits for a reader, and nothing
grows with one that does not read.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from deadpan.messages import ON_REQUEST, SPEC, topic

_TOPIC = re.compile(rf"deadpan[^/]*/{SPEC}/([A-Za-z0-9._-]{{1,64}})/([A-Za-z0-9._-]{{1,64}})".encode())
_DEPTH = 200  # messages waiting for one reader: some 15 s, as in the agent's publisher
_BODY_BYTES = 1 << 20
_STREAMS = 64  # remembered at once; more are some publisher's mistake


class _Head(msgspec.Struct):
    """Where a message belongs, and what tells it from the next of its topic."""

    type: str
    stream: str
    session: str
    seq: int
    published_ns: int = 0
    revision: int = 0


_read_head = msgspec.json.Decoder(_Head)


@dataclass(frozen=True, slots=True)
class Published:
    """One message as it was published, of a type that this version may not even know."""

    stream: str
    type: str
    session: str
    seq: int
    revision: int
    published_ns: int
    body: bytes
    """One JSON object in UTF-8 without line breaks."""
    received_s: float
    is_new: bool = True
    """False when it was published before we came, and is a last value of a stream that we are new to."""

    @property
    def mark(self) -> str:
        """What it is called among all messages of its stream: session:type:seq:revision."""
        return f"{self.session}:{self.type}:{self.seq}:{self.revision}"


class Reader:
    """What waits for one reader. When it has fallen behind, the oldest is dropped and counted."""

    def __init__(
        self, types: frozenset[str] | None, stream: str | None, counters: Counter[str], *, only_new: bool
    ) -> None:
        self.dropped = 0
        self._types, self._stream, self._counters, self._only_new = types, stream, counters, only_new
        self._waiting: deque[Published] = deque()
        self._something = asyncio.Event()
        self._ended = False

    def __len__(self) -> int:
        """How many messages wait."""
        return len(self._waiting)

    def wants(self, message: Published) -> bool:
        """Whether it is of a type and of a stream that was asked for; types on request have to be named."""
        named = message.type not in ON_REQUEST if self._types is None else message.type in self._types
        return named and self._stream in (None, message.stream) and (message.is_new or not self._only_new)

    def names(self, kind: str) -> bool:
        """Whether it has asked for a type by name."""
        return self._types is not None and kind in self._types

    def put(self, message: Published) -> None:
        """Add what was just published. Never waits."""
        if len(self._waiting) == _DEPTH:
            self._waiting.popleft()
            self.dropped += 1
            self._counters["dropped"] += 1
        self._waiting.append(message)
        self._something.set()

    async def next(self) -> Published | None:
        """The oldest that waits; None once the reader has been ended, whatever still waits."""
        while not self._waiting and not self._ended:
            self._something.clear()
            await self._something.wait()
        return None if self._ended else self._waiting.popleft()

    def end(self) -> None:
        """Nothing more will be given."""
        self._ended = True
        self._something.set()


class Relay:
    """Between one subscription and its readers."""

    def __init__(self, silence_s: float = 10.0) -> None:
        self.silence_s = silence_s
        """A stream says how it is once a second. After so long without a word, what it said last is so no longer."""
        self.counters: Counter[str] = Counter()
        """received, and what was not passed on: repeated (for a newcomer elsewhere), unreadable, dropped."""
        self._readers: set[Reader] = set()
        self._ended = False
        self._last: dict[str, dict[str, Published]] = {}  # by stream, by type
        self._seen: dict[tuple[str, str], tuple[str, int]] = {}

    def __len__(self) -> int:
        """How many readers there are."""
        return len(self._readers)

    def take(self, frames: list[bytes], now_s: float) -> None:
        """Pass on what was received at `now_s` (monotonic): the frames of one message, JSON or MessagePack."""
        self.counters["received"] += 1
        message = _published(frames, now_s)
        if message is None or not self._remember(message):
            self.counters["unreadable" if message is None else "repeated"] += 1
            return
        message = replace(message, is_new=self._is_new(message))
        for reader in self._readers:
            if reader.wants(message):
                reader.put(message)

    def join(
        self,
        now_s: float,
        types: frozenset[str] | None = None,
        stream: str | None = None,
        *,
        only_new: bool = False,
    ) -> Reader:
        """A new reader of some types (None: of all) and one stream (None: of all): first the welcome, then last values.

        Of a stream that has fallen silent it is told nothing until it speaks again; with `only_new`, nothing at all
        that was published before.
        """
        reader = Reader(types, stream, self.counters, only_new=only_new)
        for message in [] if only_new else self._values(now_s):
            if reader.wants(message):
                reader.put(message)
        self._readers.add(reader)
        if self._ended:
            reader.end()
        return reader

    def leave(self, reader: Reader) -> None:
        """Forget a reader."""
        self._readers.discard(reader)

    @property
    def asked_for(self) -> frozenset[str]:
        """The types on request that somebody reads now."""
        return frozenset(kind for kind in ON_REQUEST if any(reader.names(kind) for reader in self._readers))

    def latest(self, kind: str, now_s: float, stream: str | None = None) -> Published | None:
        """The newest of a type, of one stream or of all; None before the first, and when its stream is silent."""
        found = [each for each in self._values(now_s) if each.type == kind and stream in (None, each.stream)]
        return max(found, key=lambda each: each.received_s, default=None)

    def silent_s(self, now_s: float, stream: str | None = None) -> float | None:
        """How long nothing has come, of one stream or of all; None when nothing ever did."""
        heard = [
            message.received_s
            for name, values in self._last.items()
            if stream in (None, name)
            for message in values.values()
        ]
        return now_s - max(heard) if heard else None

    def end(self) -> None:
        """End every reader, and those that come later."""
        self._ended = True
        for reader in self._readers:
            reader.end()

    def _values(self, now_s: float) -> Iterator[Published]:
        for values in self._last.values():
            if now_s - max(each.received_s for each in values.values()) > self.silence_s:
                continue
            yield from sorted(values.values(), key=lambda each: each.type != "welcome")

    def _is_new(self, message: Published) -> bool:
        welcome = self._last[message.stream].get("welcome")
        return welcome is None or message.published_ns >= welcome.published_ns

    def _remember(self, message: Published) -> bool:
        """Keep it as its topic's last value; False when it is the one that came before, again."""
        address, mark = (message.stream, message.type), (message.mark, message.published_ns)
        if self._seen.get(address) == mark:
            return False
        values = self._last.setdefault(message.stream, {})
        if any(each.session != message.session for each in values.values()):
            values.clear()  # the agent was restarted: nothing it said before is so any more
        self._seen[address] = mark
        kept = values.get(message.type)
        # The second revision of an estimate comes seconds after newer estimates. What is on request is of its moment.
        if message.type not in ON_REQUEST and (kept is None or not message.revision or message.seq >= kept.seq):
            values[message.type] = message
        if len(self._last) > _STREAMS:
            oldest = next(iter(self._last))
            del self._last[oldest]
            self._seen = {key: seen for key, seen in self._seen.items() if key[0] != oldest}
        return True


def _published(frames: list[bytes], now_s: float) -> Published | None:
    if len(frames) != 2 or len(frames[1]) > _BODY_BYTES or not (match := _TOPIC.fullmatch(frames[0])):
        return None
    stream, kind = match[1].decode(), match[2].decode()
    try:
        body = frames[1] if frames[1][:1] == b"{" else msgspec.json.encode(msgspec.msgpack.decode(frames[1]))
        head = _read_head.decode(body)
        body.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError, ValueError):
        return None
    if (head.stream, head.type) != (stream, kind) or frames[0] != topic(stream, kind):
        return None
    # Neither may break the lines of server-sent events.
    if b"\n" in body or b"\r" in body or not head.session.isprintable():
        return None
    return Published(stream, kind, head.session, head.seq, head.revision, head.published_ns, body, now_s)

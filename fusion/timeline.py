"""One modality's embeddings in, whatever their order of arrival; what was known at a moment of the session, out."""

from __future__ import annotations

import bisect
from operator import attrgetter

from encoders.samples import Embedding

_order = attrgetter("interval.end_ns", "interval.start_ns")
_end_ns = attrgetter("interval.end_ns")


class Timeline:
    """The recent embeddings of one modality and its watermark. Bounded by time and by count.

    A growing timeline's embeddings are revisions of a stretch that goes on (an utterance): those that start together
    replace each other. Otherwise each embedding stands for its own stretch.
    """

    def __init__(self, *, growing: bool, limit: int = 2000) -> None:
        self._growing = growing
        self._limit = limit
        self._embeddings: list[Embedding] = []
        self._bounds = [-1]
        self.closed = False
        """Whether nothing at all is still to come."""
        self.heard_ns = 0
        """When, on the session's axis, a sign of life last arrived: it decides what is waited for, not what is said."""
        self.losses = {"repeated": 0, "late": 0, "overflow": 0}

    @property
    def bound_ns(self) -> int:
        """The watermark: nothing that ends at or before it is still to come."""
        return self._bounds[-1]

    def push(self, embedding: Embedding, *, settled_ns: int, now_ns: int) -> None:
        """Add an embedding, unless it ends at or before `settled_ns`; count each one dropped or replaced.

        Of several for one stretch the earliest numbered stays, of a growing stretch the latest: whichever came first.
        When there are too many, one ahead of the clock goes, for it cannot be true; else the oldest.
        """
        if embedding.interval.end_ns <= settled_ns:
            self.losses["late"] += 1
            return
        at = bisect.bisect_left(self._embeddings, _order(embedding), key=_order)
        if at < len(self._embeddings) and _order(self._embeddings[at]) == _order(embedding):
            self.losses["repeated"] += 1
            known = self._embeddings[at]
            if embedding.seq > known.seq if self._growing else embedding.seq < known.seq:
                self._embeddings[at] = embedding
            return
        self._embeddings.insert(at, embedding)
        if len(self._embeddings) > self._limit:
            del self._embeddings[-1 if self._embeddings[-1].interval.end_ns > now_ns else 0]
            self.losses["overflow"] += 1

    def bound(self, bound_ns: int) -> None:
        """Move the watermark. It never goes back."""
        if bound_ns <= self.bound_ns:
            return
        if len(self._bounds) < self._limit:
            self._bounds.append(bound_ns)
        else:
            self._bounds[-1] = bound_ns

    def bound_by(self, until_ns: int) -> int:
        """How far the watermark had come by its own time, at most `until_ns`; -1 when nowhere.

        One further on does not say how long the modality had been silent before, and may just as well arrive later.
        """
        return self._bounds[max(0, bisect.bisect_right(self._bounds, until_ns) - 1)]

    def known(self, since_ns: int, until_ns: int) -> tuple[Embedding, ...]:
        """The embeddings that speak of (since_ns, until_ns], in time order, nothing later among them.

        Of a growing stretch it is the first revision that had heard all of it up to `until_ns`, or the latest there is:
        so the answer for a moment does not change with what is said after it.
        """
        if not self._growing:
            first, last = (bisect.bisect_right(self._embeddings, at, key=_end_ns) for at in (since_ns, until_ns))
            return tuple(self._embeddings[first:last])
        chosen: dict[int, Embedding] = {}
        for embedding in self._embeddings:
            start_ns = embedding.interval.start_ns
            if start_ns >= until_ns or embedding.interval.end_ns <= since_ns:
                continue
            if start_ns in chosen and chosen[start_ns].interval.end_ns >= until_ns:
                continue
            chosen[start_ns] = embedding
        return tuple(chosen[start_ns] for start_ns in sorted(chosen))

    def forget_before(self, t_ns: int) -> None:
        """Let go of all that ended at or before t_ns."""
        first = bisect.bisect_right(self._embeddings, t_ns, key=_end_ns)
        del self._embeddings[:first]
        del self._bounds[: max(0, bisect.bisect_right(self._bounds, t_ns) - 1)]

    def __len__(self) -> int:
        return len(self._embeddings)

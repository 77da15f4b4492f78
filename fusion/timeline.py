"""One modality's embeddings in, whatever their order of arrival; what was known at a moment of the session, out."""

from __future__ import annotations

import bisect
from operator import attrgetter

from encoders.samples import Embedding

_order = attrgetter("interval.end_ns", "interval.start_ns")


class Timeline:
    """The recent embeddings of one modality and its watermark. Bounded by time and by count.

    A growing timeline's embeddings are revisions of a stretch that goes on (an utterance): those that start together
    replace each other. Otherwise each embedding stands for its own stretch.
    """

    def __init__(self, *, growing: bool, limit: int = 2000) -> None:
        self._growing = growing
        self._limit = limit
        self._embeddings: list[Embedding] = []
        self.bound_ns = -1
        """The watermark: nothing that ends at or before it is still to come."""
        self.closed = False
        """Whether nothing at all is still to come."""
        self.heard_ns = 0
        """When, on the session's axis, the modality last gave a sign of life."""
        self.losses = {"repeated": 0, "late": 0, "overflow": 0}

    def push(self, embedding: Embedding, *, settled_ns: int) -> None:
        """Add an embedding, unless it is a repetition or ends at or before `settled_ns`; count it when dropped."""
        if embedding.interval.end_ns <= settled_ns:
            self.losses["late"] += 1
            return
        at = bisect.bisect_left(self._embeddings, _order(embedding), key=_order)
        if at < len(self._embeddings) and _order(self._embeddings[at]) == _order(embedding):
            self.losses["repeated"] += 1
            return
        self._embeddings.insert(at, embedding)
        if len(self._embeddings) > self._limit:
            del self._embeddings[0]
            self.losses["overflow"] += 1

    def known(self, since_ns: int, until_ns: int) -> tuple[Embedding, ...]:
        """The embeddings that speak of (since_ns, until_ns], in time order, nothing later among them.

        Of a growing stretch it is the first revision that had heard all of it up to `until_ns`, or the latest there is:
        so the answer for a moment does not change with what is said after it.
        """
        if not self._growing:
            return tuple(e for e in self._embeddings if since_ns < e.interval.end_ns <= until_ns)
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
        first = bisect.bisect_right(self._embeddings, t_ns, key=lambda e: e.interval.end_ns)
        del self._embeddings[:first]

    def __len__(self) -> int:
        return len(self._embeddings)

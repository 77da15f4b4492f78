"""The counters of a session's processes in, what became of every message on every edge out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.topology import EDGES, WorkerName

Counters = Mapping[str, Mapping[str, int]]
"""By process."""


@dataclass(frozen=True, slots=True)
class Account:
    """One edge: what its writer offered is what was refused and what was sent; what was sent must all be received."""

    writer: WorkerName
    reader: WorkerName
    sent: int
    refused: int
    received: int
    skipped: int
    """Of those received: passed over for a newer one."""

    @property
    def unaccounted(self) -> int:
        """Sent and not received, once nothing is under way any more: what was so when a process at either end died.

        Counts go on across restarts: it is 0 where none died, and never below.
        """
        return self.sent - self.received


def accounts(counters: Counters) -> list[Account]:
    """The ledger of all edges between processes that have counters."""
    kept = []
    for edge in EDGES:
        writer, reader = counters.get(edge.writer), counters.get(edge.reader)
        if writer is None or reader is None:
            continue
        kept.append(
            Account(
                edge.writer,
                edge.reader,
                sent=_of(writer, "sent", f"to_{edge.reader}"),
                refused=_of(writer, "refused", f"to_{edge.reader}"),
                received=_of(reader, "received", f"from_{edge.writer}"),
                skipped=reader.get("skipped", 0),
            )
        )
    return kept


def _of(counters: Mapping[str, int], name: str, edge: str) -> int:
    """The edge's own counter, which a process has that has several; else the only one there is."""
    return counters.get(f"{name}_{edge}", counters.get(name, 0))

"""What follows the question mark of an address in, which messages a reader wants out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from deadpan.messages import MESSAGE_TYPES

_STREAM = re.compile(r"[A-Za-z0-9._-]{1,64}")


class QueryError(ValueError):
    """A question that cannot be answered. Its text says why, and what could be asked."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The messages a reader asked for; None: all types, all streams."""

    types: frozenset[str] | None = None
    stream: str | None = None


def read_query(pairs: Iterable[tuple[str, str]]) -> Wanted:
    """Read `types=estimate,utterance` and `stream=NAME`, decoded. Raises QueryError, also for names that are none."""
    types: frozenset[str] | None = None
    stream: str | None = None
    for name, value in pairs:
        if name == "types":
            types = (types or frozenset()) | _types(value)
        elif name == "stream" and stream in (None, value):
            if not _STREAM.fullmatch(value):
                raise QueryError(f"no stream can be called {value[:80]!r}: 1 to 64 letters, digits, dots, dashes")
            stream = value
        elif name == "stream":
            raise QueryError("two streams asked for: name one, or none for all")
        else:
            raise QueryError(f"unknown parameter {name[:80]!r}; there are types and stream")
    return Wanted(types, stream)


def _types(value: str) -> frozenset[str]:
    names = frozenset(value.split(","))
    for name in sorted(names - MESSAGE_TYPES.keys()):
        close = get_close_matches(name, MESSAGE_TYPES, 1)
        meant = f"did you mean {close[0]}?" if close else f"there are {', '.join(MESSAGE_TYPES)}"
        raise QueryError(f"no such message type: {name[:80]!r}; {meant}")
    return names

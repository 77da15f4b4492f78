"""A stream as an agent would publish it, on disk: `deadpan run` plays it, and loads no model for it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from deadpan.messages import Message, to_json
from tests.deadpan.sent import estimate, every_type

RATE_HZ = 50  # of its estimates, ten times as many as usual
_MESSAGES = 6000  # two minutes of it
_NS_PER_S = 1_000_000_000


def write_stream(path: Path, *, session: str, stream: str = "default") -> Path:
    """A welcome and estimates, each published at the end of what it is of."""
    said: list[Message] = [every_type()[-1], *map(estimate, range(_MESSAGES))]
    lines = []
    for number, message in enumerate(said):
        at_ns = number * _NS_PER_S // RATE_HZ
        times = {"start_ns": 0, "end_ns": at_ns, "created_ns": at_ns, "published_ns": at_ns}
        lines.append(to_json(msgspec.structs.replace(message, stream=stream, session=session, **times)))
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path

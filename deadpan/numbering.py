"""Numbered messages of one session in, what was lost between them out."""

from __future__ import annotations

from deadpan.messages import Message, type_name


class Numbering:
    """How far each type of message has come in one session of one stream.

    Every type counts by one, estimates by their first revisions, which come in order and exactly once. A number that is
    not above the last one is no gap: after a restart of the fusion process alone, counting begins anew.
    """

    def __init__(self) -> None:
        self._marks: dict[str, tuple[int, int, int]] = {}
        self._numbers: dict[str, int] = {}

    def take(self, message: Message) -> int | None:
        """How many messages of its type were lost right before this one; None when it is the last one, sent again."""
        name = type_name(message)
        revision = getattr(message, "revision", 0) if name == "estimate" else 0
        mark = (message.seq, revision, message.published_ns)
        if self._marks.get(name) == mark:
            return None
        self._marks[name] = mark
        if revision > 0:
            return 0
        last = self._numbers.get(name)
        self._numbers[name] = message.seq
        return 0 if last is None else max(0, message.seq - last - 1)

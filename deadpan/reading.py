"""Frames as they arrive in, the message they hold out, or nothing and a count."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from deadpan.errors import SpecError
from deadpan.messages import SPEC, Message, from_body, root, topic, type_name

_TOPIC = re.compile(rb"deadpan/([0-9]{1,9})/([^/]*)/?")
_NEWER = range(SPEC + 1, 10)  # specifications there may be one day


class Reading:
    """How one subscriber reads: which topics it asks for, and what it makes of what comes."""

    def __init__(self, endpoint: str, wanted: Sequence[str], stream: str | None) -> None:
        self.unreadable = 0
        """Messages that were none of a known type: a newer publisher's, or damaged ones."""
        self._endpoint, self._wanted, self._stream = endpoint, frozenset(wanted), stream
        self._understood_in = -1

    @property
    def topics(self) -> list[bytes]:
        """What to subscribe to: all that is wanted, the welcome, and what an agent of a newer specification sends."""
        if self._stream is None:
            return sorted({b"deadpan/", *map(root, self._wanted)})
        ours = [topic(self._stream, name) for name in sorted(self._wanted | {"welcome"})]
        return ours + [f"deadpan/{spec}/{self._stream}/".encode() for spec in _NEWER]

    def is_wanted(self, message: Message) -> bool:
        """Whether a message is of a type that was asked for."""
        return type_name(message) in self._wanted

    def message(self, frames: Sequence[bytes], contact: int) -> Message | None:
        """The message in the frames; None when they hold none.

        `contact` counts how often the connection was made. Raises SpecError when all that has come over this one is
        of another specification.
        """
        match = _TOPIC.match(frames[0]) if frames else None
        if match is not None and int(match[1]) != SPEC:
            self._refuse(int(match[1]), contact)
            return None
        try:
            address, body = frames
            message = from_body(body)
        except (msgspec.DecodeError, ValueError):  # a publisher's mistake must not end its reader
            self.unreadable += 1
            return None
        if message.spec != SPEC or address != topic(message.stream, type_name(message)):
            self.unreadable += 1
            return None
        self._understood_in = contact
        return message

    def _refuse(self, spec: int, contact: int) -> None:
        self.unreadable += 1
        if self._understood_in == contact:
            return  # on a bus with agents of several versions, those that are understood go on
        remedy = "upgrade this client (pip install --upgrade deadpan)" if spec > SPEC else "upgrade the agent"
        raise SpecError(
            f"the agent at {self._endpoint} speaks specification {spec} of the stream, this client {SPEC}: {remedy}"
        )

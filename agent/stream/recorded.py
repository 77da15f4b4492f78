"""Recorded lines in; messages with the bodies they had, and when each is due, out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from agent.errors import DeadpanError
from deadpan.messages import SPEC, Message, from_body

_MOST_BYTES = 1 << 20  # the longest message that a subscriber takes


class RecordingError(DeadpanError):
    """Recorded messages that cannot be published again. Its text names the line."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One line. `due_ns`: when it is to be published, from the first line's publication on."""

    message: Message
    body: bytes
    due_ns: int


def read(path: Path) -> Iterator[Recorded]:
    """The lines of a recording, in order. Raises RecordingError at the first that is no message or cannot be read.

    Each session has its own axis of time. Where one follows another, or goes on beside it, its first message is due
    with the line before; a pause between two sessions is therefore not kept.
    """
    begins_ns: dict[str, int] = {}  # where on the file's axis each session's own begins
    due_ns = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(_lines(file), 1):
                message = _message(line, f"{path}, line {number}")
                begin_ns = begins_ns.setdefault(message.session, due_ns - message.published_ns)
                due_ns = max(due_ns, begin_ns + message.published_ns)
                yield Recorded(message, line, due_ns)
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}") from error
    if not begins_ns:
        raise RecordingError(f"{path} holds no messages; deadpan record makes such a file")


def check(path: Path) -> int:
    """How many messages there are, every line having been read. Raises RecordingError."""
    return sum(1 for _ in read(path))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines without their ends; one that is too long is cut there, and so is no message."""
    while line := file.readline(_MOST_BYTES + 2):
        yield line.removesuffix(b"\n").removesuffix(b"\r")


def _message(line: bytes, where: str) -> Message:
    if not line.startswith(b"{"):
        raise RecordingError(f"{where}: no message: it is not a JSON object")
    if len(line) > _MOST_BYTES:
        raise RecordingError(f"{where}: no message: it is longer than {_MOST_BYTES} bytes")
    try:
        message = from_body(line)
    except msgspec.DecodeError as error:
        raise RecordingError(f"{where}: no message: {error}") from error
    if message.spec != SPEC:
        raise RecordingError(f"{where}: of specification {message.spec} of the stream, not {SPEC}")
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", message.stream):
        raise RecordingError(f"{where}: no name of a stream: {message.stream!r:.80}")
    return message

"""A recording's location in; what it says of itself out, read by a process of its own.

Whoever asks holds a session together, and must not come to grief over a file's header: the process that reads it has
little memory and time, no network unless the recording is there, and nothing but its answer matters.
"""

from __future__ import annotations

import subprocess
import sys

import msgspec

from agent.capture.media import Location, Recording, is_address, probe, shown
from agent.capture.source import CaptureError, Problem
from agent.isolation import leave_network_if_possible

_PATIENCE_S = 30.0
_MEMORY_BYTES = 2 << 30  # of address space, of which the libraries take a quarter


class Refusal(msgspec.Struct, frozen=True):
    """Why a recording cannot be read."""

    problem: Problem
    message: str


class Asked(msgspec.Struct, frozen=True):
    """Which recording, and whether the process is to give up the network if it can."""

    location: str
    isolated: bool


class Answer(msgspec.Struct, frozen=True):
    """What came of it: one of the two."""

    recording: Recording | None = None
    refusal: Refusal | None = None


def probe_apart(location: Location, *, isolated: bool = True) -> Recording:
    """Read a recording's header. Raises CaptureError as agent.capture.media.probe does, and not_media for a recording
    that ends the process, or takes it longer than 30 s.
    """
    asked = msgspec.json.encode(Asked(str(location), isolated))
    try:
        told = subprocess.run(
            [sys.executable, "-P", "-m", __name__], input=asked, capture_output=True, timeout=_PATIENCE_S, check=False
        )
        answer = msgspec.json.decode(told.stdout, type=Answer)
    except subprocess.TimeoutExpired as error:
        raise CaptureError(
            Problem.NOT_MEDIA, f"Cannot read {shown(location)}: its beginning alone took {_PATIENCE_S:.0f} s."
        ) from error
    except msgspec.DecodeError as error:
        raise CaptureError(
            Problem.NOT_MEDIA, f"Cannot read {shown(location)}: trying to ended with {told.returncode}."
        ) from error
    if answer.refusal is not None:
        raise CaptureError(answer.refusal.problem, answer.refusal.message)
    if answer.recording is None:
        raise CaptureError(Problem.NOT_MEDIA, f"Cannot read {shown(location)}.")
    return answer.recording


def _confine(*, isolated: bool) -> None:
    if isolated:
        leave_network_if_possible()
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


def main() -> int:
    """Answer one question; returns the exit code."""
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    _confine(
        isolated=asked.isolated
        and not (is_address(asked.location) and not asked.location.lower().startswith("file://"))
    )
    try:
        answer = Answer(recording=probe(asked.location))
    except CaptureError as error:
        answer = Answer(refusal=Refusal(error.problem, error.message))
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())

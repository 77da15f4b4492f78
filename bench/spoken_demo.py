"""The demo's lines as they were spoken and a session's utterances in; how long each line's answer took, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import msgspec

_TOLERANCE_NS = 1_000_000


class Line(msgspec.Struct, frozen=True):
    """A line of the performer: when its sound begins and ends."""

    text: str
    start_ns: int
    end_ns: int


class _Demo(msgspec.Struct, frozen=True):
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Delays:
    """Of a live session's final utterance messages, in milliseconds."""

    from_speech_ms: tuple[float, ...]
    """From the end of the line's sound, known from how the demo was made."""
    from_voice_activity_ms: tuple[float, ...]
    """From the moment voice activity ended the utterance, when replay, whose computing takes no time, publishes it."""


def spoken_lines() -> tuple[Line, ...]:
    return msgspec.json.decode((files("agent") / "demo.json").read_bytes(), type=_Demo).lines


def delays(lines: Sequence[Line], live: Sequence[Mapping[str, Any]], replayed: Sequence[Mapping[str, Any]]) -> Delays:
    """How long the last utterance message of each line took; utterances that replay cut elsewhere are left out."""
    known = {utterance["start_ns"]: utterance for utterance in replayed}
    from_speech, from_voice = [], []
    for line in lines:
        its = [each for each in live if each["start_ns"] < line.end_ns and each["end_ns"] > line.start_ns]
        if its and its[-1]["start_ns"] >= line.start_ns - 1_000_000_000:  # not one that goes on from the line before
            from_speech.append((its[-1]["published_ns"] - line.end_ns) / 1e6)
    for each in live:
        twin = known.get(each["start_ns"])
        if twin is not None and abs(twin["end_ns"] - each["end_ns"]) < _TOLERANCE_NS:
            from_voice.append((each["published_ns"] - twin["published_ns"]) / 1e6)
    return Delays(tuple(from_speech), tuple(from_voice))

"""Recordings in, a folder of JSON lines and a transcript for each out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from agent.capture.probing import probe_apart
from agent.replay import Player
from deadpan.messages import Estimate, Event, Utterance, to_json


@dataclass(frozen=True, slots=True)
class Scored:
    """What one recording came to."""

    folder: Path
    duration_s: float
    estimates: int
    utterances: int
    losses: str
    """What the recording lost on the way, for instance `truncated 1`; empty when nothing."""


def score(location: Path, out: Path, player: Player, heard: Callable[[int, int | None], None]) -> Scored:
    """Score one recording into `out`/NAME. `heard` is told how far it has come, and of how much, in ns.

    The files appear only once all of them are complete, and are written as the messages come, so that a recording may
    be as long as it likes. Raises CaptureError or ReplayError when the recording cannot be read, OSError when the
    folder cannot be written.
    """
    recording = probe_apart(str(location))
    folder = out / location.stem
    folder.mkdir(parents=True, exist_ok=True)
    estimates = utterances = end_ns = 0
    losses = ""
    with _appearing(folder, "estimates.jsonl", "utterances.jsonl", "transcript.txt") as (estimated, uttered, said):
        for message in player.play(recording, session_of(location)):
            if isinstance(message, Estimate):
                end_ns = max(end_ns, message.end_ns)
                if message.final:
                    estimates += 1
                    estimated.write(to_json(message) + b"\n")
                heard(message.end_ns, recording.duration_ns)
            elif isinstance(message, Utterance):
                utterances += 1
                uttered.write(to_json(message) + b"\n")
                said.write(transcript_line(message).encode() + b"\n")
                end_ns = max(end_ns, message.end_ns)
            elif isinstance(message, Event) and message.name == "source_ended":
                losses = message.detail
    return Scored(folder, end_ns / 1e9, estimates, utterances, losses)


def session_of(location: Path) -> str:
    """A session's name made from the recording's content, so that scoring it again gives the same bytes."""
    digest = hashlib.sha256()
    with location.open("rb") as media:
        while block := media.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:12]


def transcript_line(utterance: Utterance) -> str:
    return f"[{_clock(utterance.start_ns)} - {_clock(utterance.end_ns)}] {utterance.text}"


def _clock(t_ns: int) -> str:
    minutes, hundredths = divmod(round(t_ns / 1e7), 6000)  # rounded before it is split: no minute has 60.00 seconds
    return f"{minutes:02d}:{hundredths / 100:05.2f}"


@contextmanager
def _appearing(folder: Path, *names: str) -> Iterator[tuple[IO[bytes], ...]]:
    """Files to write under a name of their own; they get theirs, all of them, when the block ends without an error."""
    unfinished = [folder / f"{name}.part" for name in names]
    try:
        with ExitStack() as stack:
            yield tuple(stack.enter_context(path.open("wb")) for path in unfinished)
        for path in unfinished:
            path.replace(path.with_suffix(""))
    finally:
        for path in unfinished:
            path.unlink(missing_ok=True)

"""Recordings in, a folder of JSON lines and a transcript for each out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.capture.media import probe
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

    The files appear only once they are complete. Raises CaptureError or ReplayError when the recording cannot be read,
    OSError when the folder cannot be written.
    """
    recording = probe(str(location))
    folder = out / location.stem
    folder.mkdir(parents=True, exist_ok=True)
    estimates: list[bytes] = []
    utterances: list[Utterance] = []
    end_ns, losses = 0, ""
    for message in player.play(recording, session_of(location)):
        if isinstance(message, Estimate):
            end_ns = max(end_ns, message.end_ns)
            if message.final:
                estimates.append(to_json(message))
            heard(message.end_ns, recording.duration_ns)
        elif isinstance(message, Utterance):
            utterances.append(message)
            end_ns = max(end_ns, message.end_ns)
        elif isinstance(message, Event) and message.name == "source_ended":
            losses = message.detail
    _write(folder / "estimates.jsonl", b"".join(line + b"\n" for line in estimates))
    _write(folder / "utterances.jsonl", b"".join(to_json(each) + b"\n" for each in utterances))
    _write(folder / "transcript.txt", "".join(transcript_line(each) + "\n" for each in utterances).encode())
    return Scored(folder, end_ns / 1e9, len(estimates), len(utterances), losses)


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


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_suffix(path.suffix + ".part")
    unfinished.write_bytes(content)
    unfinished.replace(path)

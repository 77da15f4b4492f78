"""Hours of recording in, what `deadpan score` held meanwhile out: the same stages under a virtual clock."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from agent.session import demo_location
from bench.measure import COMMAND
from bench.soak.recording import looped
from bench.soak.sampling import Sample, family, footprint, named

_TAIL = 8192


class _Estimated(msgspec.Struct):
    """What is looked at in a line of estimates.jsonl."""

    seq: int
    end_ns: int


@dataclass(slots=True)
class Replay:
    """What the scoring of hours was like. The samples' `at_s` is the second of the recording."""

    hours: float
    """What was scored: all there was, or as far as it came in the time there was."""
    wall_s: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    estimates: int = 0
    missing_ticks: int = 0


def play(hours: float, every_s: float, folder: Path, within_s: float) -> Replay:
    """Score so many hours of the demo over and over, looking at the processes every so many seconds of waiting.

    What is not scored within the time is left out.
    """
    recording = looped(demo_location(), folder / "hours.mkv", hours * 3600)
    replay, out = Replay(hours), folder / "scored"
    began_s = time.monotonic()
    with (folder / "replay.log").open("wb") as log:
        command = [*COMMAND, "score", str(recording), "--out", str(out)]
        with subprocess.Popen(command, stdout=log, stderr=log) as scoring:
            estimates = out / recording.stem / "estimates.jsonl"
            unfinished = estimates.with_suffix(".jsonl.part")
            try:
                _follow(replay, scoring, unfinished, every_s, began_s + within_s)
                if scoring.poll():
                    raise SystemExit((folder / "replay.log").read_text())
                in_time, numbers = scored(estimates, unfinished)
            finally:
                scoring.terminate()
    replay.wall_s = time.monotonic() - began_s
    replay.hours = hours if in_time else replay.samples[-1].at_s / 3600
    replay.estimates, replay.missing_ticks = len(numbers), numbers[-1] + 1 - len(set(numbers))
    return replay


def scored(estimates: Path, unfinished: Path) -> tuple[bool, list[int]]:
    """Whether all was scored, and the numbers of the estimates: a file that has its name by now is whole, though
    `deadpan score` may have more to write.
    """
    try:
        return False, _numbers(unfinished)
    except FileNotFoundError:
        return True, _numbers(estimates)


def _numbers(estimates: Path) -> list[int]:
    """The numbers of the estimates in a file, but for a last line that is still being written."""
    with estimates.open("rb") as lines:
        return [msgspec.json.decode(line, type=_Estimated).seq for line in lines if line.endswith(b"\n")]


def _follow(replay: Replay, scoring: subprocess.Popen[bytes], written: Path, every_s: float, deadline_s: float) -> None:
    while time.monotonic() < deadline_s:
        try:
            scoring.wait(every_s)
        except subprocess.TimeoutExpired:
            processes = {"score": scoring.pid} | named(family(scoring.pid), "deadpan:")
            held = {name: footprint(pid) for name, pid in processes.items()}
            at_s = _reached_s(written)
            if at_s > 0:
                footprints = {name: each for name, each in held.items() if each is not None}
                replay.samples.append(Sample(at_s, footprints, os.getloadavg()[0]))
        else:
            return


def _reached_s(written: Path) -> float:
    """How far a file being written has come, by its last whole line."""
    try:
        with written.open("rb") as lines:
            lines.seek(max(0, written.stat().st_size - _TAIL))
            whole = lines.read().split(b"\n")[1:-1]
    except OSError:
        return 0.0
    return msgspec.json.decode(whole[-1], type=_Estimated).end_ns / 1e9 if whole else 0.0

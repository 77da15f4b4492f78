"""Hours of recording through the real command, watched: its memory is flat and its results complete to the end."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.processes import DEADPAN, command_line, descendants
from tests.long.recordings import write_hours

MINUTES = int(os.environ.get("LONG_MINUTES", "180"))
EVERY_S = 300
UTTERANCES = 8  # in the demo
WARM_MINUTES = 10
GROWTH_MB = 20

pytestmark = [pytest.mark.long, pytest.mark.timeout(4 * 3600)]


@dataclass(frozen=True, slots=True)
class Weighed:
    """How far the command had come, and what each of its processes weighed then."""

    minute: float
    mb: dict[str, float]

    @property
    def total_mb(self) -> float:
        return sum(self.mb.values())


def _weigh(pid: int) -> float:
    """The process's own memory in MB, without the files it shares with whoever else runs; 0 once it is gone."""
    try:
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    except OSError:
        return 0.0
    return int(fields["Pss_Anon"].split()[0]) / 1024


def _minute(estimates: Path) -> float:
    """How far a file being written has come, by its last whole line."""
    try:
        with estimates.open("rb") as written:
            written.seek(max(0, estimates.stat().st_size - 8192))
            lines = written.read().split(b"\n")[1:-1]
    except OSError:
        return 0.0
    return float(json.loads(lines[-1])["end_ns"]) / 60e9 if lines else 0.0


def _watch(recording: Path, out: Path) -> list[Weighed]:
    """Score a recording, and weigh the command and all its processes every few seconds."""
    weighed: list[Weighed] = []
    unfinished = out / recording.stem / "estimates.jsonl.part"
    with (out.parent / "log").open("wb") as log:
        command = subprocess.Popen([*DEADPAN, "score", str(recording), "--out", str(out)], stdout=log, stderr=log)
        try:
            while command.poll() is None:
                time.sleep(2.0)
                minute = _minute(unfinished)
                family = {pid: command_line(pid) for pid in [command.pid, *descendants(command.pid)]}
                weights = {f"{pid} {line[:16]}": _weigh(pid) for pid, line in family.items()}
                if minute > 0:
                    weighed.append(Weighed(minute, weights))
        finally:
            command.terminate()
            command.wait()
    assert command.returncode == 0, (out.parent / "log").read_text()[-2000:]
    return weighed


def _report(weighed: list[Weighed]) -> str:
    """One line for every ten minutes of the recording."""
    lines, due = [], 0.0
    for each in weighed:
        if each.minute >= due:
            parts = "  ".join(f"{name} {mb:.1f}" for name, mb in each.mb.items())
            lines.append(f"{each.minute:6.1f} min  {each.total_mb:7.1f} MB  {parts}")
            due = each.minute + 10
    return "\n".join(lines)


@pytest.mark.parametrize("pictures", [False, True], ids=["sound", "sound and pictures"])
def test_hours_weigh_no_more_than_ten_minutes_and_are_scored_to_the_end(tmp_path: Path, pictures: bool) -> None:
    recording = write_hours(tmp_path / "hours.mkv", MINUTES, EVERY_S, pictures=pictures)
    began_s = time.monotonic()
    weighed = _watch(recording, tmp_path / "out")
    took_s = time.monotonic() - began_s
    print(f"{MINUTES} min in {took_s:.0f} s\n{_report(weighed)}")  # noqa: T201 - shown by -s and when it fails

    folder = tmp_path / "out" / "hours"
    count = 0
    with (folder / "estimates.jsonl").open("rb") as lines:
        for count, line in enumerate(lines, 1):
            estimate = json.loads(line)
            assert (estimate["seq"], estimate["final"]) == (count - 1, True)
    assert count == MINUTES * 60 * 5
    assert estimate["end_ns"] == MINUTES * 60 * 10**9
    ends_s = [json.loads(line)["end_ns"] / 1e9 for line in (folder / "utterances.jsonl").read_text().splitlines()]
    periods = MINUTES * 60 // EVERY_S
    assert abs(len(ends_s) - UTTERANCES * periods) <= periods // 4
    heard_in = {int(end_s // EVERY_S) for end_s in ends_s}
    assert heard_in == set(range(periods))

    warm = [each for each in weighed if each.minute >= WARM_MINUTES and len(each.mb) == len(weighed[-1].mb)]
    assert warm[-1].minute > 0.9 * MINUTES
    first, last = warm[: max(1, len(warm) // 20)], warm[-max(1, len(warm) // 20) :]
    growth_mb = min(each.total_mb for each in last) - min(each.total_mb for each in first)
    assert growth_mb < GROWTH_MB, _report(weighed)

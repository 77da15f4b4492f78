"""A process in, what it and those below it hold of the machine out: memory, descriptors, threads, processor time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS_HZ = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one process holds. `own_mb`: anonymous memory, which other programs' use of the same files cannot move."""

    rss_mb: float
    pss_mb: float
    own_mb: float
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Sample:
    """All processes at one moment, `at_s` from the beginning; `load` is the machine's, averaged over a minute."""

    at_s: float
    footprints: dict[str, Footprint]
    load: float
    others_cores: float = 0.0
    """Processor time of everything else on the machine since the sample before, per second."""


def family(pid: int) -> list[int]:
    """A process and all those below it."""
    found = [pid]
    for each in found:
        try:
            found += map(int, Path(f"/proc/{each}/task/{each}/children").read_text().split())
        except OSError:
            continue
    return found


def named(pids: Iterable[int], prefix: str) -> dict[str, int]:
    """Those whose title begins with `prefix`, by what follows it."""
    found = {}
    for pid in pids:
        try:
            title = Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].decode(errors="replace")
        except OSError:
            continue
        if title.startswith(prefix):
            found[title.removeprefix(prefix).strip()] = pid
    return found


def footprint(pid: int) -> Footprint | None:
    """What a process holds now; None when it is gone, or not ours to look at."""
    folder = Path(f"/proc/{pid}")
    try:
        rollup = dict(line.split(":", 1) for line in (folder / "smaps_rollup").read_text().splitlines()[1:])
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        descriptors = len(os.listdir(folder / "fd"))
    except OSError:
        return None
    kb = {name: int(rollup[name].split()[0]) for name in ("Rss", "Pss", "Pss_Anon")}
    return Footprint(
        kb["Rss"] / 1024, kb["Pss"] / 1024, kb["Pss_Anon"] / 1024, descriptors, int(status["Threads"].strip())
    )


def cpu_s(pids: Iterable[int]) -> float:
    """Processor time so far of those of the processes that are alive."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_HZ


def machine_cpu_s() -> float:
    """Processor time so far of all that runs on the machine."""
    user, nice, system, _, _, interrupts, soft, *_ = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:])
    return (user + nice + system + interrupts + soft) / _TICKS_HZ

"""What sessions of hours were like in, the part of docs/reliability.md about it out."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench.soak.arithmetic import Slope, drift, periods, slope, thinned
from bench.soak.ledger import accounts
from bench.soak.live import Live
from bench.soak.replay import Replay
from bench.soak.sampling import Footprint, Sample

PAGE = Path("docs/reliability.md")
LIVE, BURSTS, REPLAY = "soak-live", "soak-bursts", "soak-replay"
"""The parts of the page: each is written by itself, between markers of this name."""
LIMIT_MB_PER_H, LIMIT_DRIFT = 1.0, 0.10
PERIOD_S = 300.0


def live_part(live: Live, warm_s: float) -> list[str]:
    """The session at real time."""
    loads = [sample.load for sample in live.samples]
    others = [sample.others_cores for sample in live.samples]
    fusion = live.condition.workers["fusion"].counters
    warm = [each for each in live.latencies if each[0] >= warm_s]
    lines = [
        f"### {live.minutes:g} minutes at real time",
        "",
        f"The demo over and over through all processes, {len(live.subscribers) + 1} subscribers."
        f" The machine's load meanwhile was {min(loads):.1f} to {max(loads):.1f} (median {median(loads):.1f});"
        f" other programs took {median(others):.1f} cores (median; at most {max(others):.1f})."
        f" Processes restarted: {live.restarts}."
        f" Most that was given up for want of processor time: level {live.level}.",
        "",
        *_memory(live.samples, warm_s, 60.0, "h"),
        "",
        "| from minute | estimates | p50 ms | p95 ms | p99 ms | load |",
        "|---|---|---|---|---|---|",
    ]
    for period in periods(live.latencies, PERIOD_S):
        load = [sample.load for sample in live.samples if 0 <= sample.at_s - period.at_s < PERIOD_S]
        lines.append(
            f"| {period.at_s / 60:.0f} | {period.count} | {period.p50_ms:.0f} | {period.p95_ms:.0f} |"
            f" {period.p99_ms:.0f} | {f'{median(load):.1f}' if load else ''} |"
        )
    if warm:
        lines += ["", *(f"{_drift_line(warm, share)}" for share in (0.5, 0.99))]
    lines += [
        "",
        f"Estimates: {len(live.latencies)} ticks, {live.missing_ticks} missing.",
        f"Published by fusion: {fusion.get('published', 0)} messages (unsent: {fusion.get('unsent', 0)}),"
        f" read by the subscriber that reads all: {live.frames}.",
        "",
        "| edge | refused | sent | received | of those skipped | unaccounted |",
        "|---|---|---|---|---|---|",
    ]
    for each in accounts({name: worker.counters for name, worker in live.condition.workers.items()}):
        lines.append(
            f"| {each.writer} → {each.reader} | {each.refused} | {each.sent} | {each.received} |"
            f" {each.skipped} | {each.unaccounted} |"
        )
    lines += ["", "| subscriber | estimates read | known to be lost | unaccounted |", "|---|---|---|---|"]
    lines += [
        f"| **{each}** | | | |"
        if isinstance(each, str)
        else f"| {each.kind} | {each.read} | {each.lost} | {each.unaccounted} |"
        for each in live.subscribers
    ]
    return lines


def replay_part(replay: Replay, warm_s: float) -> list[str]:
    """The hours under a virtual clock."""
    loads = [sample.load for sample in replay.samples]
    return [
        f"### {replay.hours:.2g} hours through a virtual clock",
        "",
        f"`deadpan score` of the demo over and over, in {replay.wall_s / 60:.1f} minutes"
        f" ({replay.hours * 3600 / replay.wall_s:.1f} times real time; load {min(loads):.1f} to {max(loads):.1f})."
        f" Estimates: {replay.estimates}, {replay.missing_ticks} missing. Hours below are hours of recording.",
        "",
        *_memory(replay.samples, warm_s, 120.0, "h of recording"),
    ]


def write_part(name: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Put one part between its markers; a page without them gets them at its end."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    note = f"Written by `make soak` on {datetime.now(UTC):%Y-%m-%d}: {machine}."
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    text = page.read_text() if page.is_file() else "# Reliability\n"
    if begin not in text:
        text = f"{text.rstrip()}\n\n{begin}{end}\n"
    head, rest = text.split(begin)
    page.write_text(head + "\n".join([begin, *lines, "", note, end]) + rest.split(end)[1])


def _memory(samples: Sequence[Sample], warm_s: float, every_s: float, hour: str) -> list[str]:
    """Memory, descriptors and threads of each process after warm-up, and what they grow by."""
    late = [sample for sample in samples if sample.at_s >= warm_s]
    names = set[str]().union(*(sample.footprints for sample in late))
    warm = [sample for sample in late if sample.footprints.keys() == names]  # at the end some are gone before others
    if not warm:
        return ["Too short to say anything of memory."]
    lines = [
        f"After {warm_s / 60:g} minutes of warm-up. Resident: with files shared with whatever else runs; own: anonymous"
        f" memory. A slope is the median of all pairs' (Theil and Sen) of medians over {every_s:g} s, with its"
        " 95 % interval.",
        "",
        f"| process | resident MB, first → last | own MB, first → last | resident, MB/{hour} | own, MB/{hour} |"
        " descriptors | threads |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        _memory_row(name, [(sample.at_s, sample.footprints[name]) for sample in warm], every_s)
        for name in sorted(names)
    ]
    totals = [(sample.at_s, _together(list(sample.footprints.values()))) for sample in warm]
    lines.append(_memory_row("all", totals, every_s))
    growth = _growth([(at_s, each.rss_mb) for at_s, each in totals], every_s)
    lines += ["", f"Resident memory of all processes, limit {LIMIT_MB_PER_H:g} MB/{hour}: {_verdict(growth)}"]
    own = _growth([(at_s, each.own_mb) for at_s, each in totals], every_s)
    lines += [
        f"Their own memory: {_verdict(own)}",
        f"Proportional set size of all together: {_range([round(each.pss_mb) for _, each in totals])} MB.",
    ]
    return lines


def _memory_row(name: str, held: Sequence[tuple[float, Footprint]], every_s: float) -> str:
    first, last = held[0][1], held[-1][1]
    resident = _growth([(at_s, each.rss_mb) for at_s, each in held], every_s)
    own = _growth([(at_s, each.own_mb) for at_s, each in held], every_s)
    return (
        f"| {name} | {first.rss_mb:.1f} → {last.rss_mb:.1f} | {first.own_mb:.1f} → {last.own_mb:.1f} |"
        f" {_shown(resident)} | {_shown(own)} |"
        f" {_range([each.descriptors for _, each in held])} | {_range([each.threads for _, each in held])} |"
    )


def _growth(points: Sequence[tuple[float, float]], every_s: float) -> Slope | None:
    """MB per hour; None where there are too few points to tell."""
    few = thinned(points, every_s)
    return slope([(at_s / 3600, mb) for at_s, mb in few]) if len(few) >= 3 else None


def _shown(growth: Slope | None) -> str:
    return "too short" if growth is None else f"{growth.value:+.2f} ({growth.low:+.2f} to {growth.high:+.2f})"


def _verdict(growth: Slope | None) -> str:
    if growth is None:
        return "too short to tell."
    said = {False: "kept.", True: "**not kept.**", None: "not decided by this run: the interval holds the limit."}
    return f"{_shown(growth)}: {said[growth.exceeds(LIMIT_MB_PER_H)]}"


def _drift_line(latencies: Sequence[tuple[float, float]], share: float) -> str:
    value = drift(latencies, share)
    kept = "kept" if value < LIMIT_DRIFT else "**not kept**"
    return f"Drift of the p{share * 100:.0f}, last third over first after warm-up: {value:+.1%} (limit +10 %): {kept}."


def _together(footprints: Sequence[Footprint]) -> Footprint:
    return Footprint(
        sum(each.rss_mb for each in footprints),
        sum(each.pss_mb for each in footprints),
        sum(each.own_mb for each in footprints),
        sum(each.descriptors for each in footprints),
        sum(each.threads for each in footprints),
    )


def _range(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"

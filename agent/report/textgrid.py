"""Scored results in, a TextGrid for Praat out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.report.findings import Findings
from agent.report.tiers import FINDINGS, Annotation, said


def write(findings: Findings, path: Path) -> None:
    """The long text format (Praat's manual, "TextGrid file formats"): tiers of utterances and words, and one for each
    of agent.report.tiers.FINDINGS. As Praat wants it, a tier's intervals leave nothing out: there are empty ones
    between.
    """
    spoken = said(list(findings.utterances()))
    tiers: list[tuple[str, list[Annotation]]] = [
        ("utterance", [each.utterance for each in spoken]),
        ("word", [word for each in spoken for word in each.words]),
    ]
    for name in FINDINGS:
        about = [(each.utterance, each.findings[name]) for each in spoken]
        tiers.append((name, [Annotation(where.start_ms, where.end_ms, text) for where, text in about]))
    end_ms = max([1, findings.duration_ns // 1_000_000, *(each.utterance.end_ms for each in spoken)])
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write('File type = "ooTextFile"\nObject class = "TextGrid"\n\n')
        out.write(f"xmin = 0\nxmax = {end_ms / 1000}\ntiers? <exists>\nsize = {len(tiers)}\nitem []:\n")
        for number, (name, annotations) in enumerate(tiers, start=1):
            intervals = list(_filled(annotations, end_ms))
            out.write(f'    item [{number}]:\n        class = "IntervalTier"\n        name = "{name}"\n')
            out.write(f"        xmin = 0\n        xmax = {end_ms / 1000}\n        intervals: size = {len(intervals)}\n")
            for count, each in enumerate(intervals, start=1):
                text = each.text.replace('"', '""')
                out.write(f"        intervals [{count}]:\n            xmin = {each.start_ms / 1000}\n")
                out.write(f'            xmax = {each.end_ms / 1000}\n            text = "{text}"\n')


def _filled(annotations: Iterable[Annotation], end_ms: int) -> Iterator[Annotation]:
    """The annotations with empty ones wherever there is none, from 0 to the end."""
    at_ms = 0
    for each in annotations:
        if each.start_ms > at_ms:
            yield Annotation(at_ms, each.start_ms, "")
        yield each
        at_ms = each.end_ms
    if at_ms < end_ms:
        yield Annotation(at_ms, end_ms, "")

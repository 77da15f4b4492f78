"""A page of docs/ in, what it tells its readers to run out.

A fence of sh or python is run by the tests, in the page's order and in one folder. What a reader does not see, a
comment before it, says otherwise:

    <!-- in the clone -->                      it is typed in the folder that was cloned
    <!-- keep the environment -->              what it exports is there for what follows
    <!-- beside the rest of this page -->      it goes on while the rest is run
    <!-- an excerpt of FILE -->                a whole program of ours, which tests run
    <!-- not run: REASON -->
"""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.md")))

_FENCE = re.compile(r"(?:<!-- ([^\n]*) -->\n)?```(sh|python)\n(.*?)```", re.DOTALL)
_LINE = re.compile(r"^(?:    |)(?:\.venv/bin/|\S+=\S+ |exec )*deadpan ([a-z].*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """One fence: its text, what it is written in, and the remarks before it."""

    page: str
    language: str
    text: str
    remarks: tuple[str, ...]

    @property
    def of(self) -> str | None:
        """The file that it is an excerpt of."""
        said = [each.removeprefix("an excerpt of ") for each in self.remarks if each.startswith("an excerpt of ")]
        return said[0] if said else None

    def says(self, remark: str) -> bool:
        return any(each.startswith(remark) for each in self.remarks)


def steps(page: Path) -> list[Step]:
    return [
        Step(page.name, language, text, tuple(each.strip() for each in (remarks or "").split(";")))
        for remarks, language, text in _FENCE.findall(page.read_text(encoding="utf-8"))
    ]


def commands(page: Path) -> Iterator[list[str]]:
    """The arguments of every deadpan command that the page shows in a block of code."""
    for line in _LINE.findall(page.read_text(encoding="utf-8")):
        words = shlex.split(line, comments=True)
        if not any(word == "|" or word.startswith(("[", "|")) or "..." in word for word in words):  # no summary of many
            yield from map(list, itertools.product(*(word.split("|") for word in words)))

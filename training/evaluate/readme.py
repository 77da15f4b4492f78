"""Measured figures in; the three that a newcomer reads, in the README, out."""

from __future__ import annotations

import json
from pathlib import Path

from training.evaluate.page import compose, read_sections
from training.measures import Figure

_LINES = """
- Sentiment of words: {sst2} % of SST-2's sentences right (95 % interval; half would be chance).
- Sarcasm from words alone, in a show never seen: weighted F1 {friends} (the majority 41.7; published models that also
  see and hear, 62.8 to 65.9; the bare number of words, {length}).
- Sarcasm from words, voice and face, between two clips of one speaker, of shows never seen: the sarcastic one ranks
  higher in {within} % of the cases (half would be chance; words alone, {words}).
"""


def tell_newcomers(readme: Path, numbers: Path) -> bool:
    """Put the figures of `numbers`, evaluation.json, between the README's markers; False where one is not known yet."""
    known = json.loads(numbers.read_text("utf-8"))
    try:
        lines = _LINES.format(
            sst2=_percent(known["sentiment"]["SST-2 accuracy"]),
            friends=_percent(known["text"]["friends weighted F1"]),
            length=_percent(known["text"]["friends, number of words alone: weighted F1"]),
            within=_percent(known["clips"]["text + voice + face AUC within speakers"]),
            words=_percent(known["clips"]["text AUC within speakers"]),
        )
    except KeyError:
        return False
    page = readme.read_text("utf-8")
    readme.write_text(compose(page, read_sections(page) | {"accuracy": lines}), encoding="utf-8")
    return True


def _percent(ends: list[float]) -> str:
    return Figure(*ends).percent()

"""The README's three figures come from what was measured, and from nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

from training.evaluate.readme import tell_newcomers

KNOWN = {
    "sentiment": {"SST-2 accuracy": [0.9, 0.88, 0.92]},
    "text": {"friends weighted F1": [0.6, 0.55, 0.65], "friends, number of words alone: weighted F1": [0.5, 0.4, 0.6]},
    "clips": {
        "text + voice + face AUC within speakers": [0.7, 0.6, 0.8],
        "text AUC within speakers": [0.61, 0.5, 0.7],
    },
}
PAGE = (
    "# Mine\n\n<!-- accuracy:begin -->\nold\n<!-- accuracy:end -->\n\n<!-- other:begin -->\nkept\n<!-- other:end -->\n"
)


def test_measured_figures_replace_the_old_ones_and_nothing_else(tmp_path: Path) -> None:
    readme, numbers = tmp_path / "README.md", tmp_path / "evaluation.json"
    readme.write_text(PAGE)
    numbers.write_text(json.dumps(KNOWN))
    assert tell_newcomers(readme, numbers)
    page = readme.read_text()
    assert "90.0 [88.0, 92.0]" in page
    assert "70.0 [60.0, 80.0]" in page
    assert "old" not in page
    assert page.startswith("# Mine\n")
    assert "<!-- other:begin -->\nkept\n<!-- other:end -->" in page


def test_while_a_figure_is_missing_the_page_stays(tmp_path: Path) -> None:
    readme, numbers = tmp_path / "README.md", tmp_path / "evaluation.json"
    readme.write_text(PAGE)
    numbers.write_text(json.dumps(KNOWN | {"clips": {}}))
    assert not tell_newcomers(readme, numbers)
    assert readme.read_text() == PAGE

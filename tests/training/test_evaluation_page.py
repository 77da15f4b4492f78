"""The evaluation's page: sections keep their place, goals are judged by the figures and by nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.evaluate.goals import GOALS, Goal, tabulate_goals
from training.evaluate.page import SKELETON, Findings, compose, publish, read_sections, table
from training.measures import Figure

SUITES = ("text", "clips", "sentiment", "alarms", "behaviour", "rolling", "shortcuts")


def test_the_skeleton_has_a_place_for_every_suite_and_the_goals() -> None:
    assert set(read_sections(SKELETON.read_text("utf-8"))) == {*SUITES, "goals"}


def test_every_goal_asks_a_suite() -> None:
    assert {goal.figure.split(".", 1)[0] for goal in GOALS} <= set(SUITES)


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "evaluation.md"
    publish(page, "text", Findings("old words", {"friends AUC": Figure(0.6, 0.5, 0.7)}))
    publish(page, "clips", Findings("pictures", {"gain over text AUC": Figure(0.02, 0.01, 0.03)}))
    publish(page, "text", Findings("new words", {"friends AUC": Figure(0.73, 0.7, 0.8)}))
    sections = read_sections(page.read_text("utf-8"))
    assert (sections["text"], sections["clips"]) == ("new words", "pictures")
    assert json.loads(page.with_suffix(".json").read_text())["text"] == {"friends AUC": [0.73, 0.7, 0.8]}
    assert "| 0.730 [0.700, 0.800] | reached |" in sections["goals"]
    assert sections["goals"].count("not measured yet") == len(GOALS) - 2


def test_publishing_again_changes_nothing(tmp_path: Path) -> None:
    page = tmp_path / "evaluation.md"
    findings = Findings(table(["a"], [[1]]), {"friends AUC": Figure(0.6, 0.5, 0.7)})
    publish(page, "text", findings)
    before = page.read_bytes()
    publish(page, "text", findings)
    assert page.read_bytes() == before


def test_what_is_not_defined_is_no_number(tmp_path: Path) -> None:
    page = tmp_path / "evaluation.md"
    publish(page, "rolling", Findings("", {"ECE final": Figure(float("nan"), float("nan"), float("nan"))}))
    assert json.loads(page.with_suffix(".json").read_text()) == {"rolling": {}}


def test_what_is_not_replaced_keeps_its_indentation() -> None:
    page = "<!-- output:begin -->\n      time  sarcasm\n      0.2\n<!-- output:end -->\n"
    assert compose(page, {"text": "words"}) == page
    assert compose(page, read_sections(page)) == page


def test_an_empty_section_keeps_the_skeletons_words() -> None:
    assert "Not measured yet." in compose("<!-- text:begin -->\nNot measured yet.\n<!-- text:end -->", {})


@pytest.mark.parametrize(
    ("side", "value", "verdict"),
    [
        ("at least", 0.680, "reached"),
        ("at least", 0.655, "short by 2.5 %"),
        ("at most", 0.680, "reached"),
        ("at most", 0.705, "short by 2.5 %"),
        ("above, with its interval,", 0.70, "reached"),
        ("above, with its interval,", 0.68, "short by 1.0 %"),
    ],
)
def test_a_goal_says_by_how_much_it_is_missed(side: str, value: float, verdict: str) -> None:
    goal = Goal("words", "text.x", 0.68, side, "%")  # type: ignore[arg-type]  # parametrised
    assert goal.judge(Figure(value, value - 0.01, value + 0.01)) == verdict


def test_goals_without_figures_say_so() -> None:
    assert tabulate_goals({}).count("not measured yet") == len(GOALS)

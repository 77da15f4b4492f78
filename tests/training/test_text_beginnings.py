"""How far a reading of a line's first words may be believed."""

from __future__ import annotations

import numpy as np
import pytest

from encoders.text import HALF_TRUSTED_WORDS
from encoders.text_model import TextModel
from training.text.beginnings import CANDIDATES, describe, loss, measure
from training.text.corpora import Line

TRUTH = np.array([True, False, True])


def test_nothing_is_held_back_where_all_is_believed() -> None:
    odds = np.array([1.0, -2.0, -0.5])
    plain = np.log1p(np.exp(-np.where(TRUTH, odds, -odds))).mean()
    assert loss(odds, np.array([1, 2, 3]), TRUTH, 0) == pytest.approx(plain, rel=1e-6)


def test_what_is_said_too_surely_of_few_words_costs_less_when_less_is_believed_of_it() -> None:
    wrong, right = np.array([-3.0, 3.0, -3.0]), np.array([3.0, -3.0, 3.0])
    one, many = np.array([1, 1, 1]), np.array([1000, 1000, 1000])
    assert loss(wrong, one, TRUTH, 4) < loss(wrong, one, TRUTH, 1) < loss(wrong, one, TRUTH, 0)
    assert loss(right, one, TRUTH, 0) < loss(right, one, TRUTH, 4)
    assert loss(wrong, many, TRUTH, 4) == pytest.approx(loss(wrong, many, TRUTH, 0), rel=0.01)


def test_a_line_is_read_up_to_each_of_its_words_but_the_last() -> None:
    model = TextModel.load()
    said = model.encode("so").sarcasm
    [everything, *_] = measure(model, [Line("so nice", sarcastic=True), Line("one", sarcastic=True)])
    assert everything == pytest.approx(-np.log(said), rel=1e-5)


def test_the_section_has_a_row_for_each_kind_of_lines_and_says_what_runs_live() -> None:
    section = describe({"validation": [0.7] * len(CANDIDATES), "test": [0.6] * len(CANDIDATES)})
    assert "| validation | 0.700" in section
    assert "| test | 0.600" in section
    assert f"{HALF_TRUSTED_WORDS}: on the validation lines" in section

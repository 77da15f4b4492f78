"""Figures of the text encoder's evaluation, on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from training.text.corpora import Line, Polarity
from training.text.measure import (
    choose_polarity,
    fit_temperature,
    polarity_loss,
    sarcasm_loss,
    score_sarcasm,
)


def test_knowing_who_speaks_earns_nothing_within_speakers() -> None:
    lines = [Line("a", sarcastic=i % 10 < 8, speaker="WAG") for i in range(50)]
    lines += [Line("b", sarcastic=i % 10 < 2, speaker="SAINT") for i in range(50)]
    jitter = np.random.default_rng(0).uniform(0, 0.1, 100)
    knows_the_speaker = (np.repeat([0.8, 0.1], 50) + jitter).astype(np.float32)
    figures = score_sarcasm(lines, knows_the_speaker)
    assert figures.auc is not None
    assert figures.auc_within_frequent is not None
    assert figures.auc.value > 0.75
    assert figures.auc_within_frequent.low < 0.5 < figures.auc_within_frequent.high


def test_a_way_without_a_ranking_has_no_auc() -> None:
    lines = [Line("a", sarcastic=bool(i % 2), speaker="WAG") for i in range(40)]
    assert score_sarcasm(lines, np.zeros(40, np.float32)).auc is None


def test_two_sided_corpora_never_get_neutral() -> None:
    logits = np.array([[0.0, 9.0, 1.0], [2.0, 9.0, 1.0]], np.float32)
    assert choose_polarity(logits, two_way=True).tolist() == [Polarity.POSITIVE, Polarity.NEGATIVE]
    assert choose_polarity(logits, two_way=False).tolist() == [Polarity.NEUTRAL, Polarity.NEUTRAL]


def test_the_temperature_of_sure_but_wrong_logits_undoes_their_sureness() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, 5000)
    truth = rng.uniform(size=5000) < 1 / (1 + np.exp(-honest))
    assert fit_temperature(sarcasm_loss((3 * honest).astype(np.float32), truth)) == pytest.approx(3, rel=0.1)


def test_polarity_loss_is_the_cross_entropy() -> None:
    logits = np.array([[0.0, 0.0, 0.0], [100.0, 0.0, 0.0]], np.float32)
    assert polarity_loss(logits, np.array([2, 0]))(1.0) == pytest.approx(np.log(3) / 2)

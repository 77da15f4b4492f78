"""What the suites compute by themselves: baselines, shortcuts and cues, on cases whose answer is known."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("parselmouth", reason="the training extra is not installed")
pytest.importorskip("ai_edge_litert", reason="the training extra is not installed")

from encoders.face import FACE_DIMS
from encoders.prosody import VOICE_DIMS
from encoders.samples import Modality
from training.clips.observation import Course
from training.evaluate.__main__ import SUITES
from training.evaluate.acting import PRAISE_AND_BLAME
from training.evaluate.alarms import Talk, rate
from training.evaluate.laughter import fall_silent
from training.evaluate.page import SECTIONS
from training.evaluate.removal import CUES, find_columns, neutralise
from training.evaluate.text import answer_by_speaker, count_words
from training.text.corpora import Line


def test_every_suite_has_its_prose() -> None:
    assert {path.stem for path in SECTIONS.glob("*.md")} == set(SUITES)


def test_who_speaks_is_answered_by_the_majority_of_what_was_learnt() -> None:
    learnt = [Line("a", sarcastic=True, speaker="WAG")] * 3 + [Line("b", sarcastic=False, speaker="SAINT")] * 5
    asked = [Line("c", speaker=speaker) for speaker in ("WAG", "SAINT", "STRANGER")]
    assert answer_by_speaker(learnt, asked).tolist() == [1.0, 0.0, 0.0]


def test_length_ranks_lines_by_their_words() -> None:
    assert count_words([Line("one"), Line("two words"), Line("three words now")]).tolist() == pytest.approx(
        [1 / 6, 1 / 2, 5 / 6]
    )


def test_each_dimension_of_voice_and_face_belongs_to_one_cue() -> None:
    for modality, dims in ((Modality.VOICE, VOICE_DIMS), (Modality.FACE, FACE_DIMS)):
        owners = np.zeros(len(dims), int)
        for owner, pattern in CUES.values():
            if owner is modality:
                owners[find_columns(modality, pattern)[1]] += 1
        assert owners.tolist() == [1] * len(dims), [dims[i] for i in np.flatnonzero(owners != 1)]


def test_a_cue_is_removed_from_statistics_and_vectors_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    statistics = rng.normal(size=(5, 3))
    statistics[0] = np.nan
    confidence = np.array([1.0, 1.0, 0.0, 1.0, 1.0])
    course = Course(np.zeros((5, 2), np.int64), rng.normal(size=(5, 4)).astype(np.float32), confidence, statistics)
    plain = neutralise(course, [1], [2], course)
    assert np.allclose(plain.statistics[1:, 1], statistics[1:, 1].mean())
    assert np.isnan(plain.statistics[0]).all()
    assert np.allclose(plain.vectors[confidence > 0, 2], course.vectors[confidence > 0, 2].mean())
    assert plain.vectors[2, 2] == course.vectors[2, 2]
    assert np.array_equal(np.delete(plain.vectors, 2, 1), np.delete(course.vectors, 2, 1))


def test_no_alarm_in_an_hour_is_not_never() -> None:
    none, one = rate([Talk(1800.0, 0), Talk(1800.0, 0)]), rate([Talk(3600.0, 1)])
    assert (none.value, none.low, none.high) == pytest.approx((0, 0, 3.689), abs=1e-3)
    assert (one.value, one.low, one.high) == pytest.approx((1, 0.025, 5.572), abs=1e-3)


def test_silence_begins_where_it_should() -> None:
    told = fall_silent(np.ones(16_000, np.float32), 0.5)
    assert (told.pcm[:8_000] == 1).all()
    assert not told.pcm[8_200:].any()
    assert len(told.pcm) == 16_000


def test_praise_and_blame_differ_in_few_words() -> None:
    for praise, blame in PRAISE_AND_BLAME:
        said, meant = (set(re.findall(r"[a-z]+", text.lower())) for text in (praise, blame))
        assert len(said - meant) <= 2

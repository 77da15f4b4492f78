"""The head of face and voice: its reasons are computed, its parts add up, its file says what it was trained for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from encoders.face import FACE_DIMS
from encoders.face_statistics import FACE_STATISTICS
from encoders.head import Columns, Head, Networks
from encoders.prosody import VOICE_DIMS
from encoders.recent import STEP_NS, STEPS, Recent
from encoders.samples import Modality
from encoders.voice_statistics import VOICE_STATISTICS

K, DIM, MEMBERS, UNITS, CHANNELS, TAPS = len(FACE_STATISTICS), 7, 3, 4, 5, 3
NO_COLUMNS = Columns(np.zeros(0, np.intp), np.zeros(0), np.zeros(0))


def make_networks(seed: int = 0) -> Networks:
    rng = np.random.default_rng(seed)
    columns = Columns(np.array([1, 4]), rng.normal(size=2), rng.uniform(0.5, 2.0, 2))
    shapes = (
        (K, MEMBERS * UNITS),
        (MEMBERS * UNITS,),
        (MEMBERS * UNITS, 3),
        (2 * TAPS, MEMBERS * CHANNELS),
        (MEMBERS * CHANNELS,),
        (MEMBERS, CHANNELS),
        (MEMBERS * CHANNELS, 3),
    )
    return Networks(columns, *(rng.normal(size=shape) for shape in shapes))


def make_head(
    networks: Networks | None = None, weights: np.ndarray[tuple[int, int], np.dtype[np.float64]] | None = None
) -> Head:
    rng = np.random.default_rng(1)
    columns = Columns(np.array([0, 6]), np.array([0.5, -0.5]), np.array([2.0, 1.0]))
    return Head(
        Modality.FACE,
        FACE_STATISTICS,
        rng.normal(size=K),
        rng.uniform(0.5, 2.0, K),
        rng.normal(size=(K, 3)) if weights is None else weights,
        rng.normal(size=3),
        columns,
        rng.normal(size=(2, 3)),
        networks,
    )


def fill(recent: Recent, count: int, seed: int = 2) -> Recent:
    rng = np.random.default_rng(seed)
    for step in range(count):
        recent.push(step * STEP_NS, rng.normal(size=DIM).astype(np.float32))
    return recent


def test_recent_vectors_move_with_time_and_forget_what_is_six_seconds_old() -> None:
    recent = Recent(1)
    for step in (0, 1, 5):
        recent.push(step * STEP_NS + 7, np.array([step + 1.0], np.float32))
    assert np.flatnonzero(recent.known).tolist() == [STEPS - 6, STEPS - 5, STEPS - 1]
    assert recent.vectors[recent.known, 0].tolist() == [1.0, 2.0, 6.0]
    recent.push((5 + STEPS - 1) * STEP_NS, None)
    assert np.flatnonzero(recent.known).tolist() == [0]
    recent.push((5 + 3 * STEPS) * STEP_NS, None)
    assert not recent.known.any()


def test_of_two_vectors_in_one_tenth_of_a_second_the_newer_counts() -> None:
    recent = Recent(1)
    recent.push(10, np.array([1.0], np.float32))
    recent.push(20, np.array([2.0], np.float32))
    assert recent.vectors[-1, 0] == 2.0
    assert recent.known.sum() == 1


def test_a_cue_is_named_after_the_side_it_deviates_to() -> None:
    weights = np.zeros((K, 3))
    weights[0] = [-1.0, 1.0, 0.5]
    head = Head(
        Modality.FACE, FACE_STATISTICS, np.zeros(K), np.ones(K), weights, np.zeros(3), NO_COLUMNS, np.zeros((0, 3))
    )
    smile = np.eye(K)[0]
    sullen, glad = head.read(-2.0 * smile, Recent(DIM)), head.read(2.0 * smile, Recent(DIM))
    assert [(cue.name, cue.effect > 0) for cue in sullen.cues] == [("no_smile", True)]
    assert [(cue.name, cue.effect > 0) for cue in glad.cues] == [("smile", False)]
    assert (sullen.sentiment, glad.sentiment) == (-1.0, 1.0)
    assert (sullen.activation, glad.activation) == (-1.0, 1.0)


def test_an_effect_is_how_far_the_probability_moves_without_that_deviation() -> None:
    head, recent = make_head(make_networks()), fill(Recent(DIM), 30)
    statistics = np.random.default_rng(5).normal(size=K)
    whole = head.read(statistics, recent)
    assert whole.cues
    assert whole.sarcasm is not None
    for cue in whole.cues:
        index = next(i for i, s in enumerate(FACE_STATISTICS) if cue.name in (s.low, s.high))
        usual = statistics.copy()
        usual[index] = head.mean[index]
        without = head.read(usual, recent).sarcasm
        assert without is not None
        assert cue.effect == pytest.approx(whole.sarcasm - without)


def test_the_networks_say_what_their_members_say_on_average() -> None:
    networks, recent = make_networks(), fill(Recent(DIM), STEPS)
    deviations = np.random.default_rng(6).normal(size=(1, K))
    expected = np.zeros(3)
    standard = np.clip(
        (recent.vectors[:, networks.columns.at] - networks.columns.level) / networks.columns.spread, -3, 3
    )
    padded = np.concatenate([np.zeros((TAPS - 1, 2)), standard])
    for member in range(MEMBERS):
        units = slice(member * UNITS, (member + 1) * UNITS)
        hidden = np.maximum(deviations[0] @ networks.hidden[:, units] + networks.hidden_bias[units], 0)
        expected += hidden @ networks.hidden_out[units]
        channels = slice(member * CHANNELS, (member + 1) * CHANNELS)
        features = np.array(
            [
                np.maximum(
                    padded[t : t + TAPS].T.reshape(-1) @ networks.filters[:, channels] + networks.filter_bias[channels],
                    0,
                )
                for t in range(STEPS)
            ]
        )
        share = np.exp(features @ networks.attention[member])
        expected += share / share.sum() @ features @ networks.pooled_out[channels]
    added = networks.judge(deviations)[0] + networks.listen(recent.vectors, recent.known)
    np.testing.assert_allclose(added, expected)


def test_the_mean_is_over_what_was_heard() -> None:
    columns = Columns(np.array([1, 2]), np.array([1.0, 0.0]), np.array([2.0, 1.0]))
    vectors = np.array([[9, 9, 9], [9, 3, 1], [9, 5, 2], [9, 0, 0]], np.float32)
    known = np.array([False, True, True, True])
    np.testing.assert_allclose(columns.average(vectors, known), [1.5, 1.5])
    assert not columns.average(vectors, np.zeros(4, np.bool_)).any()


def test_without_vectors_the_convolution_says_nothing() -> None:
    recent = Recent(DIM)
    assert not make_networks().listen(recent.vectors, recent.known).any()


@pytest.mark.parametrize("networks", [None, make_networks()])
def test_a_head_is_the_same_after_its_file(tmp_path: Path, networks: Networks | None) -> None:
    head, recent, dims = make_head(networks), fill(Recent(DIM), 20), [f"dim{i}" for i in range(DIM)]
    head.save(tmp_path / "head.npz", dims)
    again = Head.read_file(tmp_path / "head.npz", Modality.FACE, FACE_STATISTICS, dims)
    statistics = np.random.default_rng(7).normal(size=K)
    assert again.read(statistics, recent).sarcasm == pytest.approx(head.read(statistics, recent).sarcasm, abs=1e-5)
    with pytest.raises(ValueError, match="other vectors"):
        Head.read_file(tmp_path / "head.npz", Modality.FACE, FACE_STATISTICS, dims[:-1])
    with pytest.raises(ValueError, match="other statistics"):
        Head.read_file(tmp_path / "head.npz", Modality.FACE, FACE_STATISTICS[:-1], dims)


def test_the_shipped_heads_fit_their_encoders_and_tell_all_three() -> None:
    voice = Head.load(Modality.VOICE, VOICE_STATISTICS, VOICE_DIMS)
    face = Head.load(Modality.FACE, FACE_STATISTICS, FACE_DIMS)
    for head, dim in ((voice, len(VOICE_DIMS)), (face, len(FACE_DIMS))):
        reading = head.read(head.mean, Recent(dim))
        assert reading.sarcasm is not None
        assert 0.0 < reading.sarcasm < 1.0
        assert reading.cues == ()
        assert reading.activation is not None

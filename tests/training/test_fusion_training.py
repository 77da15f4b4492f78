"""What trains f(), on made-up evidence in which the readings tell something and a moment of the voice tells more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("onnx", reason="needs the train extra")

import torch

from encoders.samples import Modality
from fusion.evidence import ORDER, STEPS, WORD_MARKS, WORDS, Evidence
from fusion.late import Late
from fusion.shipped import load
from training.fusion.byteformer import ByteFormer, ByteSchedule, BytesExamples, try_bytes
from training.fusion.examples import FRACTIONS, Examples
from training.fusion.export import LARGEST_DIFFERENCE, describe, export
from training.fusion.fit import MEMBERS, Fitted, Schedule, calibrate, deal, fit
from training.fusion.ladder import fit_rungs, hold, judge_all
from training.fusion.late import balance, fit_late, measure_reliability
from training.fusion.members import Linear, attend
from training.fusion.networks import JOINS
from training.fusion.raw_bytes import NOTHING, PICTURES, SIDE_PX, SOUND_BYTES, TEXT_BYTES, ClipBytes
from training.measures import auc

QUICK = Schedule(epochs=2)
SUBSETS = [frozenset(some) for count in range(4) for some in combinations(Modality, count)]


def made_up(clips: int, seed: int = 0, *, in_voice: float = 0.0, in_readings: float = 0.4) -> Examples:
    """Half sarcastic; by `in_readings` the heads lean the right way, by `in_voice` does the pitch of some steps."""
    rng = np.random.default_rng(seed)
    moments = len(FRACTIONS)
    sarcasm = rng.random(clips) < 0.5
    side = np.where(sarcasm, 1.0, -1.0)[:, None]
    times_s = np.stack([np.arange(WORDS) * 0.25 - 8, np.arange(WORDS) * 0.25 - 7.8], axis=1)
    marks = np.concatenate([times_s, np.zeros((WORDS, len(WORD_MARKS) - 2))], axis=1)
    everywhere = np.ones((clips, moments, 1))
    evidence = {
        "words": rng.normal(size=(clips, moments, WORDS, 24)),
        "word_marks": marks + 0.1 * rng.normal(size=(clips, moments, WORDS, len(WORD_MARKS))),
        "word_mask": (np.arange(WORDS) < 9) * everywhere,
        "voice": rng.normal(size=(clips, moments, STEPS, 42)),
        "voice_mask": (np.arange(STEPS) > 40) * everywhere,
        "face": rng.normal(size=(clips, moments, STEPS, 65)),
        "face_mask": (np.arange(STEPS) > 40) * everywhere,
        "readings": rng.normal(size=(clips, moments, 3, 3)),
        "presence": rng.uniform(0.3, 1.0, size=(clips, moments, 3)),
    }
    evidence["readings"][..., 0] += in_readings * side[..., None]
    evidence["voice"][..., 60:70, 0] += in_voice * side[..., None]
    people = np.array([f"person {number // 4}" for number in range(clips)])
    return Examples(
        {name: array.astype(np.float32) for name, array in evidence.items()},
        np.array([f"clip {number}" for number in range(clips)]),
        np.full(clips, "SHOW"),
        people,
        sarcasm,
        rng.uniform(-1, 1, clips),
        np.full(clips, np.nan),
    )


@pytest.fixture(scope="module")
def examples() -> Examples:
    return made_up(48)


@pytest.fixture(scope="module", params=["late", *JOINS])
def fitted(request: pytest.FixtureRequest, examples: Examples) -> Fitted:
    each = fit(request.param, examples, QUICK)
    if each.network is not None:  # two epochs of a few clips may leave no correction at all: give it one
        with torch.no_grad():
            for name, weight in each.network.join.named_parameters():
                if name == "say.weight":
                    torch.nn.init.normal_(weight, std=0.3)
    return each


@pytest.fixture(scope="module")
def ask(fitted: Fitted, examples: Examples, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[float]]:
    folder = tmp_path_factory.mktemp(fitted.name)
    assert export(fitted, examples, folder, f"{fitted.name}-test") <= LARGEST_DIFFERENCE
    function = load(folder).function

    def asked(evidence: Sequence[Evidence]) -> list[float]:
        return [float(odds) for odds in function.log_odds(evidence)]

    return asked


def test_a_layer_of_members_is_as_many_layers() -> None:
    layer, x = Linear(3, 4, 2), torch.randn(3, 5, 7, 4)
    apart = [x[i] @ layer.weight[i] + layer.bias[i] for i in range(3)]
    torch.testing.assert_close(layer(x), torch.stack(apart))
    torch.testing.assert_close(layer(x[:1])[2], x[0] @ layer.weight[2] + layer.bias[2])


def test_attention_sees_nothing_that_is_masked_and_nothing_at_all_where_all_is() -> None:
    mask = torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    weights = attend(torch.tensor([[0.0, 9.0, 0.0], [1.0, 2.0, 3.0]]), mask)
    torch.testing.assert_close(weights, torch.tensor([[0.5, 0.0, 0.5], [0.0, 0.0, 0.0]]))


def test_every_subset_of_modalities_is_answered(ask: Callable[..., list[float]], examples: Examples) -> None:
    whole = examples.at(1.0)[0]
    answers = [ask([whole.without(*(set(Modality) - subset))])[0] for subset in SUBSETS]
    assert np.isfinite(answers).all()
    assert len(set(answers)) == len(SUBSETS)


def test_a_batch_is_answered_like_each_by_itself(ask: Callable[..., list[float]], examples: Examples) -> None:
    whole, other = examples.at(1.0)[:2]
    batch = [whole, *(whole.without(modality) for modality in Modality), replace(whole, word_marks=other.word_marks)]
    assert ask(batch) == pytest.approx([ask([each])[0] for each in batch], abs=1e-5)
    assert ask([whole, other]) == pytest.approx([ask([whole])[0], ask([other])[0]], abs=1e-5)


@pytest.mark.parametrize("missing", list(Modality))
def test_nothing_is_read_of_a_modality_that_is_missing(
    ask: Callable[..., list[float]], examples: Examples, missing: Modality
) -> None:
    one, other = (each.without(missing) for each in examples.at(1.0)[:2])
    names = {Modality.TEXT: ("words", "word_marks", "word_mask")}
    taken = names.get(missing, (missing.value, f"{missing.value}_mask"))
    assert ask([one]) == pytest.approx(ask([replace(one, **{name: getattr(other, name) for name in taken})]), abs=1e-5)


def test_the_trained_late_average_is_the_one_that_runs(examples: Examples) -> None:
    fitted = fit("late", examples, QUICK)
    odds = np.log(fitted.probability(examples)[:, -1] / (1 - fitted.probability(examples)[:, -1]))
    assert Late(describe(fitted)).log_odds(examples.at(1.0)) == pytest.approx(odds, abs=1e-4)


def test_heads_that_tell_get_weight_and_one_that_misleads_gets_none() -> None:
    examples = made_up(200)
    examples.evidence["readings"][:, :, ORDER.index(Modality.FACE), 0] *= -1.0
    everyone = np.ones(len(examples), bool)
    text, voice, face, _, _ = fit_late(examples, balance(examples.sarcasm, everyone), measure_reliability(examples))
    assert min(text, voice) > 0.3
    assert face == 0


def test_a_network_finds_what_no_head_tells() -> None:
    training, test = (made_up(160, seed, in_voice=1.5, in_readings=0.1) for seed in (0, 1))
    network, late = (fit(name, training, Schedule(epochs=15)) for name in ("concat", "late"))
    found, known = (auc(test.sarcasm, each.probability(test)[:, -1]) for each in (network, late))
    assert network.epochs > 0
    assert found > known + 0.05


def test_people_stay_together_and_every_member_leaves_some_out() -> None:
    people = np.array([f"person {number % 17}" for number in range(100)])
    folds = deal(people)
    assert all(len(np.unique(folds[people == person])) == 1 for person in np.unique(people))
    assert set(folds.tolist()) == set(range(MEMBERS))


def test_both_classes_weigh_the_same() -> None:
    sarcasm = np.array([True] * 3 + [False] * 9)
    weight = balance(sarcasm, np.ones(12, bool))
    assert weight[sarcasm].sum() == pytest.approx(weight[~sarcasm].sum())
    assert weight.sum() == pytest.approx(12)


def test_calibration_finds_how_far_the_odds_are_exaggerated() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(size=(4000, 1)) * 1.5
    sarcasm = rng.random(4000) < 1 / (1 + np.exp(-honest[:, 0]))
    found = calibrate(2.0 * honest + 0.5, sarcasm)
    assert found.slope == pytest.approx(0.5, abs=0.05)
    assert found.offset == pytest.approx(-0.25, abs=0.1)


def test_the_ladder_holds_every_f_and_each_modality_alone(examples: Examples) -> None:
    fitted = fit_rungs("SHOW", examples, Schedule(epochs=1), rungs=("late", "gated"))
    rungs = judge_all([hold(fitted, made_up(160, seed=2), None)])
    assert [rung.name for rung in rungs] == ["late", "gated", "face alone", "voice alone", "text alone"]
    text = rungs[-1]
    assert text.beyond_text.value == 0
    assert text.detection.auc is not None
    assert 0.5 < text.detection.auc.value < 1


def test_bytes_are_learnt_from_and_what_is_not_there_says_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sizes = (TEXT_BYTES, SOUND_BYTES, PICTURES * SIDE_PX**2)
    clips = [
        ClipBytes(*(rng.integers(0, 256, (len(FRACTIONS), size)).astype(np.int16) for size in sizes)) for _ in range(10)
    ]
    media = {
        name: torch.from_numpy(np.stack([getattr(clip, name) for clip in clips]))
        for name in ("text", "sound", "picture")
    }
    examples = BytesExamples(media, np.arange(10) % 2 == 0, np.array([f"person {i // 2}" for i in range(10)]))
    said = try_bytes(examples, examples, ByteSchedule(epochs=1), tmp_path)
    assert said.odds.shape == (MEMBERS, 10)
    again = try_bytes(examples, examples, ByteSchedule(epochs=1), tmp_path)
    assert np.array_equal(said.odds, again.odds)
    former = ByteFormer()
    assert former.byte(torch.tensor([NOTHING])).abs().sum() == 0

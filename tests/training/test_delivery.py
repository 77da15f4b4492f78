"""The training of face and voice: lines, networks and heads, on tiny made-up clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("scipy", reason="the training extra is not installed")

from encoders.head import ACTIVATION, SARCASM, SENTIMENT, Columns, Statistic
from encoders.recent import STEPS, Recent
from encoders.samples import NS_PER_S, Modality
from training.clips.corpora import Clip
from training.clips.observation import Course, Observation
from training.delivery.card import write_section
from training.delivery.heads import Recipe, score_rows, train_head
from training.delivery.held_out import HeldOutHeads
from training.delivery.lines import PENALTIES, Problem, calibrate, choose_line, fit_line, split_clips, split_people
from training.delivery.networks import Member, Task, stack_members, train_members, unfold
from training.delivery.rows import Rows, gather_rows
from training.delivery.scores import answer_held_out, assign_parts, compare_within
from training.parts import Part

STATISTICS = (Statistic("pitch_range", "flat_pitch", "wide_pitch"), Statistic("other", "low", "high"))
RECIPE = Recipe(Modality.VOICE, STATISTICS, ("one", "two", "three"), ("three",), ("one", "two"))
UNSIGNED = np.zeros(2, np.intp)


def make_rows(seed: int, effect: float, clips: int = 60) -> Rows:
    """Clips of ten speakers; the first statistic falls by `effect` with sarcasm, and rises with valence and arousal."""
    rng = np.random.default_rng(seed)
    sarcasm = rng.random(clips) < 0.5
    values = rng.normal(size=(clips, 2))
    values[:, 0] -= effect * sarcasm
    speakers = np.array([f"s{i % 10}" for i in range(clips)])
    rating = np.clip(0.3 * values[:, 0] + rng.normal(0, 0.1, clips), -1, 1)
    return Rows(
        values,
        rng.normal(size=(clips, STEPS, 3)).astype(np.float32),
        np.ones((clips, STEPS), np.bool_),
        np.ones(clips),
        sarcasm.astype(np.float64),
        rating,
        rating,
        np.array([f"clip{i}" for i in range(clips)]),
        speakers,
        speakers,
    )


def problem_of(rows: Rows) -> Problem:
    speaker = np.unique(rows.speaker, return_inverse=True)[1].astype(np.intp)
    return Problem(rows.sarcasm, rows.weight, speaker, split_people(rows.person), logistic=True)


def test_a_head_learns_that_flat_pitch_marks_sarcasm() -> None:
    rows = make_rows(0, 2.0)
    head = train_head(rows, RECIPE)
    flat, lively = head.read(np.array([-3.0, 0.0]), Recent(3)), head.read(np.array([1.0, 0.0]), Recent(3))
    assert flat.sarcasm is not None
    assert lively.sarcasm is not None
    assert flat.sarcasm > 0.55 > 0.45 > lively.sarcasm
    assert flat.sentiment is not None
    assert lively.sentiment is not None
    assert flat.sentiment < 0 < lively.sentiment
    assert flat.activation is not None
    assert lively.activation is not None
    assert flat.activation < lively.activation
    assert flat.cues[0].name == "flat_pitch"


def test_data_that_contradicts_the_literature_gets_no_weight() -> None:
    assert train_head(make_rows(0, -2.0), replace(RECIPE, signed=True)).weights[0, SARCASM] == 0.0


def test_held_out_people_may_overrule_the_literature() -> None:
    assert train_head(make_rows(0, -2.0), RECIPE).weights[0, SARCASM] > 0.02


def test_the_sound_has_a_line_of_its_own() -> None:
    rows = make_rows(1, 0.0, clips=200)
    vectors = rows.vectors.copy()
    vectors[:, :, 2] = (2.0 * rows.sarcasm + np.random.default_rng(2).normal(size=200))[:, None]
    head = train_head(replace(rows, vectors=vectors), RECIPE)
    assert head.column_weights[0, SARCASM] > 0.5
    silent = replace(rows, vectors=vectors, known=np.zeros_like(rows.known))
    assert np.ptp(score_rows(head, silent)[:, SARCASM] - head.standardise(rows.statistics) @ head.weights[:, 0]) < 1e-9


def test_rows_are_scored_as_the_head_reads_them_live() -> None:
    rows = make_rows(3, 2.0)
    head = train_head(rows, replace(RECIPE, networks=1))
    recent = Recent(3)
    for step in range(STEPS):
        recent.push(step * NS_PER_S // 10, rows.vectors[7, step])
    probability = 1 / (1 + np.exp(-score_rows(head, rows)[7, SARCASM]))
    assert head.read(rows.statistics[7], recent).sarcasm == pytest.approx(probability)


def test_both_classes_count_the_same() -> None:
    rows = make_rows(6, 1.0, clips=120)
    few = rows.where((rows.sarcasm == 0) | (np.arange(120) % 4 == 0))
    head = train_head(few, RECIPE)
    assert few.sarcasm.mean() < 0.3
    log_odds = score_rows(head, few)[:, SARCASM]
    middle = (log_odds[few.sarcasm == 0].mean() + log_odds[few.sarcasm == 1].mean()) / 2
    assert middle == pytest.approx(0.0, abs=0.25)


def test_clips_without_any_label_of_a_kind_leave_its_output_at_rest() -> None:
    rows = make_rows(0, 2.0)
    unrated = np.full(len(rows), np.nan)
    head = train_head(replace(rows, valence=unrated, arousal=unrated), RECIPE)
    assert not head.weights[:, [SENTIMENT, ACTIVATION]].any()
    assert head.weights[:, SARCASM].any()


def test_scores_without_signal_calibrate_to_the_base_rate() -> None:
    truth = (np.arange(100) % 4 == 0).astype(float)
    problem = Problem(truth, np.ones(100), np.zeros(100, np.intp), np.zeros(100, np.intp), logistic=True)
    factors, offset = calibrate(-truth[:, None], problem, np.ones(1))
    assert factors[0] == 0.0
    assert 1 / (1 + np.exp(-offset)) == pytest.approx(0.25, abs=0.01)


def test_a_few_clips_do_not_silence_what_is_expected() -> None:
    rng = np.random.default_rng(3)
    truth, score = (rng.random(40) < 0.5).astype(float), rng.normal(size=(40, 1))
    problem = Problem(truth, np.ones(40), np.zeros(40, np.intp), np.zeros(40, np.intp), logistic=True)
    few, _ = calibrate(score, problem, np.ones(1))
    assert 0.3 < few[0] < 1.3
    nobody = np.zeros(2000, np.intp)
    many = Problem(np.repeat(truth, 50), np.ones(2000), nobody, nobody, logistic=True)
    sure, _ = calibrate(np.repeat(score, 50, axis=0), many, np.ones(1))
    assert sure[0] < few[0] - 0.2


def test_activation_may_be_a_statistic_itself() -> None:
    rows = make_rows(0, 2.0)
    head = train_head(rows, replace(RECIPE, activation="other"))
    assert head.read(head.mean, Recent(3)).activation == 0.0
    assert head.read(head.mean + [0.0, 3.0] * head.scale, Recent(3)).activation == pytest.approx(1.0)


def test_the_penalty_shrinks_the_weights() -> None:
    rows = make_rows(0, 2.0)
    nobody = replace(problem_of(rows), speaker=np.zeros(60, np.intp))
    weak, strong = (fit_line(rows.statistics, nobody, UNSIGNED, penalty) for penalty in (0.01, 10.0))
    assert np.abs(strong.weights).sum() < 0.1 * np.abs(weak.weights).sum()


def test_columns_of_noise_get_a_penalty_of_their_own() -> None:
    rows = make_rows(0, 2.0, clips=100)
    noise = np.random.default_rng(1).normal(size=(100, 30))
    values = np.concatenate([rows.statistics[:, :1], noise], axis=1)
    groups = np.repeat([0, 1], [1, 30])
    line, _ = choose_line(values, problem_of(rows), [np.zeros(31, np.intp)], groups, [PENALTIES] * 2)
    assert abs(line.weights[0]) > 5 * np.abs(line.weights[1:]).max()


def test_who_speaks_explains_no_weight() -> None:
    """Two speakers differ in the statistic and in how sarcastic they are; a speaker's own statistic is constant."""
    speaker = np.repeat([0, 1], 30).astype(np.intp)
    target = np.tile(np.arange(30) < 25, 2).astype(float)
    target[30:] = 1.0 - target[30:]
    values = speaker[:, None].astype(float)
    aware = Problem(target, np.ones(60), speaker, speaker, logistic=True)
    blind = replace(aware, speaker=np.zeros(60, np.intp))
    unsigned = np.zeros(1, np.intp)
    known, unknown = (fit_line(values, problem, unsigned, 0.1).weights[0] for problem in (aware, blind))
    assert abs(known) < 0.5 * abs(unknown)


def test_a_person_is_in_one_fold_only() -> None:
    people = np.array(list("aabbbcddef"))
    folds = split_people(people)
    assert all(len(set(folds[people == person].tolist())) == 1 for person in set(people.tolist()))
    assert len(set(folds.tolist())) == 5


def test_clips_of_one_person_are_parted_all_the_same() -> None:
    folds = split_clips(np.array(["me"] * 6), np.array(list("aabbcd")))
    assert folds[0] == folds[1] != folds[2] == folds[3]
    with pytest.raises(ValueError, match="two clips"):
        split_clips(np.array(["me"] * 2), np.array(["a", "a"]))


def test_networks_say_in_numpy_what_their_members_say_in_torch() -> None:
    import torch

    torch.manual_seed(0)
    members = [Member(2, 3).eval() for _ in range(2)]
    for member in members:
        for weights in member.parameters():
            torch.nn.init.normal_(weights)
    rng = np.random.default_rng(0)
    deviations, windows = rng.normal(size=(4, 2)), rng.normal(size=(4, STEPS, 3))
    known = rng.random((4, STEPS)) < 0.7
    windows *= known[..., None]
    columns = Columns(np.arange(3), np.zeros(3), np.ones(3))
    networks = stack_members(members, columns)
    with torch.no_grad():
        inputs = (torch.from_numpy(deviations).float(), unfold(windows), torch.from_numpy(known))
        expected = np.mean([member(*inputs).numpy() for member in members], axis=0)
    windows = windows.clip(-3, 3)
    with torch.no_grad():
        inputs = (torch.from_numpy(deviations).float(), unfold(windows), torch.from_numpy(known))
        expected = np.mean([member(*inputs).numpy() for member in members], axis=0)
    listened = [networks.listen(window.astype(np.float32), row) for window, row in zip(windows, known, strict=True)]
    np.testing.assert_allclose(networks.judge(deviations) + listened, expected, rtol=1e-3, atol=1e-4)


def make_task(windows: NDArray[np.float64], rows: Rows) -> Task:
    problem = problem_of(rows)
    rated = replace(problem, target=rows.arousal, logistic=False)
    base = np.zeros((len(rows), 3))
    return Task(np.zeros((len(rows), 2)), windows, rows.known, base, (problem, rated, rated))


def test_networks_find_a_movement_that_no_statistic_tells() -> None:
    """A rise then a fall, somewhere, is sarcastic; a fall then a rise is not: both have the same mean and spread."""
    rng = np.random.default_rng(4)
    rows = make_rows(4, 0.0, clips=300)
    windows = 0.3 * rng.normal(size=(300, STEPS, 2))
    for window, sarcastic in zip(windows, rows.sarcasm, strict=True):
        at = rng.integers(5, STEPS - 5)
        window[at : at + 2, 0] += 3.0 if sarcastic else -3.0
        window[at + 2 : at + 4, 0] -= 3.0 if sarcastic else -3.0
    columns = Columns(np.arange(2), np.zeros(2), np.ones(2))
    _, answers = train_members(make_task(windows, rows), columns, 2)
    told = np.abs(answers[:, SARCASM]) > 0
    right = (answers[told, SARCASM] > 0) == (rows.sarcasm[told] == 1)
    assert told.mean() > 0.35  # two of five folds are held out from somebody
    assert right.mean() > 0.8


def course(rng: np.random.Generator, hops: int, told_from: int) -> Course:
    starts = np.arange(hops) * 100_000_000
    statistics = rng.normal(size=(hops, 12))
    statistics[:told_from] = np.nan
    vectors = rng.normal(size=(hops, 42)).astype(np.float32)
    return Course(np.stack([starts, starts + 100_000_000], axis=1), vectors, np.ones(hops), statistics)


def observe_made_up(clips: list[Clip]) -> dict[str, Observation]:
    rng = np.random.default_rng(0)
    face = Course(np.zeros((0, 2), np.int64), np.zeros((0, 65), np.float32), np.zeros(0), np.zeros((0, 15)))
    seen = Course(
        np.stack([np.arange(20), np.arange(1, 21)], axis=1) * 80_000_000,
        rng.normal(size=(20, 65)).astype(np.float32),
        np.ones(20),
        rng.normal(size=(20, 15)),
    )
    return {
        clip.key: Observation(clip.key, course(rng, 23, 10), face if n % 4 == 0 else seen, (), 0, 2_300_000_000)
        for n, clip in enumerate(clips)
    }


def make_clips() -> list[Clip]:
    shows = ("FRIENDS", "BBT", "GOLDENGIRLS", "VARIOUS")
    return [
        Clip(f"{show}{n}", "mustard", Path("x"), show, f"p{n % 5}" if show != "VARIOUS" else "", n % 2 == 0, 0.1, 0.2)
        for show in shows
        for n in range(10)
    ]


def test_a_row_each_half_second_back_from_the_end() -> None:
    clips = make_clips()[:1]
    observations = observe_made_up(clips)
    rows = gather_rows(clips, observations, Modality.VOICE)
    voice = observations[clips[0].key].voice
    np.testing.assert_array_equal(rows.statistics, voice.statistics[[12, 17, 22]])
    assert rows.weight.sum() == pytest.approx(1.0)
    assert rows.last.tolist() == [False, False, True]
    np.testing.assert_array_equal(rows.vectors[-1, -23:], voice.vectors)
    assert rows.known[-1].sum() == 23
    assert rows.known[0].sum() == 13


def test_nobody_is_read_by_a_head_that_knows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.delivery import held_out

    trained: list[set[str]] = []

    def remember(rows: Rows, recipe: Recipe) -> object:
        trained.append(set(rows.key.tolist()))
        return train_head(rows, recipe)

    monkeypatch.setattr(held_out, "train_head", remember)
    clips = make_clips()
    heads = HeldOutHeads(clips, observe_made_up(clips), tmp_path)
    chosen = heads.of(Part.FRIENDS)
    assert not any(key.startswith("FRIENDS") for keys in trained for key in keys)
    for clip in clips:
        read_by_test = chosen.reading(clip.key) is chosen.test
        assert read_by_test == (clip.show == "FRIENDS")
        if not read_by_test:
            of_person = {other.key for other in clips if other.person == clip.person}
            fold = chosen.folds[clip.key]
            assert of_person.isdisjoint(trained[2 * (fold + 1)])
    count = len(trained)
    again = HeldOutHeads(clips, observe_made_up(clips), tmp_path).of(Part.FRIENDS)
    assert len(trained) == count
    np.testing.assert_array_equal(again.test.voice.weights, chosen.test.voice.weights)


def test_held_out_answers_come_from_the_other_parts() -> None:
    rows = make_rows(5, 2.0)
    parts = assign_parts(rows, {key: ("A" if n % 2 else "B") for n, key in enumerate(rows.key.tolist())})
    outcome = answer_held_out(rows, parts, parts, RECIPE)
    flipped = rows.sarcasm.copy()
    flipped[parts == "A"] = 1.0 - flipped[parts == "A"]
    other = answer_held_out(replace(rows, sarcasm=flipped), parts, parts, RECIPE)
    np.testing.assert_array_equal(outcome.answers[parts == "A"], other.answers[parts == "A"])
    assert (outcome.answers[parts == "B"] != other.answers[parts == "B"]).any()
    assert compare_within(outcome, outcome).value == 0.0


def test_without_parts_people_are_left_out() -> None:
    rows = make_rows(5, 2.0)
    parts = assign_parts(rows, {})
    assert len(set(parts.tolist())) == 5
    assert (parts != "").all()


def test_only_the_own_section_of_the_card_is_replaced(tmp_path: Path) -> None:
    card = tmp_path / "model-card.md"
    write_section(card, "one")
    card.write_text(card.read_text() + "\n## Text\n")
    write_section(card, "two")
    write_section(card, "three", "expression")
    text = card.read_text()
    assert text.startswith("# Model card\n\n<!-- delivery:begin -->\ntwo\n<!-- delivery:end -->\n\n## Text\n")
    assert text.endswith("\n<!-- expression:begin -->\nthree\n<!-- expression:end -->\n")

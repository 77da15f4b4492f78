"""Which text model may read a line while a part is held out."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("onnx", reason="the training extra is not installed")

from training.parts import Part, part_of
from training.text.corpora import Line, normalise
from training.text.folds import all_folds, fold_without, halves_without, model_folder, readers, write_readers
from training.text.published_folds import read_mustard_folds
from training.text.recipe import Corpora

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "text"
SHOWS = ("FRIENDS", "BBT", "GOLDENGIRLS", "SV")


@pytest.fixture(scope="module")
def corpora() -> Corpora:
    """400 lines, scenes of four, and a short line that every show says."""
    lines = [
        Line(
            f"a line that only number {n} says",
            (f"a turn that opens scene number {n // 4}",),
            sarcastic=bool(n % 2),
            show=SHOWS[n // 4 % 4],
            key=str(n),
        )
        for n in range(400)
    ]
    lines += [Line("Yeah.", sarcastic=False, show=show, key=f"yeah-{show}") for show in SHOWS]
    return Corpora([], [], [], mustard=lines[:200], mustard_plus_plus=lines)


@pytest.mark.parametrize("part", Part)
def test_nothing_of_a_held_out_part_is_learnt_or_chosen_by(corpora: Corpora, part: Part) -> None:
    held_out = {normalise(line.text) for line in corpora.mustard_plus_plus if part_of(line.show) is part}
    for fold in (fold_without(corpora, part), *halves_without(corpora, part)):
        assert fold.learnt
        assert fold.validation
        for line in fold.learnt + fold.validation:
            assert part_of(line.show) is not part
            assert normalise(line.text) not in held_out


@pytest.mark.parametrize("part", Part)
def test_a_training_line_is_read_by_a_model_that_knows_neither_it_nor_its_scene(corpora: Corpora, part: Part) -> None:
    halves = {fold.name: fold.learnt + fold.validation for fold in halves_without(corpora, part)}
    readers_of = readers(corpora, part)
    assert set(readers_of.values()) == set(halves)
    for line in corpora.mustard_plus_plus:
        if part_of(line.show) is part or line.text == "Yeah.":
            continue
        known = halves[readers_of[normalise(line.text)]]
        assert line.text not in {one.text for one in known}
        assert line.context not in {one.context for one in known}


def test_lines_of_the_part_and_strangers_are_read_by_the_whole_model(corpora: Corpora, tmp_path: Path) -> None:
    write_readers(corpora, tmp_path)
    friend, bbt = corpora.mustard_plus_plus[0], corpora.mustard_plus_plus[4]
    assert model_folder(Part.FRIENDS, friend.text, tmp_path).name == "without-FRIENDS"
    assert model_folder(Part.FRIENDS, "never said anywhere", tmp_path).name == "without-FRIENDS"
    assert model_folder(Part.FRIENDS, "", tmp_path).name == "without-FRIENDS"
    assert model_folder(Part.FRIENDS, bbt.text.upper() + "!", tmp_path).name in {
        "without-FRIENDS-a",
        "without-FRIENDS-b",
    }
    assert model_folder(Part.BBT, bbt.text, tmp_path).name == "without-BBT"


def test_there_are_nine_models(corpora: Corpora) -> None:
    names = [fold.name for fold in all_folds(corpora)]
    assert len(set(names)) == len(names) == 9
    assert names[0] == "without-FRIENDS"


@pytest.mark.skipif(not DATA.is_dir(), reason="the corpora are not part of the repository (../shared/data)")
def test_every_line_is_tested_in_one_published_fold_and_learnt_in_the_other_four() -> None:
    folds = read_mustard_folds(DATA)
    assert sorted(row for _, tested in folds for row in tested) == list(range(690))
    assert all(not set(learnt) & set(tested) and len(learnt) + len(tested) == 690 for learnt, tested in folds)


def test_a_pickle_that_would_run_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mustard_folds.p").write_bytes(pickle.dumps([print]))
    with pytest.raises(pickle.UnpicklingError, match="print"):
        read_mustard_folds(tmp_path)
